import {
  CancelledError,
  context,
  Future,
  type RetryOptions,
  Scheduler,
  spawn,
  TaskGroup,
  TimeoutError,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { explode, HOSTILE, revokedProxy } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

/** A body that throws one thing after the other, and in the end gives how many attempts there were. */
function failing(...failures: readonly unknown[]): { body: () => number; attempts: () => number } {
  let attempts = 0
  return {
    body() {
      attempts += 1
      if (attempts <= failures.length) throw failures[attempts - 1]
      return attempts
    },
    attempts: () => attempts,
  }
}

async function reasonOf(future: Future<unknown>): Promise<unknown> {
  return future.then(
    () => expect.fail('it should have failed'),
    (reason: unknown) => reason,
  )
}

describe('a call with retries', () => {
  it('R19 runs its body again until it ends well', async () => {
    const { body } = failing('one', 'two')

    expect(await spawn(body, { retry: { retries: 5 } })).toBe(3)
  })

  it('R19 gives up after so many retries, and fails with what was thrown last', async () => {
    const { body, attempts } = failing('one', 'two', 'three', 'four')

    expect(await reasonOf(spawn(body, { retry: { retries: 2 } }))).toBe('three')
    expect(attempts()).toBe(3)
  })

  it('R19 runs its body once for `retries: 0`', async () => {
    const { body, attempts } = failing('one')

    expect(await reasonOf(spawn(body, { retry: { retries: 0 } }))).toBe('one')
    expect(attempts()).toBe(1)
  })

  it('R19 goes on for ever with `retries: Infinity`', async () => {
    const { body } = failing(...Array.from({ length: 10_000 }, (_, n) => n))

    expect(await spawn(body, { retry: { retries: Number.POSITIVE_INFINITY } })).toBe(10_001)
  })

  it('R19 tells `when` and `delay` the attempt, 1 for the first failure, and what it threw', async () => {
    const clock = new VirtualClock()
    const log: unknown[] = []
    const retry: RetryOptions = {
      retries: 5,
      when: (error, attempt) => log.push(['when', error, attempt]) > 0,
      delay: (attempt, error) => log.push(['delay', error, attempt]) * 0,
    }
    new Scheduler({ clock }).spawn(failing('one', 'two').body, { retry })

    await clock.run()

    expect(log).toEqual([
      ['when', 'one', 1],
      ['delay', 'one', 1],
      ['when', 'two', 2],
      ['delay', 'two', 2],
    ])
  })

  it('R19 asks neither when no attempt is left', async () => {
    const retry = { retries: 0, when: explode, delay: explode }

    expect(await reasonOf(spawn(failing('one').body, { retry }))).toBe('one')
  })

  it('R19 stops as soon as `when` says no', async () => {
    const { body, attempts } = failing('busy', 'gone', 'busy')
    const retry = { retries: 5, when: (error: unknown) => error === 'busy' }

    expect(await reasonOf(spawn(body, { retry }))).toBe('gone')
    expect(attempts()).toBe(2)
  })

  it('R19 waits between attempts, on the clock of the scheduler, from the end of the one before', async () => {
    const clock = new VirtualClock()
    const starts: number[] = []
    const scheduler = new Scheduler({ clock })
    const retry = { retries: 3, delay: (attempt: number) => attempt * 100 }
    scheduler.spawn(
      async ({ sleep }) => {
        starts.push(clock.now())
        await sleep(7)
        if (starts.length < 4) throw new Error('busy')
      },
      { retry },
    )

    await clock.run()

    expect(starts).toEqual([0, 107, 314, 621])
  })

  it('R19 gets the same arguments, `this` and context each time', async () => {
    const seen: unknown[] = []
    const scheduler = new Scheduler()
    const owner = {
      work: scheduler.task(
        function (this: unknown, ...args: unknown[]) {
          seen.push([this, args, context()])
          if (seen.length < 3) throw new Error('busy')
        },
        { retry: { retries: 2 } },
      ),
    }

    await owner.work(1, 'two')

    const [first] = seen as [unknown[]]
    expect(first.slice(0, 2)).toEqual([owner, [1, 'two']])
    expect(seen).toEqual([first, first, first])
    expect(new Set(seen.map((each) => (each as unknown[])[2])).size).toBe(1)
  })

  it('R4 R19 gives its slot back during the delay, and is scheduled then', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const note = (text: string): void => void log.push(`${clock.now()} ${text}`)
    const first = scheduler.spawn(
      async ({ sleep }) => {
        note('first')
        await sleep(10)
        if (clock.now() < 20) throw new Error('busy')
      },
      { retry: { retries: 1, delay: 5 } },
    )
    for (const name of ['second', 'third']) {
      scheduler.spawn(async ({ sleep }) => {
        note(name)
        await sleep(10)
      })
    }

    await clock.advance(12)
    const meanwhile = [first.status, scheduler.running, scheduler.queued]
    await clock.run()

    expect(meanwhile).toEqual(['scheduled', 1, 2])
    expect(log).toEqual(['0 first', '10 second', '20 first', '30 third'])
  })

  it('R2 R19 without a delay starts again before all that have not started, but for higher priorities', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    const work = scheduler.task(
      (name: string) => {
        log.push(name)
        if (log.filter((each) => each === name).length < 3) throw new Error('busy')
      },
      { retry: { retries: 2 } },
    )

    work('a')
    work('b')
    work.with({ priority: 1 })('urgent')
    await scheduler.idle()

    expect(log.join(' ')).toBe('urgent urgent urgent a a a b b b')
  })

  it('R19 is held back by a pause, whose scheduler may be closed meanwhile', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const { body, attempts } = failing('one', 'two')
    const future = scheduler.spawn(body, { retry: { retries: 2, delay: 10 } })
    await clock.advance(5)

    scheduler.pause()
    const closed = scheduler.close()
    await clock.advance(100)
    const paused = [attempts(), future.status, scheduler.queued]
    scheduler.resume()
    await clock.run()
    await closed

    expect(paused).toEqual([1, 'scheduled', 1])
    expect(future.value).toBe(3)
  })

  it('R19 is tried again when its body gives a future that fails', async () => {
    const results = [Future.reject('one'), Future.resolve('fine')]

    expect(await spawn(() => results.shift(), { retry: { retries: 1 } })).toBe('fine')
  })

  it('R14 R19 times out over all attempts and waits', async () => {
    const clock = new VirtualClock()
    const { body, attempts } = failing(...Array(9).fill('down'))
    const future = new Scheduler({ clock }).spawn(body, {
      timeout: 1000,
      retry: { retries: Number.POSITIVE_INFINITY, delay: 300 },
    })

    expect(await clock.run()).toBe(1000)

    expect(future.status).toBe('cancelled')
    expect(future.reason).toBeInstanceOf(TimeoutError)
    expect(attempts()).toBe(4)
  })

  it('R19 works for the members of a group and the items of a mapping', async () => {
    const tries = new Map<number, number>()
    const scheduler = new Scheduler({ concurrency: 2 })
    const work = scheduler.task(
      async (n: number) => {
        tries.set(n, (tries.get(n) ?? 0) + 1)
        if (tries.get(n) === 1) throw new Error('busy')
        return n
      },
      { retry: { retries: 1 } },
    )

    const group = await TaskGroup.run(async (group) => {
      const members = [1, 2].map((n) => group.add(work(n)))
      const spawned = group.spawn(failing('one').body, { retry: { retries: 1 } })
      await group.join()
      return [...members, spawned].map(({ value }) => value)
    })

    expect(group).toEqual([1, 2, 2])
    const elsewhere = new Scheduler({ concurrency: 2 })
    expect(await elsewhere.map([3, 4, 5], (n) => work(n))).toEqual([3, 4, 5])
  })
})

