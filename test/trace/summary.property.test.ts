import fc from 'fast-check'
import { gather, Scheduler } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { grahamBound, listSchedule } from '../oracle/list-schedule.ts'
import { stopRealTime } from '../support/real-time.ts'
import { oneAfterAnother, record, work } from './recordings.ts'

const RUNS = { numRuns: 60 }
const durations = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 12 })
const slots = fc.integer({ min: 1, max: 5 })

describe('timeline.summary', () => {
  stopRealTime()

  it('R21 S11 always gives the makespan of the list schedule, between the ideal and Graham’s bound', async () => {
    await fc.assert(
      fc.asyncProperty(durations, slots, async (list, c) => {
        const { spans, summary } = await record(({ limited }) => {
          const scheduler = limited(c)
          gather(list.map((duration) => work({ scheduler }, 'work', duration)))
        })

        const jobs = list.map((duration) => ({ arrival: 0, duration, priority: 0 }))
        const simulated = listSchedule(jobs, c)
        const recorded = spans.slice(0, -1).map(({ start, end }, job) => ({ job, start, end }))
        const sum = list.reduce((a, b) => a + b, 0)
        expect(recorded).toEqual(simulated)
        expect(summary.wall).toBe(Math.max(...simulated.map(({ end }) => end)))
        expect(summary.work).toBe(sum)
        expect(summary.ideal).toBeLessThanOrEqual(summary.wall)
        expect(summary.ideal).toBeCloseTo(Math.max(sum / c, ...list))
        expect(summary.bound).toBeCloseTo(Math.max(grahamBound(list, c), ...list))
        expect(summary.bound).toBeGreaterThanOrEqual(summary.wall - 1e-9)
        expect(summary.overhead).toBeCloseTo(summary.wall - summary.ideal)
        expect(summary.peak).toBe(Math.min(c, list.length))
        expect(summary.mean).toBeCloseTo(sum / summary.wall)
        expect(summary.queueWait).toBe(simulated.reduce((wait, { start }) => wait + start, 0))
      }),
      RUNS,
    )
  })

  it('S10 always gives a speed-up of sum over longest when gathered, and of 1 one after another', async () => {
    await fc.assert(
      fc.asyncProperty(durations, async (list) => {
        const together = await record((stage) => {
          gather(list.map((duration) => work(stage, 'work', duration)))
        })
        const apart = await record(async (stage) => {
          for (const duration of list) await work(stage, 'work', duration)
        })

        const sum = list.reduce((a, b) => a + b, 0)
        expect(together.summary.wall).toBe(Math.max(...list))
        expect(together.summary.speedup).toBeCloseTo(sum / Math.max(...list))
        expect(apart.summary.wall).toBe(sum)
        expect(apart.summary.speedup).toBe(1)
        expect([apart.summary.peak, apart.summary.ideal]).toEqual([1, Math.max(...list)])
      }),
      RUNS,
    )
  })

  it('always knows what a rate lets start, with or without a limit', async () => {
    const shape = fc.record({
      list: durations,
      limit: fc.integer({ min: 1, max: 4 }),
      interval: fc.integer({ min: 1, max: 60 }),
      concurrency: fc.option(slots, { nil: Infinity }),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ list, limit, interval, concurrency }) => {
        const { summary } = await record(({ clock }) => {
          const scheduler = new Scheduler({ clock, concurrency, rate: { limit, interval } })
          for (const ms of list) work({ scheduler }, 'work', ms)
        })

        const lastStart = Math.floor((list.length - 1) / limit) * interval
        expect(summary.ideal).toBeLessThanOrEqual(summary.wall)
        expect(summary.ideal).toBeGreaterThanOrEqual(lastStart + Math.min(...list))
        expect(summary.bound).toBeGreaterThanOrEqual(summary.wall - 1e-9)
        // Without a limit, the longest first is the best order.
        const isBest = list.every((ms, i) => i === 0 || ms <= (list[i - 1] as number))
        if (isBest && concurrency === Infinity) expect(summary.ideal).toBe(summary.wall)
      }),
      RUNS,
    )
  })

  it('always takes for possible at least the longest chain of calls that need each other', async () => {
    const chains = fc.array(durations, { minLength: 1, maxLength: 3 })
    await fc.assert(
      fc.asyncProperty(chains, fc.boolean(), async (lists, isWithin) => {
        const { summary } = await record(async ({ clock, scheduler }) => {
          const run = async () => {
            for (const list of lists) {
              let last: unknown
              for (const ms of list) {
                const step = scheduler.task(async (_needed: unknown) => {
                  await clock.sleep(ms)
                  return { key: Symbol('new') }
                })
                last = await step(last)
              }
            }
          }
          await (isWithin ? scheduler.spawn(run) : run())
        })

        const longest = Math.max(...lists.map((list) => list.reduce((a, b) => a + b, 0)))
        expect(summary.ideal).toBe(longest)
        expect(summary.bound).toBeGreaterThanOrEqual(longest)
      }),
      RUNS,
    )
  })

  it('never counts the time in which a body waits for calls of its own as work', async () => {
    const shape = fc.record({
      before: fc.nat({ max: 20 }),
      inner: durations,
      after: fc.nat({ max: 20 }),
    })
    await fc.assert(
      fc.asyncProperty(shape, fc.boolean(), async ({ before, inner, after }, isGathered) => {
        const { summary } = await record(({ clock, scheduler }) => {
          scheduler.spawn(
            async () => {
              await clock.sleep(before)
              const call = (duration: number) => work({ scheduler }, 'inner', duration)
              if (isGathered) await gather(inner.map(call))
              else for (const duration of inner) await call(duration)
              await clock.sleep(after)
            },
            { name: 'outer' },
          )
        })

        expect(summary.work).toBe(before + inner.reduce((a, b) => a + b, 0) + after)
        expect(summary.ideal).toBe(before + Math.max(...inner) + after)
        expect(summary.peak).toBe(isGathered ? inner.length : 1)
        expect(summary.mean).toBeCloseTo(summary.work / summary.wall)
      }),
      RUNS,
    )
  })
})

