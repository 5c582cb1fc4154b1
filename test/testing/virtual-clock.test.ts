import { getEventListeners } from 'node:events'
import { Future, gather, Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { yieldTurn } from '../../src/internal/event-loop.ts'
import { turn } from '../support/timed.ts'

const boom = new Error('boom')

describe('new VirtualClock()', () => {
  it('starts at 0, or where it is told to', () => {
    expect(new VirtualClock().now()).toBe(0)
    expect(new VirtualClock(1.5).now()).toBe(1.5)
    expect(new VirtualClock(-5).now()).toBe(-5)
  })

  it.each([Number.NaN, Infinity, -Infinity])('throws a RangeError for the start %d', (start) => {
    expect(() => new VirtualClock(start)).toThrow(RangeError)
    expect(() => new VirtualClock(start)).toThrow(/^Expected `start` to be a finite number/)
  })

  it.each(['0', null, {}])('throws a TypeError for the start %j', (start) => {
    expect(() => new VirtualClock(start as never)).toThrow(TypeError)
  })
})

describe('VirtualClock, by itself,', () => {
  it('stands still, whatever time really passes', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => log.push('called'), 0)

    await turn()
    await turn()

    expect([clock.now(), log]).toEqual([0, []])
  })
})

describe('VirtualClock.advance()', () => {
  it('R20 passes through every instant up to the last, that one included', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    for (const delay of [30, 10, 20, 40]) clock.callLater(() => log.push(clock.now()), delay)

    await clock.advance(30)

    expect(log).toEqual([10, 20, 30])
    expect(clock.now()).toBe(30)
  })

  it('R20 ends exactly so many milliseconds later, also when nothing is due then', async () => {
    const clock = new VirtualClock(5)
    clock.callLater(() => {}, 10)

    await clock.advance(12.5)
    await clock.advance(0)

    expect(clock.now()).toBe(17.5)
  })

  it('R20 runs what is set on the way and still falls into it', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    clock.callLater(() => {
      log.push(clock.now())
      clock.callLater(() => log.push(clock.now()), 10)
      clock.callLater(() => log.push(clock.now()), 11)
    }, 10)

    await clock.advance(20)

    expect(log).toEqual([10, 20])
  })

  it('moves twice when it is called twice at once, one move after the other', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    for (const delay of [5, 10, 15]) clock.callLater(() => log.push(`due at ${clock.now()}`), delay)

    await Promise.all([
      clock.advance(10).then(() => log.push(`first move ended at ${clock.now()}`)),
      clock.advance(5).then(() => log.push(`second move ended at ${clock.now()}`)),
      clock.run().then((now) => log.push(`run ended at ${now}`)),
    ])

    expect(log).toEqual([
      'due at 5',
      'due at 10',
      'first move ended at 10',
      'due at 15',
      'second move ended at 15',
      'run ended at 15',
    ])
  })

  it('called inside a callback moves once the present move has ended', async () => {
    const clock = new VirtualClock()
    const inner: Promise<void>[] = []
    clock.callLater(() => inner.push(clock.advance(100)), 10)

    await clock.advance(20)
    await Promise.all(inner)

    expect(clock.now()).toBe(120)
  })

  it.each([-1, Number.NaN, Infinity])('throws a RangeError for %d', (bad) => {
    const clock = new VirtualClock()

    expect(() => clock.advance(bad)).toThrow(RangeError)
    expect(() => clock.advance(bad)).toThrow(/^Expected `milliseconds` to be /)
  })

  it.each([undefined, '5', null])('throws a TypeError for %j', (bad) => {
    expect(() => new VirtualClock().advance(bad as never)).toThrow(TypeError)
  })
})

describe('VirtualClock.run()', () => {
  it('R20 goes on until nothing is left, and resolves to now()', async () => {
    const clock = new VirtualClock(100)
    const log: number[] = []
    clock.callLater(() => {
      log.push(clock.now())
      clock.callLater(() => log.push(clock.now()), 3_600_000)
    }, 1)

    const end = await clock.run()

    expect(log).toEqual([101, 3_600_101])
    expect([end, clock.now()]).toEqual([3_600_101, 3_600_101])
  })

  it('R20 resolves at once when there is nothing', async () => {
    expect(await new VirtualClock().run()).toBe(0)
  })

  it('R20 goes on with what is set in the microtasks and the turn after the last instant', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => {
      void microtasks(50).then(() => {
        clock.callLater(() => {
          log.push('set in a microtask')
          setImmediate(() => clock.callLater(() => log.push('set in the turn'), 5))
        }, 5)
      })
    }, 5)

    expect(await clock.run()).toBe(15)
    expect(log).toEqual(['set in a microtask', 'set in the turn'])
  })

  it('R20 goes on with what is set in the microtasks and the turn before the first instant', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    void microtasks(50).then(() => clock.callLater(() => log.push('from a microtask'), 5))
    setImmediate(() => clock.callLater(() => log.push('from a turn'), 5))

    await clock.run()

    expect(log).toEqual(['from a microtask', 'from a turn'])
  })

  it('R20 resolves also when futures are unfinished that wait for something outside the clock', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const outside = Future.withResolvers<string>()
    const waiting = scheduler.spawn(() => outside.future)
    const queued = scheduler.spawn(async ({ sleep }) => {
      await sleep(10)
      return 'done'
    })

    const first = await clock.run()
    const states = [waiting.status, queued.status]
    outside.resolve('done')
    const second = await clock.run()

    expect([first, states]).toEqual([0, ['running', 'scheduled']])
    expect([second, waiting.value, queued.value]).toEqual([10, 'done', 'done'])
  })

  it('is not held up, nor moved, by what was cancelled', async () => {
    const clock = new VirtualClock()
    const cancel = clock.callLater(() => {}, 1000)
    clock.callLater(() => cancel(), 10)

    expect(await clock.run()).toBe(10)
  })

  it('is not kept from ending by what is never due', async () => {
    const clock = new VirtualClock()
    clock.callLater(() => {}, Infinity)

    expect(await clock.run()).toBe(0)
  })

  it('takes a hundred thousand callbacks, most of them cancelled', async () => {
    const clock = new VirtualClock()
    let calls = 0
    const cancels = Array.from({ length: 100_000 }, (_, i) =>
      clock.callLater(() => {
        calls += 1
      }, i % 97),
    )

    for (const cancel of cancels.slice(1000)) cancel()

    expect(await clock.run()).toBe(96)
    expect(calls).toBe(1000)
  })
})