describe('the cancel of a call with retries', () => {
  it('R19 is never tried again: not while the body runs', async () => {
    const clock = new VirtualClock()
    let attempts = 0
    const future = new Scheduler({ clock }).spawn(
      ({ sleep }) => {
        attempts += 1
        return sleep(100)
      },
      { retry: { retries: 5 } },
    )
    clock.callLater(() => future.cancel('enough'), 50)

    await clock.run()

    expect([future.status, future.reason, attempts]).toEqual(['cancelled', 'enough', 1])
  })

  it('R19 is never tried again: not when the body gives a cancelled future', async () => {
    const cancelled = new Future<never>(() => {})
    cancelled.cancel('enough')
    let attempts = 0
    const future = spawn(
      () => {
        attempts += 1
        return cancelled
      },
      { retry: { retries: 5 } },
    )
    await turn()

    expect([future.status, future.reason, attempts]).toEqual(['cancelled', 'enough', 1])
  })

  it('R13 R19 ends the delay at once, aborts the signal, and leaves no timer', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    let signal: AbortSignal | undefined
    const future = scheduler.spawn(
      (context) => {
        signal = context.signal
        throw new Error('busy')
      },
      { retry: { retries: 5, delay: 1000 } },
    )
    clock.callLater(() => future.cancel('enough'), 50)

    expect(await clock.run()).toBe(50)

    expect([future.status, signal?.reason]).toEqual(['cancelled', 'enough'])
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R19 during the delay lets idle() and close() end', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    scheduler.spawn(failing('one').body, { retry: { retries: 5, delay: 1000 } })
    await clock.advance(1)
    const idle = scheduler.idle()

    scheduler.cancel('enough')

    await idle
    await scheduler.close()
    expect(await clock.run()).toBe(1)
  })

  it.each<[string, (future: Future<unknown>) => RetryOptions]>([
    ['`when`', (future) => ({ retries: 5, when: () => future.cancel('enough') })],
    ['`delay`', (future) => ({ retries: 5, delay: () => Number(future.cancel('enough')) })],
  ])('R19 by %s counts: there is no other attempt', async (_, options) => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const { body, attempts } = failing('one', 'two')
    const future: Future<number> = scheduler.spawn(body, {
      retry: {
        retries: 5,
        when: (error, attempt) => options(future).when?.(error, attempt) ?? true,
        delay: (attempt, error) => {
          const { delay = 0 } = options(future)
          return typeof delay === 'function' ? delay(attempt, error) : delay
        },
      },
    })
    const next = scheduler.spawn(() => 'next')

    await scheduler.idle()

    expect([future.status, future.reason, attempts()]).toEqual(['cancelled', 'enough', 1])
    expect(next.value).toBe('next')
  })

  it('R13 R19 drops what the body still throws, and asks neither function about it', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const asked: unknown[] = []
    const retry: RetryOptions = { retries: 5, when: (error) => asked.push(error) > 0 }
    const future = scheduler.spawn(
      async () => {
        await clock.sleep(20)
        throw new Error('too late')
      },
      { retry },
    )
    clock.callLater(() => future.cancel('enough'), 10)

    await clock.run()

    expect([future.reason, asked, scheduler.running]).toEqual(['enough', [], 0])
  })

  it('R15 R19 by a signal ends the delay, and leaves no call behind', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const scheduler = new Scheduler({ clock, signal: controller.signal, concurrency: 1 })
    const retrying = scheduler.spawn(failing('one').body, { retry: { retries: 1, delay: 10 } })
    clock.callLater(() => controller.abort('closing'), 5)

    expect(await clock.run()).toBe(5)

    expect([retrying.status, retrying.reason]).toEqual(['cancelled', 'closing'])
  })
})

