import fc from 'fast-check'
import {
  any,
  asCompleted,
  type Future,
  gather,
  gatherSettled,
  race,
  Scheduler,
  type SchedulerOptions,
  spawn,
  TaskGroup,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

/** What a body does: works and calls others, then gives how many bodies it has results of, or fails. */
interface Plan {
  readonly on: number
  readonly priority: number
  readonly steps: readonly Step[]
  readonly fails: boolean
  readonly retries: number
}
interface Step {
  readonly work: number
  readonly how: keyof typeof WAYS
  readonly calls: readonly Plan[]
}

/** How a body calls others and waits for them. */
type Way = (world: World, step: Step, wait: Wait) => Promise<number>
type Wait = <T>(awaited: PromiseLike<T>) => Promise<T>

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0)
/** What counts for nothing, since it depends on who is first. */
const nothing = (): number => 0

const WAYS = {
  await: async (world, { calls }, wait) => {
    let all = 0
    for (const call of calls) all += await wait(world.call(call))
    return all
  },
  gather: async (world, { calls }, wait) => sum(await wait(gather(world.callAll(calls)))),
  gatherBackwards: async (world, { calls }, wait) =>
    sum(await wait(gather(world.callAll(calls).reverse()))),
  // Not `Promise.all`, which a failure ends before the body is known to wait no longer.
  promises: async (world, { calls }, wait) => {
    const ends = await wait(Promise.allSettled(world.callAll(calls)))
    return sum(ends.map((end) => (end.status === 'fulfilled' ? end.value : 0)))
  },
  settled: async (world, { calls }, wait) => {
    const ends = await wait(gatherSettled(world.callAll(calls)))
    return sum(ends.map((end) => (end.status === 'fulfilled' ? end.value : 0)))
  },
  race: (world, { calls }, wait) =>
    calls.length === 0
      ? Promise.resolve(0)
      : wait(race(world.callAll(calls))).then(nothing, nothing),
  any: (world, { calls }, wait) => wait(any(world.callAll(calls))).then(nothing, nothing),
  raceOff: (world, { calls }, wait) =>
    wait(any(world.callAll(calls), { cancelRest: true })).then(nothing, nothing),
  map: async (world, { calls }, wait) => sum(await wait(world.map(calls))),
  loop: async (world, { calls }, wait) => {
    const results = world.map(calls)[Symbol.asyncIterator]()
    for (let all = 0; ; ) {
      const { done, value } = await wait(results.next())
      if (done) return all
      all += value
    }
  },
  completed: async (world, { calls }, wait) => {
    const futures = asCompleted(world.callAll(calls))
    for (let all = 0; ; ) {
      const { done, value } = await wait(futures.next())
      if (done) return all
      all += value.status === 'fulfilled' ? value.result() : 0
    }
  },
  group: async (world, { calls }, wait) => {
    const group = new TaskGroup()
    const futures = calls.map((call) => group.add(world.call(call)))
    await wait({ then: (...both) => group.join().then(...both) } as PromiseLike<void>)
    return sum(futures.map((future) => future.result()))
  },
  between: (world, { calls }, wait) =>
    wait(spawn(async () => sum(await gather(world.callAll(calls))))),
  forget: async (world, { calls }) => {
    world.callAll(calls)
    return 0
  },
} satisfies Record<string, Way>

/** Ways in which a failure of a call is none of the body. */
const FORGIVING: readonly string[] = [
  'settled',
  'promises',
  'race',
  'any',
  'raceOff',
  'completed',
  'forget',
]
/** Ways to be given nothing. */
const GIVING_NOTHING: readonly string[] = ['race', 'any', 'raceOff', 'forget']

/** Plans whose calls nest at most so deep. */
const planOf = (depth: number): fc.Arbitrary<Plan> =>
  fc.record({
    on: fc.nat({ max: 1 }),
    priority: fc.nat({ max: 1 }),
    steps: fc.array(
      fc.record({
        work: fc.nat({ max: 5 }),
        how: fc.constantFrom(...(Object.keys(WAYS) as (keyof typeof WAYS)[])),
        calls: depth === 0 ? fc.constant([]) : fc.array(planOf(depth - 1), { maxLength: 3 }),
      }),
      { maxLength: 2 },
    ),
    fails: fc.nat({ max: 9 }).map((n) => n === 0),
    retries: fc.nat({ max: 1 }),
  })
const plans = fc.array(planOf(3), { minLength: 1, maxLength: 3 })
const slots = fc.integer({ min: 1, max: 3 })
const limit = fc.record({
  concurrency: slots,
  rate: fc.option(fc.record({ limit: slots, interval: slots }), { nil: undefined }),
})
const limits = fc.tuple(limit, limit)
const happenings = fc.array(
  fc.record({
    at: fc.nat({ max: 20 }),
    what: fc.constantFrom('cancel' as const, 'pause' as const, 'widen' as const),
    which: fc.nat({ max: 20 }),
  }),
  { maxLength: 4 },
)
type Happening = { at: number; what: 'cancel' | 'pause' | 'widen'; which: number }
type Limits = readonly Pick<SchedulerOptions, 'concurrency' | 'rate'>[]

