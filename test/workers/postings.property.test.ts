import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Run } from '../../src/schedule/executor.ts'
import { Board } from '../../src/workers/board.ts'
import { Postings } from '../../src/workers/postings.ts'
import { RemoteCall } from '../../src/workers/remote-call.ts'
import type { Roster } from '../../src/workers/roster.ts'

/** Calls whose arguments fit on the board need threads only to take them. */
const roster = {
  sleeper: () => undefined,
  numberOf: () => 0,
} as unknown as Roster

/** One thread that takes calls, and a program that makes them. */
class Workplace {
  /** How often two calls were compared. */
  compared = 0
  readonly begun: number[] = []
  readonly board = new Board(1)
  readonly postings = new Postings(this.board, roster, 1, () => expect.unreachable())
  #orders = 0

  call(priority: number): RemoteCall {
    const call = new RemoteCall('work', [1], { priority }, this.#orders++)
    Object.defineProperty(call, 'priority', {
      get: () => {
        this.compared += 0.5
        return priority
      },
    })
    this.postings.add(call)
    return call
  }

  /** The scheduler gives a call one of its slots. */
  giveTurn(call: RemoteCall): void {
    call.run = {} as Run
    if (call.slot < 0) this.postings.add(call)
    else this.postings.bring(call)
  }

  /** The thread begins the next call; gives its place in the order of the calls. */
  begin(): RemoteCall | undefined {
    const slot = this.board.claim(0, () => true)
    if (slot < 0) return undefined
    const call = this.postings.callIn(slot) as RemoteCall
    this.board.begin(slot, 0)
    this.begun.push(call.order)
    return call
  }

  /** The thread ends a call, and the program hears of it. */
  end(call: RemoteCall | undefined): void {
    if (call === undefined) return
    const { slot } = call
    this.board.finish(slot)
    expect(this.board.takeFinished()).toEqual([slot])
    this.postings.detach(call)
    this.postings.free(slot)
    this.postings.fillBoard()
  }

  drop(call: RemoteCall): void {
    if (call.slot >= 0 && !this.postings.takeBack(call)) return
    this.postings.drop(call)
    this.postings.fillBoard()
  }
}

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ is: fc.constant('call'), n: fc.integer({ min: -2, max: 2 }) }),
  },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('begin'), n: fc.constant(0) }) },
  { weight: 3, arbitrary: fc.record({ is: fc.constant('end'), n: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('drop'), n: fc.nat(50) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant('turn'), n: fc.nat(50) }) },
)

describe('calls on the board, for every program', () => {
  it('R2 always begin in the order of priority, then of the calls, and none that nobody wants', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
        const place = new Workplace()
        // Those whose turn has come first.
        const waiting: { call: RemoteCall; priority: number }[] = []
        const running: RemoteCall[] = []
        let turns = 0
        const begin = (): RemoteCall | undefined => {
          const call = place.begin()
          expect(call?.order).toBe(waiting.shift()?.call.order)
          if (call !== undefined) running.push(call)
          return call
        }

        for (const { is, n } of steps) {
          const [one] = waiting.length > 0 ? [waiting[n % waiting.length]] : []
          if (is === 'call') {
            waiting.push({ call: place.call(n), priority: n })
            waiting.sort((a, b) => b.priority - a.priority || a.call.order - b.call.order)
          } else if (is === 'begin') begin()
          else if (is === 'end') place.end(running.splice(n % (running.length || 1), 1)[0])
          else if (one !== undefined && is === 'drop') {
            waiting.splice(waiting.indexOf(one), 1)
            place.drop(one.call)
          } else if (is === 'turn') {
            // As the scheduler does it, in the same order.
            const next = waiting.find(({ call }) => call.run === undefined)
            if (next === undefined) continue
            next.priority = 1e9 - turns++
            place.giveTurn(next.call)
          }
        }
        while (waiting.length > 0) {
          begin()
          place.end(running.pop())
        }

        expect(waiting).toEqual([])
      }),
      { numRuns: 300 },
    )
  })

  it.each([
    ['one', () => 0, 3],
    ['two, in turns,', (i: number) => i % 2, 300],
    ['many', (i: number) => (i * 7919) % 1009, 300],
  ])(
    'are compared a few times each, however many wait: with %s priorities',
    (_, priority, most) => {
      const place = new Workplace()

      for (let i = 0; i < 3000; i++) {
        place.call(priority(i))
        // A thread that is slower than the program.
        if (i % 3 === 0) place.end(place.begin())
      }

      expect(place.compared / 3000).toBeLessThan(most)
      // All the others come in the end, in their order.
      const before = new Set(place.begun.splice(0))
      const others = Array.from({ length: 3000 }, (_, i) => i).filter((i) => !before.has(i))
      for (const _ of others) place.end(place.begin())
      expect(place.begun).toEqual(others.toSorted((a, b) => priority(b) - priority(a) || a - b))
    },
  )
})