describe('what is left of the earlier failures', () => {
  it('R19 the last error as it was thrown, with the earlier ones as its hidden `errors`', async () => {
    const errors = [1, 2, 3].map((n) => new TypeError(`attempt ${n}`))
    const cause = new Error('the cause')
    ;(errors[2] as Error).cause = cause

    const reason = await reasonOf(spawn(failing(...errors).body, { retry: { retries: 2 } }))

    expect(reason).toBe(errors[2])
    expect((reason as AggregateError).errors).toEqual(errors.slice(0, 2))
    expect((reason as Error).cause).toBe(cause)
    expect(Object.keys(reason as Error)).not.toContain('errors')
  })

  it('R19 nothing where there was one attempt, or the same error each time', async () => {
    const same = new Error('same')
    const only = new Error('only')

    await reasonOf(spawn(failing(same, same).body, { retry: { retries: 1 } }))
    await reasonOf(spawn(failing(only).body, { retry: { retries: 1, when: () => false } }))

    expect([Object.hasOwn(same, 'errors'), Object.hasOwn(only, 'errors')]).toEqual([false, false])
  })

  it('R19 the latest 100 of many', async () => {
    const errors = Array.from({ length: 300 }, (_, n) => new Error(`attempt ${n}`))

    await reasonOf(spawn(failing(...errors).body, { retry: { retries: 299 } }))

    expect((errors.at(-1) as Error & { errors: unknown }).errors).toEqual(errors.slice(-101, -1))
  })

  it.each<[string, unknown]>([
    ['a string', 'boom'],
    ['undefined', undefined],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['a revoked proxy', revokedProxy()],
    ['an error that takes no property', new Proxy(new Error('no'), { defineProperty: explode })],
  ])('R19 the last failure as it is: %s', async (_, last) => {
    const { body } = failing(new Error('earlier'), last)
    const future = spawn(body, { retry: { retries: 1 } })
    await future.catch(() => {})

    expect(Object.is(future.reason, last)).toBe(true)
  })

  it('R19 `errors` of its own', async () => {
    const last = new AggregateError(['own'])

    await reasonOf(spawn(failing('earlier', last).body, { retry: { retries: 1 } }))

    expect(last.errors).toEqual(['own'])
  })

  it('R14 R19 on a TimeoutError too, whether it comes in a delay or in an attempt', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const errors = [1, 2].map((n) => new Error(`attempt ${n}`))
    const lasting = (left: unknown[]) => async (): Promise<void> => {
      if (left.length > 0) throw left.shift()
      await clock.sleep(1000)
    }
    const retry = { retries: 9, delay: 40 }
    const futures = [
      scheduler.spawn(lasting([...errors, 'three']), { retry, timeout: 50 }),
      scheduler.spawn(lasting([...errors]), { retry, timeout: 100 }),
      scheduler.spawn(lasting([]), { retry, timeout: 100 }),
    ]

    await clock.run()

    expect(futures.map(({ reason }) => reason instanceof TimeoutError)).toEqual([true, true, true])
    expect(futures.map(({ reason }) => (reason as AggregateError).errors)).toEqual([
      errors,
      errors,
      undefined,
    ])
  })
})

