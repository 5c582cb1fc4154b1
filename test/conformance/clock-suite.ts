import fc from 'fast-check'
import type { Clock } from 'gatherly'
import { describe, expect, it } from 'vitest'

/** A clock, and the way to let its time pass. */
export interface ClockUnderTest {
  readonly clock: Clock
  /** Lets exactly so many milliseconds pass, with everything that is due in them. */
  advance(milliseconds: number): Promise<void>
}

/** What every implementation of `Clock` must do. */
export function describeClock(name: string, open: () => ClockUnderTest): void {
  describe(`${name}, as a Clock,`, () => {
    it('tells a time that goes on as time passes, and never backwards', async () => {
      const { clock, advance } = open()
      const start = clock.now()

      await advance(0)
      const soon = clock.now()
      await advance(250)

      expect(soon - start).toBe(0)
      expect(clock.now() - start).toBe(250)
    })

    it('calls back once, after the delay and not before', async () => {
      const { clock, advance } = open()
      const start = clock.now()
      const calls: number[] = []
      clock.callLater(() => calls.push(clock.now() - start), 100)

      await advance(99)
      const before = [...calls]
      await advance(1)
      await advance(1000)

      expect(before).toEqual([])
      expect(calls).toEqual([100])
    })

    it('calls back with nothing', async () => {
      const { clock, advance } = open()
      const calls: unknown[][] = []

      clock.callLater((...args: unknown[]) => calls.push(args), 5)
      await advance(5)

      expect(calls).toEqual([[]])
    })

    it.each([0, -1, 0.25])('never calls back inside the call, for a delay of %d', async (delay) => {
      const { clock, advance } = open()
      const start = clock.now()
      const log: unknown[] = []

      clock.callLater(() => log.push('called', clock.now() >= start), delay)
      log.push('set')
      await advance(1)

      expect(log).toEqual(['set', 'called', true])
    })

    it('does not call back before a fraction of a millisecond is over', async () => {
      const { clock, advance } = open()
      const start = clock.now()
      const calls: number[] = []

      clock.callLater(() => calls.push(clock.now() - start), 10.5)
      await advance(11)

      expect(calls).toHaveLength(1)
      expect(calls[0]).toBeGreaterThanOrEqual(10.5)
    })

    it('calls back in the order of the delays, and for equal ones in the order they were set', async () => {
      const { clock, advance } = open()
      const log: string[] = []
      clock.callLater(() => log.push('30'), 30)
      clock.callLater(() => log.push('10, first'), 10)
      clock.callLater(() => log.push('20'), 20)
      clock.callLater(() => log.push('10, second'), 10)

      await advance(30)

      expect(log).toEqual(['10, first', '10, second', '20', '30'])
    })

    it('does not call back once that was cancelled', async () => {
      const { clock, advance } = open()
      const log: string[] = []
      const cancel = clock.callLater(() => log.push('cancelled'), 10)
      clock.callLater(() => log.push('other'), 10)

      cancel()
      await advance(10)

      expect(log).toEqual(['other'])
    })

    it('takes a cancel twice, late, and from inside the callback', async () => {
      const { clock, advance } = open()
      const log: string[] = []
      const twice = clock.callLater(() => log.push('cancelled'), 10)
      const inside = clock.callLater(() => {
        inside()
        log.push('inside')
      }, 10)
      const late = clock.callLater(() => log.push('late'), 10)

      twice()
      twice()
      await advance(10)
      late()
      clock.callLater(() => log.push('set afterwards'), 10)
      late()
      await advance(10)

      expect(log).toEqual(['inside', 'late', 'set afterwards'])
    })

    it('takes a cancel from another callback of the same instant', async () => {
      const { clock, advance } = open()
      const log: string[] = []
      clock.callLater(() => {
        log.push('first')
        cancelSecond()
      }, 10)
      const cancelSecond = clock.callLater(() => log.push('second'), 10)

      await advance(20)

      expect(log).toEqual(['first'])
    })

    it('counts the delay of what a callback sets from the time of that callback', async () => {
      const { clock, advance } = open()
      const start = clock.now()
      const calls: number[] = []
      clock.callLater(() => {
        clock.callLater(() => calls.push(clock.now() - start), 20)
      }, 10)

      await advance(100)

      expect(calls).toEqual([30])
    })

    it('R20 waits longer than the timers of the platform can: no callback comes early', async () => {
      const { clock, advance } = open()
      const start = clock.now()
      const year = 365 * DAY
      const calls: number[] = []
      const note = () => calls.push((clock.now() - start) / DAY)
      clock.callLater(note, year)
      clock.callLater(note, LONGEST_TIMER)
      clock.callLater(note, LONGEST_TIMER + 1)
      clock.callLater(note, 2 * LONGEST_TIMER)

      await advance(LONGEST_TIMER - 1)
      const early = [...calls]
      await advance(year)

      expect(early).toEqual([])
      expect(calls).toEqual([
        LONGEST_TIMER / DAY,
        (LONGEST_TIMER + 1) / DAY,
        (2 * LONGEST_TIMER) / DAY,
        365,
      ])
    })

    it('R20 takes a cancel of such a long delay, at any time', async () => {
      const { clock, advance } = open()
      const calls: string[] = []
      const cancelEarly = clock.callLater(() => calls.push('early'), 100 * DAY)
      const cancelLate = clock.callLater(() => calls.push('late'), 100 * DAY)

      cancelEarly()
      await advance(60 * DAY)
      cancelLate()
      await advance(100 * DAY)

      expect(calls).toEqual([])
    })

    it('always calls back everything that was set and not cancelled, exactly when it is due', async () => {
      const step = fc.oneof(
        fc.record({ kind: fc.constant('set' as const), number: fc.nat(50) }),
        fc.record({ kind: fc.constant('cancel' as const), number: fc.nat(10) }),
        fc.record({ kind: fc.constant('advance' as const), number: fc.nat(20) }),
      )

      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 15 }), async (steps) => {
          const { clock, advance } = open()
          const start = clock.now()
          const calls: [id: number, at: number][] = []
          const cancels: (() => void)[] = []
          const model: { id: number; due: number; gone: boolean }[] = []
          let now = 0

          for (const { kind, number } of [...steps, { kind: 'advance', number: 50 }]) {
            if (kind === 'set') {
              const id = model.length
              cancels.push(clock.callLater(() => calls.push([id, clock.now() - start]), number))
              model.push({ id, due: now + number, gone: false })
            }
            if (kind === 'cancel') {
              const target = model[number]
              cancels[number]?.()
              // What was due has been called: the cancel came late.
              if (target !== undefined && !isCalled(target, calls)) target.gone = true
            }
            if (kind === 'advance') {
              await advance(number)
              now += number
            }
          }

          const expected = model.filter(({ gone }) => !gone).map(({ id, due }) => [id, due])
          expect(calls.toSorted(([a], [b]) => a - b)).toEqual(expected)
          expect(calls.map(([, at]) => at)).toEqual(calls.map(([, at]) => at).toSorted(byNumber))
        }),
        { numRuns: 50 },
      )
    })
  })
}

const DAY = 24 * 60 * 60 * 1000

/** The longest delay of `setTimeout`; a longer one makes it fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1

function isCalled({ id }: { id: number }, calls: readonly [id: number, at: number][]): boolean {
  return calls.some(([called]) => called === id)
}

function byNumber(a: number, b: number): number {
  return a - b
}
