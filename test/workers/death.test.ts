import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { core, flag, raised, workers } from '../support/built-workers.ts'
import { until } from '../support/until.ts'

const { gather, gatherSettled, InvalidStateError } = core
const { gatherSync, WorkerLostError, WorkerPool } = workers

const folder = new URL('../fixtures/workers/death/', import.meta.url)
const entry = new URL('entry.mjs', folder)

// biome-ignore lint/suspicious/noExplicitAny: the module of the bodies is plain JavaScript.
type Bodies = Record<string, (...args: any[]) => any>
type Pool = InstanceType<typeof WorkerPool<Bodies>>
type Options = ConstructorParameters<typeof WorkerPool>[1]

const pools: Pool[] = []

function open(module: URL | string | (() => Worker), options: Options = {}): Pool {
  const pool = new WorkerPool<Bodies>(module, { threads: 1, name: 'crew', ...options })
  pools.push(pool)
  return pool
}

const openTasks = (options?: Options): Pool => open(new URL('tasks.mjs', folder), options)

afterEach(async () => {
  await Promise.all(pools.map((pool) => pool.terminate()))
  const left = pools.splice(0).map(({ running, queued, threads }) => ({ running, queued, threads }))
  expect(left).toEqual(left.map(() => ({ running: 0, queued: 0, threads: 0 })))
})

/** Gives what a future fails with: of its own kind, to be compared field by field. */
async function lossOf(
  future: PromiseLike<unknown> | undefined,
): Promise<InstanceType<typeof WorkerLostError>> {
  const error = await Promise.resolve(future).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(WorkerLostError)
  return error as InstanceType<typeof WorkerLostError>
}

function causeOf(error: Error): string {
  return String(error.cause)
}

const now = (): number => performance.timeOrigin + performance.now()

const small = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 4 }
const ways = [
  { way: 'exits', body: 'exit', exitCode: 3, cause: 'undefined' },
  { way: 'throws', body: 'throwLater', exitCode: 1, cause: 'RangeError: nobody caught this' },
  { way: 'rejects', body: 'rejectLater', exitCode: 1, cause: 'RangeError: nobody caught this' },
] as const

describe('a thread that dies', () => {
  it.each(ways)('R25 rejects what it ran when it $way', async ({ body, exitCode, cause }) => {
    const pool = openTasks()
    const future = pool.tasks[body]?.()

    const error = await lossOf(future)

    expect(error.exitCode).toBe(exitCode)
    expect(causeOf(error)).toBe(cause)
    const reason = cause === 'undefined' ? '' : ': nobody caught this'
    expect(error.message).toBe(
      `The thread that ran the task "${body}" has ended with exit code ${exitCode}${reason}`,
    )
    expect(await pool.tasks.double?.(21)).toBe(42)
  })

  it.each(ways)(
    'R25 is noticed within a second by a thread that is blocked, when it $way',
    ({ body, exitCode, cause }) => {
      const pool = openTasks({ threads: 2 })
      const { tasks } = pool
      gatherSync([tasks.double?.(1), tasks.double?.(2)])
      const died = new Float64Array(new SharedArrayBuffer(8))
      const future = tasks[body]?.(died)

      let error: unknown
      try {
        gatherSync([future])
      } catch (thrown) {
        error = thrown
      }

      expect(now() - (died[0] as number)).toBeLessThan(1000)
      expect(error).toBeInstanceOf(WorkerLostError)
      expect((error as { exitCode?: number }).exitCode).toBe(exitCode)
      expect(causeOf(error as Error)).toBe(cause)
      expect(gatherSync([tasks.double?.(21)])).toEqual([42])
    },
  )

  it('R25 rejects what it ran when it runs out of memory, also while this thread is blocked', async () => {
    const pool = openTasks({ resourceLimits: small })

    const error = await lossOf(pool.tasks.fillMemory?.())
    const died = new Float64Array(new SharedArrayBuffer(8))
    expect(() => gatherSync([pool.tasks.fillMemory?.(died)])).toThrow(WorkerLostError)

    expect(now() - (died[0] as number)).toBeLessThan(1000)
    expect(error.exitCode).toBe(1)
    expect((error.cause as { code?: string }).code).toBe('ERR_WORKER_OUT_OF_MEMORY')
    expect(await pool.tasks.double?.(21)).toBe(42)
  })

  it('names what it has died of, and not what it had survived', async () => {
    const error = await lossOf(openTasks().tasks.surviveThenExit?.())

    expect([error.exitCode, causeOf(error)]).toEqual([4, 'undefined'])
  })

  it.each(['awaited', 'collected by blocking'])(
    'R25 costs no other call, and none is run twice: %s',
    async (how) => {
      const { tasks } = openTasks({ threads: 2 })
      const counters = new Int32Array(new SharedArrayBuffer(4 * 60))
      const futures = Array.from({ length: 60 }, (_, i) =>
        i % 20 === 7 ? tasks.exit?.() : tasks.count?.(counters, i),
      )

      const all = gatherSettled(futures)
      const outcomes = how === 'awaited' ? await all : gatherSync([all])[0]

      const seen = outcomes.map((outcome) =>
        outcome.status === 'fulfilled' ? (outcome.value as { index: number }).index : 'lost',
      )
      const expected = (i: number): number | string => (i % 20 === 7 ? 'lost' : i)
      expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => expected(i)))
      expect([...counters]).toEqual(Array.from({ length: 60 }, (_, i) => (i % 20 === 7 ? 0 : 1)))
    },
  )

  it('R25 lets a call be tried again that asks for it, on the thread that takes over', async () => {
    const pool = openTasks()
    const runs = flag()

    expect(await pool.tasks.exitOnce?.with({ retry: { retries: 1, delay: 0 } })(runs)).toBe(2)
  })

  it('R25 is replaced when it had nothing to do', async () => {
    const pool = openTasks()
    const first = await pool.tasks.thread?.()
    const lost = pool.tasks.exit?.()
    await lossOf(lost)

    const second = await pool.tasks.thread?.()

    expect(second).not.toBe(first)
    expect(pool.threads).toBe(1)
  })
})

