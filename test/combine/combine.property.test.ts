import fc from 'fast-check'
import { any, asCompleted, CancelledError, Future, gather, gatherSettled, race } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

const RUNS = { numRuns: 80 }

interface Arrival {
  readonly at: number
  readonly how: 'fulfilled' | 'rejected' | 'cancelled'
}

const arrivals = fc.array(
  fc.record({
    at: fc.nat({ max: 6 }),
    how: fc.constantFrom('fulfilled' as const, 'rejected' as const, 'cancelled' as const),
  }),
  { maxLength: 8 },
)
/** When the combination is made: some inputs may have settled before. */
const start = fc.nat({ max: 6 })

interface Observed {
  readonly status: string
  readonly outcome: unknown
  readonly at: number
}

/** Futures that settle as told, and what `combine` makes of them at the instant `start`. */
async function observe(
  list: readonly Arrival[],
  start: number,
  combine: (futures: Future<number>[]) => Future<unknown>,
) {
  const clock = new VirtualClock()
  const futures = list.map(({ at, how }, index) => {
    const { future, resolve, reject } = Future.withResolvers<number>()
    const settle = {
      fulfilled: () => resolve(index),
      rejected: () => reject(index),
      cancelled: () => future.cancel(index),
    }
    clock.callLater(settle[how], at)
    return future
  })
  let settledTimes = 0
  let observed: Observed | undefined
  clock.callLater(() => {
    const all = combine(futures)
    all.onSettled(({ status, value, reason }) => {
      settledTimes += 1
      observed = { status, outcome: value ?? reason, at: clock.now() }
    })
    all.catch(() => {})
  }, start)
  await clock.run()
  for (const future of futures) future.catch(() => {})
  return { futures, observed, settledTimes }
}

/** The inputs in the order in which they settle. */
function inTime(list: readonly Arrival[]): (Arrival & { index: number })[] {
  return list
    .map((arrival, index) => ({ ...arrival, index }))
    .sort((a, b) => a.at - b.at || a.index - b.index)
}

describe('for every order of arrival', () => {
  it('R10 R11 gather always gives all values in argument order, or the first failure in time', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, start, async (list, from) => {
        const { observed, settledTimes } = await observe(list, from, (futures) => gather(futures))

        const failure = inTime(list).find(({ how }) => how !== 'fulfilled')
        const end = Math.max(from, failure?.at ?? Math.max(...list.map(({ at }) => at)))
        expect(observed).toEqual(
          failure
            ? { status: failure.how, outcome: failure.index, at: end }
            : { status: 'fulfilled', outcome: [...list.keys()], at: end },
        )
        expect(settledTimes).toBe(1)
      }),
      RUNS,
    )
  })

  it('R10 gatherSettled always gives every outcome in argument order, with the last input', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, start, async (list, from) => {
        const { observed, settledTimes } = await observe(list, from, (futures) =>
          gatherSettled(futures),
        )

        const outcomes = list.map(({ how }, index) =>
          how === 'fulfilled'
            ? { status: 'fulfilled', value: index }
            : { status: 'rejected', reason: index },
        )
        const at = Math.max(from, ...list.map((arrival) => arrival.at))
        expect(observed).toEqual({ status: 'fulfilled', outcome: outcomes, at })
        expect(settledTimes).toBe(1)
      }),
      RUNS,
    )
  })

  it('race always takes over the first input to settle in time', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, start, async (list, from) => {
        const { observed } = await observe(list, from, (futures) => race(futures))

        const first = inTime(list)[0]
        expect(observed).toEqual(
          first && { status: first.how, outcome: first.index, at: Math.max(from, first.at) },
        )
      }),
      RUNS,
    )
  })

  it('any always gives the first value in time, or all reasons in argument order', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, start, async (list, from) => {
        const { observed } = await observe(list, from, (futures) => any(futures))

        const first = inTime(list).find(({ how }) => how === 'fulfilled')
        const end = Math.max(from, first?.at ?? Math.max(...list.map(({ at }) => at)))
        expect(observed).toMatchObject(
          first
            ? { status: 'fulfilled', outcome: first.index, at: end }
            : { status: 'rejected', outcome: { errors: [...list.keys()] }, at: end },
        )
      }),
      RUNS,
    )
  })

  it('R11 cancelRest always cancels exactly what is unfinished when the first one fails', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, start, async (list, from) => {
        const { futures } = await observe(list, from, (inputs) =>
          gather(inputs, { cancelRest: true }),
        )

        const order = inTime(list)
        const failure = order.find(({ how }) => how !== 'fulfilled')
        // The inputs of an instant settle one by one, and before the gather that is made in it.
        const end = failure && (failure.at > from ? failure : { at: from, index: list.length })
        const expected = list.map(({ at }, index) =>
          end === undefined || at < end.at || (at === end.at && index <= end.index)
            ? index
            : 'CancelledError',
        )
        const seen = futures.map(({ value, reason }) =>
          reason instanceof CancelledError ? 'CancelledError' : (value ?? reason),
        )
        expect(seen).toEqual(expected)
      }),
      RUNS,
    )
  })

  it('asCompleted always gives every future once, in the order in which they settled', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, start, async (list, from) => {
        const order: unknown[] = []
        const { futures } = await observe(list, from, (inputs) => {
          const loop = async (): Promise<void> => {
            const completions = asCompleted(inputs)
            for (let next = await completions.next(); !next.done; next = await completions.next()) {
              order.push(next.value)
            }
          }
          return Future.resolve(loop())
        })

        expect(order).toEqual(inTime(list).map(({ index }) => futures[index]))
      }),
      RUNS,
    )
  })

  it('R14 a timeout always cancels what is unfinished at that instant, and nothing else', async () => {
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 8 }), async (list, timeout) => {
        const clock = new VirtualClock()
        const futures = list.map(({ at }, index) => {
          const { future, resolve } = Future.withResolvers<number>()
          clock.callLater(() => resolve(index), at)
          return future
        })
        const all = gather(futures, { timeout, clock })

        await clock.run()

        // Set after the inputs: on a tie they settle first.
        const expected = list.map(({ at }) => (at <= timeout ? 'fulfilled' : 'cancelled'))
        expect(futures.map(({ status }) => status)).toEqual(expected)
        expect(all.status).toBe(expected.includes('cancelled') ? 'cancelled' : 'fulfilled')
      }),
      RUNS,
    )
  })
})
