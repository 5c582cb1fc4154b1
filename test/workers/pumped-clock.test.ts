import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PumpedClock } from '../../src/workers/pumped-clock.ts'
import { describeClock } from '../conformance/clock-suite.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describeClock('PumpedClock', () => ({
  clock: new PumpedClock(),
  advance: async (milliseconds) => {
    await vi.advanceTimersByTimeAsync(milliseconds)
  },
}))

/** Time passes, and no timer comes: this thread is blocked. */
function block(milliseconds: number): void {
  const timers = vi.getTimerCount()
  now += milliseconds
  expect(vi.getTimerCount()).toBe(timers)
}

let now = 0

describe('PumpedClock, while its thread is blocked,', () => {
  beforeEach(() => {
    now = performance.now()
    vi.spyOn(performance, 'now').mockImplementation(() => now)
  })

  afterEach(() => {
    vi.restoreAllMocks()
  })

  it('calls back what is due when it is run by hand, in order, and nothing else', () => {
    const clock = new PumpedClock()
    const log: string[] = []
    clock.callLater(() => log.push('20'), 20)
    clock.callLater(() => log.push('10'), 10)
    clock.callLater(() => log.push('10 too'), 10)
    clock.callLater(() => log.push('30'), 30)

    clock.run()
    const atOnce = [...log]
    block(20)
    clock.run()
    clock.run()

    expect(atOnce).toEqual([])
    expect(log).toEqual(['10', '10 too', '20'])
    expect(clock.nextDue - now).toBe(10)
    block(10)
    clock.run()
  })

  it('says when the next one is due that was not cancelled', () => {
    const clock = new PumpedClock()
    const start = now

    const none = clock.nextDue
    const cancelFirst = clock.callLater(() => {}, 10)
    const cancelSecond = clock.callLater(() => {}, 20)
    const first = clock.nextDue
    cancelFirst()
    const second = clock.nextDue
    cancelSecond()

    expect([none, first - start, second - start, clock.nextDue]).toEqual([
      Infinity,
      10,
      20,
      Infinity,
    ])
  })

  it('never calls back what is due in infinite time, and sets no timer for it', () => {
    const clock = new PumpedClock()

    const cancel = clock.callLater(() => expect.unreachable(), Infinity)

    expect([clock.nextDue, vi.getTimerCount()]).toEqual([Infinity, 0])
    cancel()
  })

  it('goes on when a callback throws, which surfaces as an uncaught error', async () => {
    const clock = new PumpedClock()
    const log: string[] = []
    const error = new Error('boom')
    clock.callLater(() => {
      throw error
    }, 10)
    clock.callLater(() => log.push('second'), 10)

    const stray = await strayErrorsDuring(() => {
      block(10)
      clock.run()
      // Only real time brings the next turn of the event loop.
      vi.useRealTimers()
    })

    expect([log, stray]).toEqual([['second'], [error]])
  })

  it('leaves what a callback sets for a later run', () => {
    const clock = new PumpedClock()
    const log: string[] = []
    clock.callLater(() => {
      now += 1
      log.push('first')
      clock.callLater(() => log.push('second'), 0)
    }, 10)

    block(10)
    clock.run()
    const once = [...log]
    clock.run()

    expect([once, log]).toEqual([['first'], ['first', 'second']])
  })

  it('takes a run from inside a callback', () => {
    const clock = new PumpedClock()
    const log: string[] = []
    clock.callLater(() => {
      clock.run()
      log.push('first')
    }, 10)
    clock.callLater(() => log.push('second'), 10)

    block(10)
    clock.run()

    expect(log).toEqual(['second', 'first'])
  })

  it('has one timer at most, and none for what was cancelled or called', () => {
    const clock = new PumpedClock()

    const cancels = [30, 10, 20, 40].map((delay) => clock.callLater(() => {}, delay))
    const counts = [vi.getTimerCount()]
    for (const cancel of cancels) {
      cancel()
      counts.push(vi.getTimerCount())
    }
    clock.callLater(() => {}, 5)
    block(5)
    clock.run()

    expect([...counts, vi.getTimerCount()]).toEqual([1, 1, 1, 1, 0, 0])
  })

  it('always calls back what a sorted list says, by hand or by timer, however many are cancelled', () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ is: fc.constant('set'), n: fc.nat(30) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('set many'), n: fc.nat(30) }) },
      { weight: 3, arbitrary: fc.record({ is: fc.constant('cancel'), n: fc.nat(100) }) },
      { weight: 1, arbitrary: fc.record({ is: fc.constant('cancel many'), n: fc.nat(100) }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('block'), n: fc.nat(12) }) },
      { weight: 2, arbitrary: fc.record({ is: fc.constant('run'), n: fc.constant(0) }) },
    )

    fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const clock = new PumpedClock()
        const called: number[] = []
        const cancels: (() => void)[] = []
        const model: { id: number; due: number }[] = []
        const expected: number[] = []
        const set = (delay: number): void => {
          const id = cancels.length
          cancels.push(clock.callLater(() => called.push(id), delay))
          model.push({ id, due: now + delay })
        }
        const cancel = (id: number): void => {
          cancels[id]?.()
          const at = model.findIndex((one) => one.id === id)
          if (at >= 0) model.splice(at, 1)
        }

        for (const { is, n } of [...steps, { is: 'block', n: 100 }, { is: 'run', n: 0 }]) {
          if (is === 'set') set(n)
          else if (is === 'set many') for (let i = 0; i < 50; i++) set((i * n) % 31)
          else if (is === 'cancel') cancel(cancels.length - n)
          else if (is === 'cancel many') for (let i = 0; i < n; i++) cancel(cancels.length - i)
          else if (is === 'block') block(n)
          else {
            clock.run()
            const due = model.filter((one) => one.due <= now)
            due.sort((a, b) => a.due - b.due || a.id - b.id)
            for (const { id } of due) {
              expected.push(id)
              cancel(id)
            }
          }
          expect(called).toEqual(expected)
          expect(clock.nextDue).toBe(Math.min(Infinity, ...model.map(({ due }) => due)))
        }

        expect(vi.getTimerCount()).toBe(0)
      }),
      { numRuns: 150 },
    )
  })
})