describe('a module that does not load', () => {
  const loads = [
    ['throws', 'throw new TypeError("no good")', 'TypeError: no good', 'load its module'],
    ['is no module', 'this is none', /^SyntaxError: /, 'load its module'],
    [
      'loops for ever',
      'for (;;);',
      'Error: The module had not finished loading after 200 ms',
      'load its module',
    ],
    [
      'waits for ever',
      'setInterval(() => {}, 1000); await new Promise(() => {})',
      'Error: The module had not finished loading after 200 ms',
      'load its module',
    ],
    [
      'waits for what nothing can bring',
      'await new Promise(() => {})',
      'Error: The thread has ended with exit code 0 before its module had loaded',
      'start a thread',
    ],
    [
      'exits',
      'process.exit(6)',
      'Error: The thread has ended with exit code 6 before its module had loaded',
      'start a thread',
    ],
  ] as const

  it.each(loads)('R25 fails every call when it %s', async (_how, source, cause, what) => {
    const loadTimeout = cause.toString().includes('200') ? 200 : 20_000
    const pool = open(`data:text/javascript,${encodeURIComponent(source)}`, {
      threads: 2,
      loadTimeout,
    })
    const before = Array.from({ length: 5 }, () => pool.tasks.anything?.({}))

    const errors = await Promise.all(before.map(lossOf))
    errors.push(await lossOf(pool.tasks.anything?.(1)))

    for (const error of errors) {
      expect(error.message).toContain(`The pool "crew" could not ${what}`)
      expect(causeOf(error)).toMatch(cause)
    }
    expect(() => gatherSync([pool.tasks.anything?.(1)])).toThrow(`could not ${what}`)
    await until(() => pool.threads === 0)
  })

  it.each(loads)(
    'R25 does not let a blocked thread hang when it %s',
    (_how, source, cause, what) => {
      const loadTimeout = cause.toString().includes('200') ? 200 : 20_000
      const pool = open(`data:text/javascript,${encodeURIComponent(source)}`, { loadTimeout })
      const { anything } = pool.tasks

      expect(() => gatherSync([anything?.(1), anything?.({})])).toThrow(`could not ${what}`)
    },
  )

  it('R25 fails every call when it is missing', async () => {
    const pool = open(new URL('missing.mjs', folder))

    const error = await lossOf(pool.tasks.anything?.())

    expect((error.cause as { code?: string }).code).toBe('ERR_MODULE_NOT_FOUND')
  })
})

