import { type Future, Scheduler, type SchedulerOptions, spawn } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { timeByHand } from '../support/real-time.ts'
import { openWorkshop, type Workshop } from '../support/run-program.ts'
import { turn } from '../support/timed.ts'

const FLOOD = 100_000

afterEach(async () => {
  // What was measured with the time of one test must be over before the next.
  await turn()
  vi.restoreAllMocks()
})

/** Runs a program that counts its bodies; gives how many had started at each turn of the event loop. */
async function watched(run: (count: () => void) => Promise<unknown>): Promise<number[]> {
  let started = 0
  let isOver = false
  const turns: number[] = []
  const watch = (): void => {
    turns.push(started)
    if (!isOver) setImmediate(watch)
  }
  setImmediate(watch)
  await run(() => {
    started += 1
  })
  isOver = true
  await turn()
  return turns
}

/** The same of a flood of bodies, which are called all at once. */
async function flood(options: SchedulerOptions, body: () => unknown): Promise<number[]> {
  const turns = await watched((count) => {
    const scheduler = new Scheduler(options)
    const work = scheduler.task(() => {
      count()
      return body()
    })
    for (let call = 0; call < FLOOD; call++) work()
    return scheduler.idle()
  })
  expect(turns.at(-1)).toBe(FLOOD)
  return turns
}

/** How many bodies started between one turn of the event loop and the next, at the most. */
const longestRun = (turns: readonly number[]): number =>
  Math.max(...turns.map((started, index) => started - (turns[index - 1] ?? 0)))

const limits = [1, 8, Number.POSITIVE_INFINITY]

describe.each(limits)('a flood of 100 000 short bodies, %d at a time', (concurrency) => {
  it('R7 lets the event loop turn each time bodies have been starting for `slice` milliseconds', async () => {
    const take = timeByHand()
    // A hundred of them make the default slice of 10 ms.
    const turns = await flood({ concurrency }, () => take(0.1))

    expect(longestRun(turns)).toBeGreaterThan(50)
    expect(longestRun(turns)).toBeLessThan(200)
  })

  it('R7 lets it turn after each body that takes longer than that, whatever came before', async () => {
    const take = timeByHand()
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency })
    for (let call = 0; call < 100; call++) scheduler.spawn(() => take(0.01))
    for (let call = 0; call < 100; call++) {
      scheduler.spawn(() => {
        take(50)
        log.push('long')
      })
    }
    const watch = (): void => {
      log.push('turn')
      if (scheduler.queued > 0) setImmediate(watch)
    }
    setImmediate(watch)

    await scheduler.idle()

    // One more may start where the time is looked at before a body and not after it.
    expect(log.join(' ')).not.toMatch(/(long ){3}/)
  })

  it('R7 lets it turn after eight bodies at most when the same body was instant and becomes long', async () => {
    const take = timeByHand()
    let started = 0

    const turns = await flood({ concurrency }, () => {
      started += 1
      if (started > FLOOD - 100) take(50)
    })

    const [first = 0, ...later] = turns.map((seen) => seen - (FLOOD - 100)).filter((n) => n > 0)
    expect(first).toBeLessThanOrEqual(8)
    // One more may start where the time is looked at before a body and not after it.
    expect(longestRun(later.map((seen) => seen - first))).toBeLessThanOrEqual(2)
  })

  it('R7 really lets it turn, also when the bodies are instant and async', async () => {
    const turns = await flood({ concurrency, slice: 1 }, async () => {})

    expect(turns.filter((started) => started > 0 && started < FLOOD)).not.toEqual([])
  })

  it('R7 never does for `slice: Infinity`', async () => {
    const take = timeByHand()
    const turns = await flood({ concurrency, slice: Number.POSITIVE_INFINITY }, () => take(1))

    expect(turns.filter((started) => started > 0 && started < FLOOD)).toEqual([])
  })
})

