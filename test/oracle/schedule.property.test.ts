import fc from 'fast-check'
import * as gatherly from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import * as reference from '../../docs/reference/index.ts'
import { grahamBound, type Job, listSchedule } from './list-schedule.ts'

const RUNS = { numRuns: 60 }
const duration = fc.nat({ max: 50 })
const slots = fc.integer({ min: 1, max: 5 })
const jobs = fc.array(
  fc.record({
    arrival: fc.nat({ max: 60 }),
    duration,
    priority: fc.integer({ min: -1, max: 2 }),
  }),
  { maxLength: 20, size: 'max' },
)

const implementations = [
  { named: 'the package', ...gatherly },
  // The same signatures as far as these tests go, only looser.
  { named: 'the reference', ...(reference as unknown as typeof gatherly) },
]

describe.each(implementations)('$named', (implementation) => {
  const { Scheduler, Future, gather, gatherSettled, race, any, CancelledError } = implementation

  /** Runs jobs that arrive over time, and tells who started and ended when, in the order of the starts. */
  async function execute(list: readonly Job[], concurrency: number, options: object = {}) {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ ...options, clock, concurrency })
    const starts: { job: number; start: number; end: number }[] = []
    for (const [job, { arrival, duration, priority }] of list.entries()) {
      const body = async (): Promise<void> => {
        const entry = { job, start: clock.now(), end: Number.NaN }
        starts.push(entry)
        await clock.sleep(duration)
        entry.end = clock.now()
      }
      clock.callLater(() => scheduler.spawn(body, { priority }), arrival)
    }
    const end = await clock.run()
    return { starts, end }
  }

  const atOnce = (durations: readonly number[]): Job[] =>
    durations.map((duration) => ({ arrival: 0, duration, priority: 0 }))
  const makespan = async (durations: readonly number[], concurrency: number): Promise<number> =>
    (await execute(atOnce(durations), concurrency)).end
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)

  describe('starting', () => {
    it('R1 a deferred call never runs the body, and one `await null` later it has started', async () => {
      await fc.assert(
        fc.asyncProperty(slots, fc.nat({ max: 8 }), async (concurrency, calls) => {
          const clock = new VirtualClock()
          // Otherwise rule 7 may put a start off, depending on how fast this machine is just now.
          const scheduler = new Scheduler({ clock, concurrency, slice: Infinity })
          const started: number[] = []
          const order = Array.from({ length: calls }, (_, index) => index)

          const futures = order.map((index) =>
            scheduler.spawn(() => {
              started.push(index)
              return clock.sleep(1)
            }),
          )

          expect(started).toEqual([])
          expect(futures.map(({ status }) => status)).toEqual(order.map(() => 'scheduled'))
          expect(scheduler.queued).toBe(calls)
          await null
          expect(started).toEqual(order.slice(0, concurrency))
          await clock.run()
          expect(started).toEqual(order)
        }),
        RUNS,
      )
    })

    it('R2 bodies always start by priority, and in the order of their calls among equals', async () => {
      await fc.assert(
        fc.asyncProperty(jobs, slots, async (list, concurrency) => {
          const { starts } = await execute(list, concurrency)

          expect(starts).toEqual(listSchedule(list, concurrency))
        }),
        RUNS,
      )
    })

    it('R3 under "eager" a body starts inside its call as long as a slot is free and nobody waits', async () => {
      await fc.assert(
        fc.asyncProperty(slots, fc.nat({ max: 8 }), async (concurrency, calls) => {
          const clock = new VirtualClock()
          const scheduler = new Scheduler({ clock, concurrency, start: 'eager', slice: Infinity })

          const futures = Array.from({ length: calls }, () => scheduler.spawn(() => clock.sleep(1)))

          const inside = futures.filter(({ status }) => status === 'running').length
          expect(inside).toBe(Math.min(calls, concurrency))
          await clock.run()
        }),
        RUNS,
      )
    })

    it('R3 under "lazy" bodies start in the order of collection, and those never collected never do', async () => {
      const collections = fc
        .nat({ max: 8 })
        .chain((calls) =>
          fc.tuple(fc.constant(calls), fc.shuffledSubarray([...Array(calls).keys()])),
        )
      await fc.assert(
        fc.asyncProperty(collections, async ([calls, collected]) => {
          const clock = new VirtualClock()
          const scheduler = new Scheduler({ clock, concurrency: 1, start: 'lazy' })
          const started: number[] = []
          const futures = Array.from({ length: calls }, (_, index) =>
            scheduler.spawn(() => void started.push(index)),
          )

          await scheduler.idle()
          const all = gather(collected.map((index) => futures[index]))
          await clock.run()

          expect(started).toEqual(collected)
          expect(all.status).toBe('fulfilled')
          expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
        }),
        RUNS,
      )
    })

    it('R4 never more than c bodies execute', async () => {
      const change = fc.record({ at: fc.nat({ max: 60 }), to: slots })
      const cancel = fc.record({ at: fc.nat({ max: 60 }), job: fc.nat({ max: 19 }) })
      const changes = fc.array(change, { maxLength: 3 })
      const cancels = fc.array(cancel, { maxLength: 8 })
      await fc.assert(
        fc.asyncProperty(jobs, slots, changes, cancels, async (list, limit, sets, stops) => {
          const clock = new VirtualClock()
          const scheduler = new Scheduler({ clock, concurrency: limit })
          const futures: ReturnType<typeof scheduler.spawn>[] = []
          let executing = 0
          for (const { arrival, duration, priority } of list) {
            const body = async (): Promise<void> => {
              executing += 1
              expect(executing).toBeLessThanOrEqual(scheduler.concurrency)
              expect(scheduler.running).toBeLessThanOrEqual(scheduler.concurrency)
              // A body that has just returned is counted until the scheduler has heard of it.
              expect(scheduler.running).toBeGreaterThanOrEqual(executing)
              // Deaf to its signal: a cancelled body holds its slot until it has really ended.
              await clock.sleep(duration)
              executing -= 1
            }
            clock.callLater(() => futures.push(scheduler.spawn(body, { priority })), arrival)
          }
          for (const { at, job } of stops) clock.callLater(() => void futures[job]?.cancel(), at)
          for (const { at, to } of sets) {
            // Raised only: those that run already may stay when it is lowered.
            const raise = (): void => {
              scheduler.concurrency = Math.max(scheduler.concurrency, to)
            }
            clock.callLater(raise, at)
          }
          await clock.run()

          const failed = futures.filter(({ status }) => status === 'rejected')
          expect(failed.map(({ reason }) => reason)).toEqual([])
          expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
        }),
        RUNS,
      )
    })

    it('R7 however often the event loop is let turn between starts, order and times never change', async () => {
      await fc.assert(
        fc.asyncProperty(jobs, slots, async (list, concurrency) => {
          const { starts } = await execute(list, concurrency, { slice: 0 })

          expect(starts).toEqual(listSchedule(list, concurrency))
        }),
        RUNS,
      )
    })
  })

  describe('in time', () => {
    it('R21 the makespan is always exactly that of the list schedule, and within Graham’s bound', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(duration, { maxLength: 20 }), slots, async (durations, c) => {
          const simulated = listSchedule(atOnce(durations), c)

          const end = await makespan(durations, c)

          expect(end).toBe(Math.max(0, ...simulated.map((slot) => slot.end)))
          // The bound is a sum of fractions.
          expect(end).toBeLessThanOrEqual(grahamBound(durations, c) + 1e-9)
        }),
        RUNS,
      )
    })

    it('R21 with one slot the makespan is always the sum', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(duration, { maxLength: 20 }), async (durations) => {
          expect(await makespan(durations, 1)).toBe(sum(durations))
        }),
        RUNS,
      )
    })

    it('R21 with ample slots the makespan is always the longest', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(duration, { maxLength: 20 }), async (durations) => {
          const longest = Math.max(0, ...durations)

          expect(await makespan(durations, Math.max(1, durations.length))).toBe(longest)
          expect(await makespan(durations, Infinity)).toBe(longest)
        }),
        RUNS,
      )
    })
  })

  describe('the chapter’s program', () => {
    // Main is done before either task, and the first task not after the second.
    const durations = fc
      .tuple(fc.nat({ max: 1e6 }), fc.integer({ min: 1, max: 1e6 }), fc.nat({ max: 1e6 }))
      .map(([main, more, yetMore]) => ({ main, one: main + more, two: main + more + yetMore }))
    const inOrder = (order: string[], { main, one, two }: Record<string, number>): string[] => {
      const ends = { Main: main, 'Task 1': one, 'Task 2': two }
      return order.map((event) => {
        const [, who, what] = /^(.*) (Start|Complete)$/.exec(event) as unknown as string[]
        return `${what === 'Start' ? 0 : ends[who as keyof typeof ends]} ${event}`
      })
    }
    const S7 = [
      'Task 1 Start',
      'Task 2 Start',
      'Main Start',
      'Main Complete',
      'Task 1 Complete',
      'Task 2 Complete',
    ]

    function participants(clock: VirtualClock) {
      const events: string[] = []
      const act = async (who: string, milliseconds: number): Promise<string> => {
        events.push(`${clock.now()} ${who} Start`)
        await clock.sleep(milliseconds)
        events.push(`${clock.now()} ${who} Complete`)
        return who
      }
      return { events, act }
    }

    it('S7 S9 S10 main spawned as the third participant: always the six events in order, in the time of the longest', async () => {
      await fc.assert(
        fc.asyncProperty(durations, async (times) => {
          const clock = new VirtualClock()
          const { events, act } = participants(clock)
          const participant = new Scheduler({ clock }).task(act)

          const tasks = [participant('Task 1', times.one), participant('Task 2', times.two)]
          const main = participant('Main', times.main)
          const whileMainEnds = main.then(() => tasks.map(({ status }) => status))
          const results = gather(tasks)
          const wall = await clock.run()

          expect(events).toEqual(inOrder(S7, times))
          expect(await whileMainEnds).toEqual(['running', 'running'])
          expect(results.value).toEqual(['Task 1', 'Task 2'])
          expect(wall).toBe(times.two)
        }),
        RUNS,
      )
    })

    it('S7 S9 S10 under start "eager" with main inline: always the six events in order, in the time of the longest', async () => {
      await fc.assert(
        fc.asyncProperty(durations, async (times) => {
          const clock = new VirtualClock()
          const { events, act } = participants(clock)
          const participant = new Scheduler({ clock, start: 'eager', slice: Infinity }).task(act)

          const main = async (): Promise<unknown> => {
            const tasks = [participant('Task 1', times.one), participant('Task 2', times.two)]
            await act('Main', times.main)
            expect(tasks.map(({ status }) => status)).toEqual(['running', 'running'])
            return await gather(tasks)
          }
          const results = main()
          const wall = await clock.run()

          expect(events).toEqual(inOrder(S7, times))
          expect(await results).toEqual(['Task 1', 'Task 2'])
          expect(wall).toBe(times.two)
        }),
        RUNS,
      )
    })

    it('S4 deferred with main inline: a call runs none of the body, so Main Start always comes first', async () => {
      await fc.assert(
        fc.asyncProperty(durations, async (times) => {
          const clock = new VirtualClock()
          const { events, act } = participants(clock)
          const participant = new Scheduler({ clock }).task(act)

          const tasks = [participant('Task 1', times.one), participant('Task 2', times.two)]
          const main = act('Main', times.main)
          const results = gather(tasks)
          const wall = await clock.run()

          const [one, two, start, ...rest] = S7 as [string, string, string, ...string[]]
          expect(events).toEqual(inOrder([start, one, two, ...rest], times))
          expect(results.done).toBe(true)
          expect(wall).toBe(times.two)
          await main
        }),
        RUNS,
      )
    })

    it('S10 one after another it always takes the sum', async () => {
      await fc.assert(
        fc.asyncProperty(durations, async (times) => {
          const clock = new VirtualClock()
          const { events, act } = participants(clock)
          const participant = new Scheduler({ clock }).task(act)

          const main = async (): Promise<void> => {
            await participant('Task 1', times.one)
            await participant('Task 2', times.two)
            await act('Main', times.main)
          }
          void main()
          const wall = await clock.run()

          expect(wall).toBe(times.one + times.two + times.main)
          // Nobody overlaps: each starts after the one before is through.
          expect(events.map((event) => event.split(' ').at(-1))).toEqual(
            Array(3).fill(['Start', 'Complete']).flat(),
          )
        }),
        RUNS,
      )
    })
  })

  describe('any number of tasks', () => {
    // At least a millisecond each, so that each has an inside.
    const work = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 8 })

    function begin(durations: readonly number[], concurrency = Infinity) {
      const clock = new VirtualClock()
      const spans: { start: number; end: number }[] = []
      const act = async (milliseconds: number): Promise<number> => {
        const start = clock.now()
        await clock.sleep(milliseconds)
        spans.push({ start, end: clock.now() })
        return milliseconds
      }
      const task = new Scheduler({ clock, concurrency }).task(act)
      const futures = durations.map((milliseconds) => task(milliseconds))
      return { clock, spans, act, futures }
    }
    const overlap = (spans: readonly { start: number; end: number }[]): boolean =>
      Math.max(...spans.map(({ start }) => start)) < Math.min(...spans.map(({ end }) => end))

    it('S1 a call always returns at once, before its task has finished', async () => {
      await fc.assert(
        fc.asyncProperty(work, slots, async (durations, concurrency) => {
          const { clock, spans, futures } = begin(durations, concurrency)

          expect(clock.now()).toBe(0)
          expect(spans).toEqual([])
          expect(futures.every(({ done }) => !done)).toBe(true)
          await clock.run()
        }),
        RUNS,
      )
    })

    it('S2 S8 tasks and caller always overlap; one after another they never do', async () => {
      await fc.assert(
        fc.asyncProperty(work, fc.integer({ min: 1, max: 50 }), async (durations, own) => {
          const together = begin(durations)
          void together.act(own)
          await together.clock.run()
          const apart = begin([...durations, own], 1)
          await apart.clock.run()

          expect(overlap(together.spans)).toBe(true)
          const pairs = apart.spans.slice(1).map((span, index) => [apart.spans[index], span])
          expect(pairs.every((pair) => !overlap(pair as typeof apart.spans))).toBe(true)
        }),
        RUNS,
      )
    })

    it('S3 gather always waits until every task has finished, and no longer', async () => {
      await fc.assert(
        fc.asyncProperty(work, slots, async (durations, concurrency) => {
          const { clock, spans, futures } = begin(durations, concurrency)

          const finished = gather(futures).then(() => ({ at: clock.now(), tasks: spans.length }))
          const end = await clock.run()

          expect(await finished).toEqual({ at: end, tasks: durations.length })
        }),
        RUNS,
      )
    })

    it('S5 a value is always empty until its task has really finished', async () => {
      await fc.assert(
        fc.asyncProperty(work, async (durations) => {
          const { clock, futures } = begin(durations)

          while (futures.some(({ done }) => !done)) {
            const expected = durations.map((end) => (end <= clock.now() ? end : undefined))
            expect(futures.map(({ value }) => value)).toEqual(expected)
            await clock.advance(1)
          }

          expect(futures.map(({ value }) => value)).toEqual(durations)
        }),
        RUNS,
      )
    })

    it('S6 results can always be fetched later, in any order, and gather gives them in that of the arguments', async () => {
      await fc.assert(
        fc.asyncProperty(work, async (durations) => {
          const { clock, futures } = begin(durations)

          await clock.run()
          const results = futures.toReversed().map((future) => future.result())

          expect(results).toEqual(durations.toReversed())
          expect(await Promise.all(futures)).toEqual(durations)
          expect(gather(futures).value).toEqual(durations)
        }),
        RUNS,
      )
    })

    it('S12 bodies that block the thread never overlap on it', async () => {
      await fc.assert(
        fc.asyncProperty(fc.nat({ max: 8 }), async (calls) => {
          const log: string[] = []
          const numbers = [...Array(calls).keys()]
          const scheduler = new Scheduler({ clock: new VirtualClock() })
          const block = scheduler.task(async (number: number) => {
            log.push(`${number} starts`)
            // Whatever a body does without awaiting: nobody else can run meanwhile.
            log.push(`${number} ends`)
          })

          await gather(numbers.map((number) => block(number)))

          expect(log).toEqual(numbers.flatMap((number) => [`${number} starts`, `${number} ends`]))
        }),
        RUNS,
      )
    })
  })

  describe('settling', () => {
    it('R8 a future always settles once, as the first of all that try says', async () => {
      const attempt = fc.constantFrom('resolve', 'reject', 'cancel')
      await fc.assert(
        fc.asyncProperty(fc.array(attempt, { maxLength: 6 }), async (attempts) => {
          const { future, resolve, reject } = Future.withResolvers<string>()
          const heard: string[] = []
          future.onSettled(({ status }) => heard.push(status))
          future.then(undefined, () => {})

          const seen = attempts.map((what) => {
            if (what === 'resolve') resolve('value')
            else if (what === 'reject') reject('reason')
            else future.cancel('reason')
            return [future.status, future.value, future.reason]
          })

          const outcomes = {
            resolve: ['fulfilled', 'value', undefined],
            reject: ['rejected', undefined, 'reason'],
            cancel: ['cancelled', undefined, 'reason'],
          }
          const [first] = attempts
          expect(seen).toEqual(first ? attempts.map(() => outcomes[first]) : [])
          expect(heard).toEqual(first ? [outcomes[first][0]] : [])
        }),
        RUNS,
      )
    })

    it('R10 gather keeps argument order, never the order of completion', async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(duration, { maxLength: 12 }), slots, async (durations, c) => {
          const clock = new VirtualClock()
          const scheduler = new Scheduler({ clock, concurrency: c })
          const futures = durations.map((milliseconds, index) =>
            scheduler.spawn(() => clock.sleep(milliseconds).then(() => index)),
          )

          const list = gather(futures)
          const settled = gatherSettled(futures)
          const record = gather(Object.fromEntries(futures.entries()))
          const doneWithTheLast = list.then(() => clock.now())
          const end = await clock.run()

          expect(list.value).toEqual([...durations.keys()])
          expect(settled.value?.map((one) => Reflect.get(one, 'value'))).toEqual(list.value)
          expect(record.value).toEqual({ ...list.value })
          expect(await doneWithTheLast).toBe(end)
        }),
        RUNS,
      )
    })

    describe('with some that fail', () => {
      // No two at the same time, so that it is plain who is first.
      const runners = fc.uniqueArray(
        fc.record({ duration: fc.nat({ max: 30 }), fails: fc.boolean() }),
        { minLength: 1, maxLength: 8, selector: ({ duration }) => duration },
      )
      type Runner = { readonly duration: number; readonly fails: boolean }

      function start(list: readonly Runner[]) {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ clock })
        const futures = list.map(({ duration, fails }) =>
          scheduler.spawn(async () => {
            await clock.sleep(duration)
            if (fails) throw duration
            return duration
          }),
        )
        return { clock, futures }
      }
      const durations = (list: readonly Runner[]): number[] => list.map(({ duration }) => duration)
      const first = (list: readonly Runner[]): number | undefined =>
        list.length === 0 ? undefined : Math.min(...durations(list))
      const failing = (list: readonly Runner[]): Runner[] => list.filter(({ fails }) => fails)
      const succeeding = (list: readonly Runner[]): Runner[] => list.filter(({ fails }) => !fails)

      it('R11 gather always fails with the first failure in time, if there is one', async () => {
        await fc.assert(
          fc.asyncProperty(runners, async (list) => {
            const { clock, futures } = start(list)

            const outcome = gather(futures).then(
              (values) => ({ values }),
              (reason) => ({ reason, at: clock.now() }),
            )
            await clock.run()

            const reason = first(failing(list))
            const values = durations(list)
            expect(await outcome).toEqual(
              reason === undefined ? { values } : { reason, at: reason },
            )
          }),
          RUNS,
        )
      })

      it('R11 race always takes over the first to settle, any the first value or all the reasons', async () => {
        await fc.assert(
          fc.asyncProperty(runners, async (list) => {
            const { clock, futures } = start(list)

            const raced = race(futures).then(
              (value) => ({ value }),
              (reason) => ({ reason }),
            )
            const one = any(futures).then(
              (value) => ({ value }),
              (reason) => ({ errors: (reason as AggregateError).errors }),
            )
            await clock.run()

            const winner = first(list) as number
            const failed = durations(failing(list)).includes(winner)
            expect(await raced).toEqual(failed ? { reason: winner } : { value: winner })
            const value = first(succeeding(list))
            expect(await one).toEqual(value === undefined ? { errors: durations(list) } : { value })
          }),
          RUNS,
        )
      })

      it('R11 under cancelRest a failed gather always cancels whoever is not done, and names the failure', async () => {
        await fc.assert(
          fc.asyncProperty(runners, async (list) => {
            const { clock, futures } = start(list)

            gather(futures, { cancelRest: true }).catch(() => {})
            await clock.run()

            const cause = first(failing(list)) ?? Infinity
            const cancelled = futures.filter(({ status }) => status === 'cancelled')
            const later = durations(list).filter((duration) => duration > cause)
            expect(cancelled.length).toBe(later.length)
            for (const { reason } of cancelled) {
              expect(reason).toBeInstanceOf(CancelledError)
              expect(reason).toHaveProperty('cause', cause)
            }
          }),
          RUNS,
        )
      })
    })
  })
})