describe('the functions among the retry options', () => {
  const options: [string, (fail: () => never) => RetryOptions][] = [
    ['when', (fail) => ({ retries: 5, when: fail })],
    ['delay', (fail) => ({ retries: 5, delay: fail })],
  ]

  it.each(options)(
    'R19 fail the call when they throw, and name the failure as the cause: %s',
    async (_, make) => {
      const failure = new Error('busy')
      const thrown = new Error('a bug in the options')
      const { body, attempts } = failing(failure)
      const retry = make(() => {
        throw thrown
      })

      expect(await reasonOf(spawn(body, { retry }))).toBe(thrown)
      expect(thrown.cause).toBe(failure)
      expect(attempts()).toBe(1)
    },
  )

  it('R19 leave the failures before on that cause', async () => {
    const failures = [1, 2, 3].map((n) => new Error(`attempt ${n}`))
    const thrown = new Error('a bug in the options')
    const retry: RetryOptions = {
      retries: 5,
      when: (_, attempt) => {
        if (attempt === 3) throw thrown
        return true
      },
    }

    expect(await reasonOf(spawn(failing(...failures).body, { retry }))).toBe(thrown)
    expect(thrown.cause).toBe(failures[2])
    expect((thrown.cause as AggregateError).errors).toEqual(failures.slice(0, 2))
  })

  it('R19 may throw the failure itself, which is no cause of itself', async () => {
    const failure = new Error('busy')
    const retry: RetryOptions = {
      retries: 5,
      when: (error) => {
        throw error
      },
    }

    expect(await reasonOf(spawn(failing(failure).body, { retry }))).toBe(failure)
    expect(failure.cause).toBeUndefined()
  })

  it.each(options)('R19 may throw anything, and the slot is free again: %s', async (_, make) => {
    for (const thrown of [HOSTILE, undefined, revokedProxy(), Object.freeze(new Error('frozen'))]) {
      const scheduler = new Scheduler({ concurrency: 1 })
      const retry = make(() => {
        throw thrown
      })
      const future = scheduler.spawn(failing(new Error('busy')).body, { retry })
      await future.catch(() => {})

      expect(Object.is(future.reason, thrown)).toBe(true)
      expect(await scheduler.spawn(() => 'next')).toBe('next')
    }
  })

  it.each([Number.NaN, -1, Number.POSITIVE_INFINITY, '10', undefined])(
    'R19 fail the call when the delay is %s',
    async (delay) => {
      const failure = new Error('busy')
      const retry = { retries: 5, delay: () => delay as number }

      const reason = await reasonOf(spawn(failing(failure).body, { retry }))

      expect(reason).toMatchObject({
        name: typeof delay === 'number' ? 'RangeError' : 'TypeError',
        message: `Expected \`delay\` to be finite milliseconds from 0 up, got \`${delay}\` (${typeof delay})`,
        cause: failure,
      })
    },
  )
})

