import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { stopRealTime } from '../support/real-time.ts'
import { jobs, run, simulate } from '../support/simulation.ts'

stopRealTime()

const RUNS = { numRuns: 150 }
const rates = fc.record({
  limit: fc.integer({ min: 1, max: 4 }),
  interval: fc.integer({ min: 1, max: 2_000_000 }),
})
const slots = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 4 }))

describe('the starts of a scheduler with a rate', () => {
  it('R19 are never more than `limit` in any half-open interval, whatever fails and is cancelled', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, slots, rates, async (list, concurrency, rate) => {
        const { starts } = await run(list, { concurrency, rate })

        for (const [index, start] of starts.entries()) {
          const next = starts[index + rate.limit] ?? Infinity
          expect(next - start).toBeGreaterThanOrEqual(rate.interval)
        }
      }),
      RUNS,
    )
  })

  it('R2 R4 R19 are always those of a simulation: none too early, none too late, none out of order', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, slots, rates, async (list, concurrency, rate) => {
        const expected = simulate(list, { concurrency, rate })
        fc.pre(expected !== undefined)

        expect(await run(list, { concurrency, rate })).toEqual(expected)
      }),
      RUNS,
    )
  })
})
