import fc from 'fast-check'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

describe('VirtualClock, for every program of callbacks', () => {
  it('R20 always calls back in the order of time, and within an instant in the order of setting', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(plans(), { maxLength: 8 }), async (program) => {
        const clock = new VirtualClock()
        const log: string[] = []
        const set = (plan: Plan, path: string): void => {
          const cancel = clock.callLater(() => {
            log.push(`${path} at ${clock.now()}`)
            for (const [i, next] of plan.sets.entries()) set(next, `${path}/${i}`)
          }, plan.delay)
          if (plan.isCancelled) cancel()
        }
        for (const [i, plan] of program.entries()) set(plan, `${i}`)

        const end = await clock.run()

        const expected = simulate(program)
        expect(log).toEqual(expected.log)
        expect(end).toBe(expected.end)
      }),
    )
  })

  it('R20 always comes to the same log, in however many moves time is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(100), { maxLength: 10 }),
        fc.array(fc.nat(30), { maxLength: 10 }),
        async (delays, moves) => {
          const whole = await callsIn(delays, (clock) => clock.advance(1000))
          const cut = await callsIn(delays, async (clock) => {
            for (const move of moves) await clock.advance(move)
            await clock.advance(1000 - clock.now())
          })

          expect(cut).toEqual(whole)
        },
      ),
      { numRuns: 50 },
    )
  })
})

/** A callback: when it is due, and what it sets in its turn. */
interface Plan {
  readonly delay: number
  readonly isCancelled: boolean
  readonly sets: readonly Plan[]
}

function plans(): fc.Arbitrary<Plan> {
  return fc.letrec<{ plan: Plan }>((tie) => ({
    plan: fc.record({
      delay: fc.nat(3),
      isCancelled: fc.boolean(),
      sets: fc.oneof({ maxDepth: 3 }, fc.constant([]), fc.array(tie('plan'), { maxLength: 3 })),
    }),
  })).plan
}

/** The same on a sorted list, as plainly as can be. */
function simulate(program: readonly Plan[]): { log: readonly string[]; end: number } {
  const log: string[] = []
  let now = 0
  let waiting = program.map((plan, i) => ({ plan, path: `${i}`, due: plan.delay }))
  for (;;) {
    waiting = waiting.filter(({ plan }) => !plan.isCancelled).toSorted((a, b) => a.due - b.due)
    const next = waiting.shift()
    if (next === undefined) return { log, end: now }
    now = next.due
    log.push(`${next.path} at ${now}`)
    for (const [i, plan] of next.plan.sets.entries()) {
      waiting.push({ plan, path: `${next.path}/${i}`, due: now + plan.delay })
    }
  }
}

async function callsIn(
  delays: readonly number[],
  move: (clock: VirtualClock) => Promise<void>,
): Promise<readonly string[]> {
  const clock = new VirtualClock()
  const log: string[] = []
  for (const [i, delay] of delays.entries()) {
    clock.callLater(() => {
      log.push(`${i} at ${clock.now()}`)
    }, delay)
  }
  await move(clock)
  return [...log, `end at ${clock.now()}`]
}