describe('a worker that an application makes', () => {
  it('R25 fails every call when it cannot be made', async () => {
    const pool = open(() => {
      throw new Error('no room')
    })

    const error = await lossOf(pool.tasks.double?.(1))

    expect(error.message).toBe('The pool "crew" could not start a thread: no room')
    expect(causeOf(error)).toBe('Error: no room')
    expect(pool.threads).toBe(0)
  })

  it('R25 fails every call when it is none', async () => {
    const error = await lossOf(open(() => ({}) as Worker).tasks.double?.(1))

    expect(error.cause).toBeInstanceOf(TypeError)
  })

  it('R25 fails every call when it never answers, as one of another version', async () => {
    const silent = new URL('data:text/javascript,setInterval(() => {}, 1000)')
    const error = await lossOf(
      open(() => new Worker(silent), { loadTimeout: 200 }).tasks.double?.(1),
    )

    expect(causeOf(error)).toBe('Error: The module had not finished loading after 200 ms')
  })

  it('R25 is started three times, and no more, when it ends at once', async () => {
    let starts = 0
    const pool = open(() => {
      starts += 1
      return new Worker(new URL('data:text/javascript,'))
    })

    await lossOf(pool.tasks.double?.(1))
    await lossOf(pool.tasks.double?.(1))

    expect(starts).toBe(3)
  })

  it('R25 leaves the others alone when a further one cannot be made', async () => {
    let starts = 0
    const pool = open(
      () => {
        starts += 1
        if (starts > 1) throw new Error('no room')
        return new Worker(entry)
      },
      { threads: 2 },
    )

    const all = await gather([1, 2, 3].map((n) => pool.tasks.double?.(n)))

    expect(all).toEqual([2, 4, 6])
    expect(pool.threads).toBe(1)
  })

  it('R25 lets others have their turn, however often a call of a broken pool is tried again', async () => {
    const module = new URL('data:text/javascript,throw new Error("no good")')
    const { double } = open(module).tasks
    const endless = double?.with({ retry: { retries: Infinity } })(1)

    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve))

    expect(endless?.cancel()).toBe(true)
  })

  it('R25 leaves the others alone when a further one cannot load its module', async () => {
    let starts = 0
    const silent = new URL('data:text/javascript,setInterval(() => {}, 1000)')
    const pool = open(() => new Worker(++starts === 2 ? silent : entry), {
      threads: 2,
      loadTimeout: 1000,
    })
    await pool.tasks.double?.(1)
    const begun = flag()
    const first = pool.tasks.never?.(begun)
    await raised(begun)
    const second = pool.tasks.double?.(2)

    expect(await second).toBe(4)
    expect(starts).toBe(3)
    first?.cancel()
  })
})

describe('a cancelled body', () => {
  it('R25 is terminated after the grace when it does not yield, and the calls of others move on', async () => {
    const pool = openTasks({ grace: 50 })
    const begun = flag()
    const stuck = pool.tasks.spin?.(begun)
    const others = [pool.tasks.double?.(1), pool.tasks.echo?.({ a: 1 }), pool.tasks.double?.(2)]
    await raised(begun)

    stuck?.cancel('enough')

    expect([stuck?.status, stuck?.reason, pool.running]).toEqual(['cancelled', 'enough', 1])
    expect(await gather(others)).toEqual([2, { a: 1 }, 4])
    expect(pool.threads).toBe(1)
  })

  it('R25 is terminated after the grace while this thread is blocked', async () => {
    const pool = openTasks({ grace: 50 })
    const begun = flag()
    const stuck = pool.tasks.spin?.(begun)
    await raised(begun)
    const other = pool.tasks.echo?.([1])
    stuck?.cancel()

    expect(gatherSync([other])).toEqual([[1]])
  })

  it('R25 jams no pool by awaiting what never comes: others get its thread, and closing ends', async () => {
    const pool = openTasks({ grace: 10 })
    const begun = flag()
    const first = pool.tasks.never?.(begun)
    await raised(begun)
    first?.cancel()

    expect(gatherSync([pool.tasks.double?.(21)])).toEqual([42])
    const second = pool.tasks.never?.(flag())
    await until(() => second?.status === 'running')
    second?.cancel()
    await pool.close()

    expect([pool.running, pool.threads]).toEqual([0, 0])
  })

  it('R25 may take its time once it has let the cancel through', async () => {
    const pool = openTasks({ grace: 20 })
    const before = await pool.tasks.thread?.()
    const steps = flag()
    const slow = pool.tasks.endSlowly?.(steps, 120)
    await raised(steps)

    slow?.cancel()
    const after = await pool.tasks.thread?.()

    expect(Atomics.load(steps, 0)).toBe(2)
    expect(after).toBe(before)
  })
})