describe('a chain of 10 000 short bodies', () => {
  it('R7 lets the event loop turn when each body calls the next', async () => {
    const take = timeByHand()
    const scheduler = new Scheduler({ concurrency: 1 })

    const turns = await watched((count) => {
      const next = (left: number): void => {
        count()
        take(0.1)
        if (left > 1) scheduler.spawn(() => next(left - 1))
      }
      scheduler.spawn(() => next(10_000))
      return scheduler.idle()
    })

    expect(turns.at(-1)).toBe(10_000)
    expect(longestRun(turns)).toBeLessThan(200)
  })

  it.each(['deferred', 'eager', 'lazy'] as const)(
    'R7 lets the event loop turn when each is awaited before the next call: %s',
    async (start) => {
      const take = timeByHand()
      const scheduler = new Scheduler({ start })

      const turns = await watched(async (count) => {
        for (let call = 0; call < 10_000; call++) {
          await scheduler.spawn(() => {
            count()
            take(0.1)
          })
        }
      })

      expect(turns.at(-1)).toBe(10_000)
      expect(longestRun(turns)).toBeLessThan(200)
    },
  )
})

describe('a scheduler that lets the event loop turn', () => {
  it('R7 starts bodies in the same order', async () => {
    const take = timeByHand()
    const log: number[] = []
    const scheduler = new Scheduler({ slice: 5 })
    const work = scheduler.task((n: number) => {
      take(1)
      log.push(n)
    })
    const late: Future<void>[] = []
    for (let n = 0; n < 100; n++) work.with({ priority: n % 2 })(n)
    setImmediate(() => late.push(work.with({ priority: 1 })(1000), work(1001)))

    await scheduler.idle()

    const urgent = log.filter((n) => n % 2 === 1 && n < 1000)
    const usual = log.filter((n) => n % 2 === 0 && n < 1000)
    expect(urgent).toEqual(Array.from({ length: 50 }, (_, n) => 2 * n + 1))
    expect(usual).toEqual(Array.from({ length: 50 }, (_, n) => 2 * n))
    // Called while the flood was held back: urgent ones overtake, usual ones come last.
    expect(log.indexOf(1000)).toBeLessThan(log.indexOf(0))
    expect(log.at(-1)).toBe(1001)
  })

  it('R7 lets timers and I/O have their chance as well', async () => {
    const take = timeByHand()
    const log: string[] = []
    const scheduler = new Scheduler({ slice: 5 })
    setTimeout(() => log.push('timer'), 0)
    for (let n = 0; n < 5000; n++) {
      scheduler.spawn(() => {
        take(1)
        log.push('body')
      })
    }

    await scheduler.idle()

    expect(log.indexOf('timer')).toBeGreaterThan(0)
    expect(log.indexOf('timer')).toBeLessThan(log.length - 1)
  })

  it('R7 can be paused, cancelled and idle meanwhile', async () => {
    const take = timeByHand()
    const scheduler = new Scheduler({ slice: 5 })
    const futures = Array.from({ length: 100 }, () => scheduler.spawn(() => take(1)))
    await null
    const started = futures.filter(({ done }) => done).length

    scheduler.pause()
    await turn()
    await turn()
    expect(futures.filter(({ done }) => done)).toHaveLength(started)
    scheduler.cancel('enough')

    expect(futures.filter(({ reason }) => reason === 'enough')).toHaveLength(100 - started)
    await scheduler.idle()
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R7 counts the starts of all schedulers: it is one thread', async () => {
    const take = timeByHand()
    const log: string[] = []
    const body = (name: string) => (): void => {
      take(1)
      log.push(name)
    }
    const [one, other] = [new Scheduler({ slice: 5 }), new Scheduler({ slice: 5 })]
    for (let n = 0; n < 20; n++) {
      one.spawn(body('one'))
      other.spawn(body('other'))
    }

    await null
    const beforeTheTurn = log.length
    await Promise.all([one.idle(), other.idle()])

    expect(beforeTheTurn).toBeLessThan(30)
    expect(log.filter((name) => name === 'one')).toHaveLength(20)
    expect(log.filter((name) => name === 'other')).toHaveLength(20)
  })

  it('R7 counts the starts of schedulers that come one after the other', async () => {
    const take = timeByHand()
    let turned = false
    setImmediate(() => {
      turned = true
    })
    let made = 0

    for (; !turned && made < 1000; made++) {
      const scheduler = new Scheduler({ slice: 5 })
      await scheduler.spawn(() => take(1))
      // Part of the flood as well; more of it would be somebody else's time.
      take(0.01)
    }

    expect(made).toBe(6)
  })

  it('R1 R7 starts a call at once when the event loop has turned since the last one', async () => {
    const take = timeByHand()
    for (let n = 0; n < 3; n++) {
      const future = spawn(() => take(1000))
      await null
      expect(future.status).toBe('fulfilled')
      await turn()
    }
  })

  it('R1 R7 does not hold a call back for the time its caller took since the last one', async () => {
    const take = timeByHand()
    const scheduler = new Scheduler()

    for (let call = 0; call < 3; call++) {
      const future = scheduler.spawn(() => take(1))
      await null
      expect(future.status).toBe('fulfilled')
      take(1000)
    }
  })

  it('R7 R20 keeps a virtual clock waiting until the bodies that are due have started', async () => {
    const take = timeByHand()
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, slice: 5 })
    const log: number[] = []
    for (let n = 0; n < 1000; n++) {
      scheduler.spawn(({ sleep }) => {
        take(1)
        log.push(clock.now())
        return sleep(10)
      })
    }

    expect(await clock.run()).toBe(10)

    expect(log).toEqual(Array.from({ length: 1000 }, () => 0))
    await scheduler.idle()
  })
})