describe('a clock that does not keep its word', () => {
  it('R19 starts no attempt twice when it calls twice, or late', async () => {
    const callbacks: (() => void)[] = []
    const clock = {
      now: () => 0,
      callLater: (callback: () => void) => {
        callbacks.push(callback)
        return explode
      },
    }
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const { body, attempts } = failing('one', 'two')
    const future = scheduler.spawn(body, { retry: { retries: 2, delay: 10 } })
    await turn()
    const [first] = callbacks
    first?.()
    first?.()
    await turn()

    const strays = await strayErrorsDuring(() => future.cancel('enough'))
    for (const each of callbacks) each()
    await turn()

    expect(strays).toEqual([HOSTILE])
    expect([attempts(), scheduler.running, scheduler.queued]).toEqual([2, 0, 0])
    expect(await scheduler.spawn(() => 'next')).toBe('next')
  })

  it('R19 fails the call when it throws', async () => {
    const failure = new Error('busy')
    const broken = new Error('broken clock')
    const clock = {
      now: () => 0,
      callLater: () => {
        throw broken
      },
    }
    const scheduler = new Scheduler({ clock })

    const future = scheduler.spawn(failing(failure).body, { retry: { retries: 2, delay: 10 } })

    expect(await reasonOf(future)).toBe(broken)
    expect(broken.cause).toBe(failure)
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })
})

describe('wrong retry options', () => {
  it.each<[string, unknown, string]>([
    ['no object', 3, 'TypeError: Expected `retry` to be an object, got `3` (number)'],
    ['null', null, 'TypeError: Expected `retry` to be an object, got `null` (object)'],
    [
      'no count',
      {},
      'TypeError: Expected `retries` to be a whole number from 0 up, or Infinity, got `undefined` (undefined)',
    ],
    [
      'a negative count',
      { retries: -1 },
      'RangeError: Expected `retries` to be a whole number from 0 up, or Infinity, got `-1` (number)',
    ],
    [
      'half a retry',
      { retries: 1.5 },
      'RangeError: Expected `retries` to be a whole number from 0 up, or Infinity, got `1.5` (number)',
    ],
    [
      'an endless delay',
      { retries: 1, delay: Number.POSITIVE_INFINITY },
      'RangeError: Expected `delay` to be finite milliseconds from 0 up, got `Infinity` (number)',
    ],
    [
      'a delay of text',
      { retries: 1, delay: '1s' },
      'TypeError: Expected `delay` to be finite milliseconds from 0 up, got `1s` (string)',
    ],
    [
      'a condition that is none',
      { retries: 1, when: true },
      'TypeError: Expected `when` to be a function, got `true` (boolean)',
    ],
  ])('R5 throw where they are given: %s', (_, retry, message) => {
    const options = { retry: retry as RetryOptions }
    const scheduler = new Scheduler()
    const messages: string[] = []
    for (const use of [
      () => spawn(() => 1, options),
      () => scheduler.task(() => 1, options),
      () => scheduler.task(() => 1).with(options),
    ]) {
      try {
        use()
      } catch (error) {
        messages.push(String(error))
      }
    }

    expect(messages).toEqual([message, message, message])
  })

  it('R5 can no longer be changed once they are taken', async () => {
    const retry = { retries: 1 }
    const work = new Scheduler().task(failing('one').body, { retry })
    retry.retries = 0

    expect(await work()).toBe(2)
  })

  it('R19 are reset by `undefined`', async () => {
    const work = new Scheduler().task(failing('one').body, { retry: { retries: 1 } })

    expect(await reasonOf(work.with({ retry: undefined })())).toBe('one')
  })
})

describe('a thrown AbortError', () => {
  it('R19 is a failure like any other, as long as the call itself is not cancelled', async () => {
    const aborted = new CancelledError('of something else')

    expect(await spawn(failing(aborted).body, { retry: { retries: 1 } })).toBe(2)
  })
})
