import fc from 'fast-check'
import { type Future, Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

const RUNS = { numRuns: 80 }

/** Whatever the machine does meanwhile, the event loop turns only where the test wants it to. */
const STEADY = { slice: Number.POSITIVE_INFINITY }

const duration = fc.nat({ max: 20 })
const slots = fc.integer({ min: 1, max: 4 })
const calls = fc.array(
  fc.record({ at: fc.nat({ max: 30 }), duration, priority: fc.nat({ max: 2 }) }),
  { maxLength: 15 },
)
const limits = fc.array(fc.record({ at: fc.nat({ max: 40 }), slots }), { maxLength: 4 })

describe('a scheduler, for every order of calls', () => {
  it('R4 never runs more bodies than its limit allows while that changes', async () => {
    await fc.assert(
      fc.asyncProperty(calls, limits, async (list, changes) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ ...STEADY, clock, concurrency: 2 })
        let executing = 0
        const excesses: string[] = []
        for (const { at, slots: concurrency } of changes) {
          clock.callLater(() => {
            scheduler.concurrency = concurrency
          }, at)
        }
        for (const call of list) {
          clock.callLater(() => {
            scheduler.spawn(
              async () => {
                executing += 1
                if (executing > scheduler.concurrency)
                  excesses.push(`${executing} at ${clock.now()}`)
                await clock.sleep(call.duration)
                executing -= 1
              },
              { priority: call.priority },
            )
          }, call.at)
        }

        await clock.run()

        expect(excesses).toEqual([])
        expect([executing, scheduler.running, scheduler.queued]).toEqual([0, 0, 0])
      }),
      RUNS,
    )
  })

  it('R4 never leaves a slot free while somebody waits', async () => {
    await fc.assert(
      fc.asyncProperty(calls, limits, async (list, changes) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ ...STEADY, clock, concurrency: 2 })
        const idlenesses: string[] = []
        for (const { at, slots: concurrency } of changes) {
          clock.callLater(() => {
            scheduler.concurrency = concurrency
          }, at)
        }
        for (const call of list) {
          clock.callLater(() => scheduler.spawn(() => clock.sleep(call.duration)), call.at)
        }
        for (let at = 0; at < 60; at++) {
          clock.callLater(() => {
            // Whatever was called or changed in this instant has had its microtask.
            setImmediate(() => {
              const free = scheduler.running < scheduler.concurrency
              if (free && scheduler.queued > 0) idlenesses.push(`at ${at}`)
            })
          }, at)
        }

        await clock.run()

        expect(idlenesses).toEqual([])
      }),
      RUNS,
    )
  })

  it('R2 always starts equal priorities in the order of their calls, pauses and cancels or not', async () => {
    const events = fc.array(
      fc.record({
        at: fc.nat({ max: 40 }),
        what: fc.constantFrom('pause' as const, 'resume' as const, 'cancel' as const),
        which: fc.nat({ max: 14 }),
      }),
      { maxLength: 8 },
    )
    await fc.assert(
      fc.asyncProperty(calls, slots, events, async (list, concurrency, happenings) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ ...STEADY, clock, concurrency })
        const started: number[] = []
        const futures: Future<unknown>[] = []
        const happen = {
          pause: () => scheduler.pause(),
          resume: () => scheduler.resume(),
          cancel: (which: number) => void futures[which]?.cancel(),
        }
        const inOrder = [...list].sort((a, b) => a.at - b.at)
        for (const [index, call] of inOrder.entries()) {
          clock.callLater(() => {
            futures[index] = scheduler.spawn(() => {
              started.push(index)
              return clock.sleep(call.duration)
            })
          }, call.at)
        }
        for (const { at, what, which } of happenings) {
          clock.callLater(() => happen[what](which), at)
        }
        clock.callLater(() => scheduler.resume(), 50)

        await clock.run()

        expect(started).toEqual([...started].sort((a, b) => a - b))
        expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
      }),
      RUNS,
    )
  })

  it('R13 never starts what was cancelled before, and always starts what was not', async () => {
    const withCancels = fc.array(
      fc.record({
        duration,
        cancelledAt: fc.option(fc.nat({ max: 40 }), { nil: Number.POSITIVE_INFINITY }),
      }),
      { maxLength: 12 },
    )
    await fc.assert(
      fc.asyncProperty(withCancels, slots, async (list, concurrency) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ ...STEADY, clock, concurrency })
        const started = new Map<number, number>()
        const futures = list.map((call, index) =>
          scheduler.spawn(async () => {
            started.set(index, clock.now())
            await clock.sleep(call.duration)
          }),
        )
        for (const [index, { cancelledAt }] of list.entries()) {
          clock.callLater(() => futures[index]?.cancel(), cancelledAt)
        }

        await clock.run()

        const wrong = list.filter(({ cancelledAt }, index) => {
          const start = started.get(index)
          return start === undefined
            ? cancelledAt === Number.POSITIVE_INFINITY
            : start > cancelledAt
        })
        expect(wrong).toEqual([])
        expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
      }),
      RUNS,
    )
  })

  it('R14 a timeout always counts from the start of the body, however long that waited', async () => {
    const timed = fc.array(fc.record({ duration, timeout: fc.integer({ min: 1, max: 20 }) }), {
      maxLength: 10,
    })
    await fc.assert(
      fc.asyncProperty(timed, slots, async (list, concurrency) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ ...STEADY, clock, concurrency })
        const settledAfter: number[] = []
        const futures = list.map(({ duration: milliseconds, timeout }, index) => {
          let start = 0
          const future = scheduler.spawn(
            async () => {
              start = clock.now()
              await clock.sleep(milliseconds)
            },
            { timeout },
          )
          future.onSettled(() => {
            settledAfter[index] = clock.now() - start
          })
          return future
        })

        await clock.run()

        // On a tie the timeout comes first: it was set first.
        expect(futures.map(({ status }) => status)).toEqual(
          list.map((call) => (call.duration < call.timeout ? 'fulfilled' : 'cancelled')),
        )
        expect(settledAfter).toEqual(list.map((call) => Math.min(call.duration, call.timeout)))
      }),
      RUNS,
    )
  })

  it('R3 lazy futures always start in the order of their collection, and no others', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc
          .nat({ max: 10 })
          .chain((count) =>
            fc.tuple(fc.constant(count), fc.shuffledSubarray([...Array(count).keys()])),
          ),
        slots,
        async ([count, collected], concurrency) => {
          const clock = new VirtualClock()
          const scheduler = new Scheduler({ ...STEADY, clock, concurrency, start: 'lazy' })
          const started: number[] = []
          const futures = Array.from({ length: count }, (_, index) =>
            scheduler.spawn(async () => {
              started.push(index)
              await clock.sleep(1)
            }),
          )
          for (const index of collected) futures[index]?.catch(() => {})

          await clock.run()

          expect(started).toEqual(collected)
          expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
        },
      ),
      RUNS,
    )
  })
})