describe('terminate', () => {
  it('R25 fails what runs with the reason as its cause, and cancels what waits with it', async () => {
    const pool = openTasks()
    const begun = flag()
    const running = pool.tasks.spin?.(begun)
    const queued = [pool.tasks.double?.(1), pool.tasks.echo?.({})]
    await raised(begun)
    const reason = new Error('closing time')

    const ended = pool.terminate(reason)

    expect([running?.status, ...queued.map((one) => one?.status)]).toEqual([
      'rejected',
      'cancelled',
      'cancelled',
    ])
    expect((await lossOf(running)).cause).toBe(reason)
    expect(queued.map((one) => one?.reason)).toEqual([reason, reason])
    expect(() => pool.tasks.double?.(1)).toThrow(InvalidStateError)
    await ended
    expect(pool.threads).toBe(0)
  })

  it('R25 does not try again what fails by it', async () => {
    const pool = openTasks({ threads: 2 })
    const begun = flag()
    const futures = [1, 2].map(() =>
      pool.tasks.spin?.with({ retry: { retries: 10, delay: 0 } })(begun),
    )
    await raised(begun, 2)

    await pool.terminate('enough')

    expect(futures.map((future) => future?.status)).toEqual(['cancelled', 'cancelled'])
    expect([Atomics.load(begun, 0), pool.threads]).toEqual([2, 0])
  })

  it('R25 settles everything at once, and gives up after the grace, when a native call blocks a thread', async () => {
    const pool = openTasks({ grace: 50 })
    const begun = flag()
    const future = pool.tasks.blockNatively?.(begun, 1.5)
    await raised(begun)

    const start = performance.now()
    await pool.terminate('enough')

    expect(performance.now() - start).toBeLessThan(1000)
    expect((await lossOf(future)).cause).toBe('enough')
  })

  it('ends a thread that is loading its module', async () => {
    const pool = open('data:text/javascript,for (;;);')
    const future = pool.tasks.anything?.()

    await pool.terminate('enough')

    const error = await lossOf(future)
    expect([error.message, error.cause]).toEqual(['The pool "crew" was terminated', 'enough'])
  })

  it('ends what close waits for', async () => {
    const pool = openTasks()
    const begun = flag()
    const future = pool.tasks.never?.(begun)
    await raised(begun)

    const closed = pool.close()
    const terminated = pool.terminate()

    await Promise.all([closed, terminated, pool.close(), pool.terminate()])
    await lossOf(future)
  })
})

describe('close', () => {
  it('takes no more calls, and ends the threads after what it has', async () => {
    const pool = openTasks()
    const futures = [pool.tasks.double?.(1), pool.tasks.double?.(2)]

    const closed = pool.close()

    expect(() => pool.tasks.double?.(3)).toThrow(InvalidStateError)
    await closed
    expect(futures.map((future) => future?.value)).toEqual([2, 4])
    expect(pool.threads).toBe(0)
  })

  it('is what `await using` does', async () => {
    let kept: Pool
    {
      await using pool = openTasks()
      kept = pool
      await pool.tasks.double?.(1)
    }
    expect(kept.threads).toBe(0)
    expect(() => kept.tasks.double?.(1)).toThrow(InvalidStateError)
  })
})

describe('an idle thread', () => {
  it('goes after `idleTimeout`, and another one comes when it is needed', async () => {
    const pool = openTasks({ idleTimeout: 20 })
    const first = await pool.tasks.thread?.()
    expect(pool.threads).toBe(1)

    await until(() => pool.threads === 0)

    expect(await pool.tasks.thread?.()).not.toBe(first)
  })

  it('goes also when no call has ever run on it', async () => {
    const pool = openTasks({ idleTimeout: 20 })
    pool.tasks.double?.(1)?.cancel()
    expect(pool.threads).toBe(1)

    await until(() => pool.threads === 0)
  })

  it('loses no call that comes as it goes', async () => {
    const pool = openTasks({ threads: 2, idleTimeout: 0 })
    const results: unknown[] = []
    for (let i = 0; i < 25; i++) {
      const two = [pool.tasks.echo?.([i]), pool.tasks.double?.(i)]
      results.push(i % 3 === 0 ? gatherSync(two) : await gather(two))
      // As long as a thread may be idle, more or less.
      const end = performance.now() + (i % 13)
      while (performance.now() < end) await new Promise((resolve) => setImmediate(resolve))
    }

    expect(results).toEqual(Array.from({ length: 25 }, (_, i) => [[i], 2 * i]))
  })
})