describe('a program with a flood of 100 000 short bodies, in real time', () => {
  let workshop: Workshop

  beforeAll(() => {
    workshop = openWorkshop()
  })

  afterAll(() => workshop.remove())

  /** Runs one that prints, for each limit, the median of the pauses between turns of the event loop. */
  async function medianPauses(preparation: string, options: string): Promise<number[]> {
    const { stdout, stderr } = await workshop.run(`
      const { setImmediate } = globalThis
      ${preparation}
      const { Scheduler } = await import('gatherly')
      for (const concurrency of [1, 8, Infinity]) {
        const scheduler = new Scheduler({ concurrency, ${options} })
        const work = scheduler.task(async () => {
          for (let i = 0; i < 20; i++) performance.now()
        })
        for (let call = 0; call < ${FLOOD}; call++) work()
        const turns = [performance.now()]
        const watch = () => {
          turns.push(performance.now())
          if (scheduler.queued > 0) setImmediate(watch)
        }
        setImmediate(watch)
        await scheduler.idle()
        turns.push(performance.now())
        const pauses = turns.slice(1).map((at, i) => at - turns[i]).sort((a, b) => a - b)
        console.log(turns.length > 3 ? pauses[pauses.length >> 1] : Infinity)
        await new Promise((resolve) => setImmediate(resolve))
      }
    `)
    expect(stderr).toBe('')
    return stdout.trim().split('\n').map(Number)
  }

  // Far more than 10 ms, for a machine that has other things to do. Whoever never lets the event loop turn has no pauses.
  const BEARABLE = 100

  it.each([
    ['with setImmediate', ''],
    ['with messages, as in browsers', 'delete globalThis.setImmediate'],
  ])('R7 lets the event loop turn about every 10 ms by default, %s', async (_, preparation) => {
    const pauses = await medianPauses(preparation, '')

    expect(pauses.filter((pause) => !(pause < BEARABLE))).toEqual([])
    expect(pauses).toHaveLength(3)
  })

  it('R7 holds the event loop until all are done for `slice: Infinity`', async () => {
    expect(await medianPauses('', 'slice: Infinity')).toEqual([Infinity, Infinity, Infinity])
  })
})
