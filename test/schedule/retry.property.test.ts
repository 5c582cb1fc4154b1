import fc from 'fast-check'
import { backoff, Scheduler, type TaskContext } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { stopRealTime } from '../support/real-time.ts'
import { jobs, run, simulate } from '../support/simulation.ts'

stopRealTime()

const slots = fc.oneof(fc.constant(Infinity), fc.integer({ min: 1, max: 4 }))

describe('calls that are tried again', () => {
  it('R2 R4 R19 always start, end and settle as in a simulation, whatever fails and is cancelled', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, slots, async (list, concurrency) => {
        const expected = simulate(list, { concurrency })
        fc.pre(expected !== undefined)

        expect(await run(list, { concurrency })).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('R19 always make one attempt more than there are failures, within the limit, and lose no error', async () => {
    const failures = fc.array(fc.string(), { maxLength: 6 })
    await fc.assert(
      fc.asyncProperty(failures, fc.nat({ max: 6 }), async (messages, retries) => {
        const clock = new VirtualClock()
        const errors = messages.map((message) => new Error(message))
        let attempts = 0
        const future = new Scheduler({ clock }).spawn(
          () => {
            const error = errors[attempts++]
            if (error !== undefined) throw error
            return 'fine'
          },
          { retry: { retries, delay: backoff() } },
        )
        future.catch(() => {})

        await clock.run()

        expect(attempts).toBe(Math.min(messages.length, retries) + 1)
        const last = errors[retries]
        expect([future.value, future.reason]).toEqual(
          last === undefined ? ['fine', undefined] : [undefined, last],
        )
        const earlier = (last as Partial<AggregateError> | undefined)?.errors
        expect(earlier ?? []).toEqual(last === undefined ? [] : errors.slice(0, retries))
      }),
      { numRuns: 100 },
    )
  })

  it('R19 wherever they are cancelled, always leave neither timer nor call, and start no more', async () => {
    await fc.assert(
      fc.asyncProperty(jobs, slots, fc.nat({ max: 3_000_000 }), async (list, concurrency, at) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ clock, concurrency })
        let starts = 0
        const early = list.filter(({ arrival }) => arrival < at)
        for (const { arrival, duration, failures, retries, delay, priority } of early) {
          let attempt = 0
          const body = async ({ sleep }: TaskContext): Promise<void> => {
            starts += 1
            await sleep(duration)
            if (attempt++ < failures) throw new Error('busy')
          }
          clock.callLater(() => {
            scheduler.spawn(body, { priority, retry: { retries, delay } }).catch(() => {})
          }, arrival)
        }
        await clock.advance(at)
        const before = starts

        scheduler.cancel()

        expect(await clock.run()).toBe(at)
        expect([starts, scheduler.queued, scheduler.running]).toEqual([before, 0, 0])
      }),
      { numRuns: 100 },
    )
  })
})