describe('the verdict', () => {
  stopRealTime()

  it('says that nothing was called', async () => {
    expect((await record(() => {})).summary.verdict).toBe('Nothing was called.')
  })

  it('says how fast it was, and whether it could have been faster', async () => {
    const verdict = async (...[program]: Parameters<typeof record>) =>
      (await record(program)).summary.verdict

    expect(await verdict((stage) => work(stage, 'only', 1200))).toBe(
      '1 200 ms of work in 1 200 ms.',
    )
    expect(await verdict(oneAfterAnother)).toBe(
      '2 500 ms of work in 2 500 ms: nothing overlapped. 1 000 ms would have been possible.',
    )
    expect(await verdict((stage) => gather(work(stage, 'a', 1000), work(stage, 'b', 1000)))).toBe(
      '2 000 ms of work in 1 000 ms: 2 times as fast as one after the other, which is the ideal.',
    )
    expect(
      await verdict(({ limited }) => {
        const scheduler = limited(2)
        for (const ms of [10, 10, 40]) work({ scheduler }, 'work', ms)
      }),
    ).toBe('60 ms of work in 50 ms: 1.2 times as fast as one after the other. The ideal is 40 ms.')
  })

  it('blames nobody for a call that needs what the one before gave', async () => {
    const { verdict } = (
      await record(async ({ scheduler, clock }) => {
        const getUser = scheduler.task(() => clock.sleep(100).then(() => ({ id: 7 })))
        const getOrders = scheduler.task((_user: object) => clock.sleep(100))
        await getOrders(await getUser())
      })
    ).summary

    expect(verdict).toBe('200 ms of work in 200 ms: nothing overlapped.')
  })

  it('never says "1 times as fast"', async () => {
    const { verdict } = (
      await record(async (stage) => {
        const long = work(stage, 'long', 1000)
        await work(stage, 'short', 1)
        await long
      })
    ).summary

    expect(verdict).toBe(
      '1 001 ms of work in 1 000 ms: no faster than one after the other; nor could it have been.',
    )
  })
})