class World {
  readonly clock = new VirtualClock()
  readonly schedulers: readonly Scheduler[]
  readonly futures: Future<number>[] = []
  /** Whenever more bodies executed than there are slots. */
  readonly excesses: string[] = []
  readonly #executing = [0, 0]

  constructor(limits: Limits, reentrant: boolean) {
    const slice = Number.POSITIVE_INFINITY
    this.schedulers = limits.map(
      (limit) => new Scheduler({ clock: this.clock, slice, reentrant, ...limit }),
    )
  }

  call(plan: Plan): Future<number> {
    const { on, priority, retries } = plan
    const retry = { retries, delay: 2 }
    const future = this.#scheduler(on).spawn(() => this.#run(plan, on), { priority, retry })
    // Collects it, and waits for nothing.
    gatherSettled([future])
    this.futures.push(future)
    return future
  }

  callAll(plans: readonly Plan[]): Future<number>[] {
    return plans.map((each) => this.call(each))
  }

  map(plans: readonly Plan[]) {
    return this.#scheduler(0).map(plans, (each) => this.#run(each, 0))
  }

  happen({ at, what, which }: Happening): void {
    const { clock } = this
    const scheduler = this.#scheduler(which % 2)
    clock.callLater(() => {
      if (what === 'cancel') this.futures[which]?.cancel()
      else if (what === 'widen') scheduler.concurrency += 1
      else {
        scheduler.pause()
        clock.callLater(() => scheduler.resume(), which)
      }
    }, at)
  }

  get left(): readonly number[] {
    return this.schedulers.flatMap(({ running, queued }) => [running, queued])
  }

  #scheduler(on: number): Scheduler {
    return this.schedulers[on] as Scheduler
  }

  async #run({ steps, fails }: Plan, on: number): Promise<number> {
    this.#goOn(on)
    const wait: Wait = async (awaited) => {
      this.#stop(on)
      try {
        return await awaited
      } finally {
        this.#goOn(on)
      }
    }
    try {
      let all = 1
      for (const step of steps) {
        await this.clock.sleep(step.work)
        all += await (WAYS[step.how] as Way)(this, step, wait)
      }
      if (fails) throw new Error('boom')
      return all
    } finally {
      this.#stop(on)
    }
  }

  #goOn(on: number): void {
    const executing = (this.#executing[on] as number) + 1
    this.#executing[on] = executing
    const { concurrency } = this.#scheduler(on)
    if (executing > concurrency) this.excesses.push(`${executing} at ${this.clock.now()}`)
  }

  #stop(on: number): void {
    this.#executing[on] = (this.#executing[on] as number) - 1
  }
}

/** What a plan gives unless something is cancelled; `undefined` if it fails. */
function resultOf({ steps, fails }: Plan): number | undefined {
  let all = 1
  for (const { how, calls } of steps) {
    const results = calls.map(resultOf)
    if (results.includes(undefined) && !FORGIVING.includes(how)) return undefined
    if (!GIVING_NOTHING.includes(how)) all += sum(results.map((result) => result ?? 0))
  }
  return fails ? undefined : all
}

describe('reentrant schedulers, whatever bodies call and wait for', () => {
  it('R22 always come to an end, and never execute more bodies than they have slots', async () => {
    await fc.assert(
      fc.asyncProperty(plans, limits, happenings, async (list, limits, events) => {
        const world = new World(limits, true)
        const roots = world.callAll(list)
        for (const happening of events) world.happen(happening)

        await world.clock.run()

        expect(world.futures.filter(({ done }) => !done)).toEqual([])
        expect(world.left).toEqual([0, 0, 0, 0])
        expect(world.excesses).toEqual([])
        if (events.some(({ what }) => what === 'cancel')) return
        expect(roots.map(({ value }) => value)).toEqual(list.map(resultOf))
      }),
      { numRuns: 400 },
    )
  })
})

describe('schedulers that are not reentrant, whatever bodies call and wait for', () => {
  it('R22 always come to an end, or the clock says that they cannot', async () => {
    await fc.assert(
      fc.asyncProperty(plans, limits, happenings, async (list, limits, events) => {
        const world = new World(limits, false)
        world.callAll(list)
        for (const happening of events) world.happen(happening)

        const end = await world.clock.run().catch((error: Error) => error.message)

        expect(world.excesses).toEqual([])
        const open = world.futures.filter(({ done }) => !done)
        const isOver = open.length === 0 && sum(world.left) === 0
        expect([isOver, typeof end === 'number' || end]).toEqual(
          isOver ? [true, true] : [false, expect.stringContaining('cannot go on')],
        )
        // A body that goes on may make calls again.
        while (sum(world.left) > 0) {
          for (const scheduler of world.schedulers) scheduler.cancel()
          await world.clock.run().catch(() => {})
        }
      }),
      { numRuns: 400 },
    )
  })
})