describe('VirtualClock, at one instant,', () => {
  it('R20 calls back in the order of setting, one right after the other', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const setAt = (name: string, delay: number) =>
      clock.callLater(() => {
        log.push(name)
        queueMicrotask(() => log.push(`microtask of ${name}`))
      }, delay)
    setAt('first', 10)
    setAt('earlier', 5)
    setAt('second', 10)
    await clock.advance(5)
    setAt('third', 5)

    await clock.run()

    expect(log).toEqual([
      'earlier',
      'microtask of earlier',
      'first',
      'second',
      'third',
      'microtask of first',
      'microtask of second',
      'microtask of third',
    ])
  })

  it('R20 lets every microtask and one turn of the event loop go by before the next one', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => {
      log.push('at 10')
      void microtasks(1000).then(() => log.push('a thousand microtasks later'))
      setImmediate(() => {
        log.push('a turn later')
        void microtasks(100).then(() => log.push('microtasks of that turn'))
      })
    }, 10)
    clock.callLater(() => log.push('at 11'), 11)

    await clock.run()

    expect(log).toEqual([
      'at 10',
      'a thousand microtasks later',
      'a turn later',
      'microtasks of that turn',
      'at 11',
    ])
  })

  it('R7 R20 waits for bodies that are due and have to let the event loop turn, any number of times', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => {
      yieldTurn(() => yieldTurn(() => yieldTurn(() => log.push('three turns later'))))
    }, 10)
    clock.callLater(() => log.push('at 11'), 11)

    await clock.run()

    expect(log).toEqual(['three turns later', 'at 11'])
  })

  it('D4 calls what is set meanwhile for the same instant in a further round, at the same time', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => {
      log.push('first')
      clock.callLater(() => log.push(`further round at ${clock.now()}`), 0)
      queueMicrotask(() => log.push('microtask'))
    }, 10)
    clock.callLater(() => log.push('second'), 10)

    await clock.run()

    expect(log).toEqual(['first', 'second', 'microtask', 'further round at 10'])
  })

  it('D4 calls what is set in a microtask for the same instant before a later one', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => {
      queueMicrotask(() => clock.callLater(() => log.push(`at ${clock.now()} again`), 0))
    }, 10)
    clock.callLater(() => log.push(`at ${clock.now()}`), 10.5)

    await clock.run()

    expect(log).toEqual(['at 10 again', 'at 10.5'])
  })

  it('rejects the move with what a callback throws, and takes the rest in the next move', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    clock.callLater(() => {
      throw boom
    }, 10)
    clock.callLater(() => log.push(`rest at ${clock.now()}`), 10)

    await expect(clock.run()).rejects.toBe(boom)
    expect(await clock.run()).toBe(10)

    expect(log).toEqual(['rest at 10'])
  })
})

describe('VirtualClock.sleep()', () => {
  it('R20 waits on this clock', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    void clock.sleep(10).then(() => log.push(clock.now()))

    await clock.run()

    expect(log).toEqual([10])
  })

  it('R15 takes a signal', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const promise = clock.sleep(10, { signal: controller.signal })

    controller.abort('enough')

    await expect(promise).rejects.toBe('enough')
    expect(await clock.run()).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('throws for a wrong time or option, as sleep() does', () => {
    const clock = new VirtualClock()

    expect(() => clock.sleep(-1)).toThrow(RangeError)
    expect(() => clock.sleep(1, { signal: {} as never })).toThrow(/^Expected `signal` to be /)
  })
})

describe('A program under a VirtualClock', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('R20 S10 takes exactly the time of the longest task, and is the same each time', async () => {
    const first = await chapter()
    const second = await chapter()

    expect(first).toEqual([
      '0: Task 1 Start',
      '0: Task 2 Start',
      '0: Main Start',
      '500: Main Complete',
      '1000: Task 1 Complete',
      '1000: Task 2 Complete',
    ])
    expect(second).toEqual(first)
  })

  it('R20 is not disturbed by the fake timers of the test runner', async () => {
    vi.useFakeTimers()

    expect(await chapter()).toHaveLength(6)
  })
})

/** The chapter's program: two tasks of a second, and half a second of main's own work. */
async function chapter(): Promise<readonly string[]> {
  const clock = new VirtualClock()
  const scheduler = new Scheduler({ clock })
  const log: string[] = []
  const work = (name: string, milliseconds: number) =>
    scheduler.spawn(async ({ sleep }) => {
      log.push(`${clock.now()}: ${name} Start`)
      await sleep(milliseconds)
      log.push(`${clock.now()}: ${name} Complete`)
    })
  const all = gather(work('Task 1', 1000), work('Task 2', 1000), work('Main', 500))
  await clock.run()
  await all
  return log
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null
}
