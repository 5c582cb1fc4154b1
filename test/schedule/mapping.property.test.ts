import fc from 'fast-check'
import { Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

/** Whatever the machine does meanwhile, the event loop turns only where the test wants it to. */
const STEADY = { slice: Number.POSITIVE_INFINITY }

const INFINITY = Number.POSITIVE_INFINITY
const slots = fc.constantFrom(1, 2, 3, INFINITY)
const buffer = fc.constantFrom(undefined, 1, 2, 3, 5, INFINITY)
const duration = fc.nat({ max: 6 })

/** A run in which nothing fails, with all that takes time in it. */
interface Smooth {
  readonly concurrency: number
  readonly buffer: number | undefined
  readonly ordered: boolean
  readonly use: 'awaited' | 'iterated'
  /** How long an async source takes for each item; `undefined` for a sync one. */
  readonly gap: number | undefined
  readonly items: readonly {
    readonly body: number
    /** How long the loop takes after its result. */
    readonly pause: number
    /** After how long the item, as a promise, is there. */
    readonly wait: number
  }[]
  readonly arePromises: boolean
}

const smooth: fc.Arbitrary<Smooth> = fc.record({
  concurrency: slots,
  buffer,
  ordered: fc.boolean(),
  use: fc.constantFrom('iterated', 'iterated', 'awaited'),
  gap: fc.option(fc.nat({ max: 3 }), { nil: undefined }),
  items: fc.array(
    fc.record({ body: duration, pause: duration, wait: fc.integer({ min: 1, max: 5 }) }),
    { maxLength: 12 },
  ),
  arePromises: fc.boolean(),
})

/** When each item was asked for, when its body started, and when the results were taken. */
interface Times {
  readonly pulls: number[]
  readonly starts: number[]
  readonly taken: number[]
}

/**
 * What ought to happen, worked out instant by instant: whatever can happen at one does, until nothing more can.
 */
function simulate({
  concurrency,
  ordered,
  use,
  gap = 0,
  items,
  arePromises,
  ...given
}: Smooth): Times {
  const room = given.buffer ?? (concurrency === INFINITY ? 16 : concurrency)
  const isByItem = ordered && use === 'iterated'
  const times: Times = { pulls: [], starts: [], taken: [] }
  // In the order in which they are, or will be, there.
  const waiting: { readonly index: number; readonly from: number }[] = []
  const running: { readonly index: number; readonly end: number }[] = []
  const done: number[] = []
  let held = 0
  let answerAt: number | undefined
  let isThrough = false
  let asksAt = 0

  const endBody = (now: number): boolean => {
    const place = running.findIndex(({ end }) => end <= now)
    if (place >= 0) done.push(...running.splice(place, 1).map(({ index }) => index))
    return place >= 0
  }
  const handOver = (now: number): boolean => {
    const nth = times.taken.length
    const place = isByItem ? done.indexOf(nth) : done.length - 1
    if (place < 0 || (use === 'iterated' && asksAt > now)) return false
    done.splice(place, 1)
    held -= 1
    times.taken.push(now)
    asksAt = now + (items[nth]?.pause ?? 0)
    return true
  }
  const pull = (now: number): boolean => {
    if (answerAt !== undefined || isThrough || held >= room) return false
    times.pulls.push(now)
    answerAt = now + gap
    return true
  }
  const answer = (now: number): boolean => {
    if (answerAt === undefined || answerAt > now) return false
    answerAt = undefined
    const index = times.pulls.length - 1
    const item = items[index]
    if (item === undefined) {
      isThrough = true
      return true
    }
    held += 1
    waiting.push({ index, from: now + (arePromises ? item.wait : 0) })
    waiting.sort((a, b) => a.from - b.from)
    return true
  }
  const startBody = (now: number): boolean => {
    const [first] = waiting
    if (first === undefined || first.from > now || running.length >= concurrency) return false
    waiting.shift()
    times.starts[first.index] = now
    running.push({ index: first.index, end: now + (items[first.index]?.body ?? 0) })
    return true
  }

  const steps = [endBody, handOver, pull, answer, startBody]
  for (let now = 0; now < LONG; now++) while (steps.some((step) => step(now)));
  return times
}

/** Longer than any of these takes. */
const LONG = 300

/** What does happen. */
async function run({ items, gap, arePromises, use, concurrency, ...options }: Smooth): Promise<{
  readonly times: Times
  readonly results: readonly number[]
  readonly completions: readonly number[]
}> {
  const clock = new VirtualClock()
  const scheduler = new Scheduler({ ...STEADY, clock, concurrency })
  const times: Times = { pulls: [], starts: [], taken: [] }
  const completions: number[] = []

  const sleep = async (milliseconds: number): Promise<void> => {
    if (milliseconds > 0) await clock.sleep(milliseconds)
  }
  const give = (index: number): IteratorResult<unknown> => {
    const item = items[index]
    if (item === undefined) return { done: true, value: undefined }
    return { done: false, value: arePromises ? sleep(item.wait).then(() => index) : index }
  }
  const next = (): unknown => {
    const index = times.pulls.push(clock.now()) - 1
    return gap === undefined ? give(index) : sleep(gap).then(() => give(index))
  }
  const method = gap === undefined ? Symbol.iterator : Symbol.asyncIterator
  const source = { [method]: () => ({ next }) }

  const mapping = scheduler.map(
    source as unknown as Iterable<number>,
    async (item, index) => {
      times.starts[index] = clock.now()
      await sleep(items[index]?.body ?? 0)
      completions.push(index)
      if (use === 'awaited') times.taken.push(clock.now())
      return item
    },
    options,
  )
  const results: number[] = []
  const finished = (async () => {
    if (use === 'awaited') return void results.push(...(await mapping))
    for await (const result of mapping) {
      times.taken.push(clock.now())
      results.push(result)
      await sleep(items[results.length - 1]?.pause ?? 0)
    }
  })()
  await clock.run()
  await finished
  expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  return { times, results, completions }
}

describe('a mapping in which nothing fails', () => {
  it('R18 always pulls, starts and hands over exactly when it should', async () => {
    await fc.assert(
      fc.asyncProperty(smooth, async (program) => {
        const { times } = await run(program)

        expect(times).toEqual(simulate(program))
      }),
      { numRuns: 250 },
    )
  })

  it('R18 always gives every result once, in the order of the items or of completion', async () => {
    await fc.assert(
      fc.asyncProperty(smooth, async (program) => {
        const { results, completions } = await run(program)

        const isByItem = program.ordered || program.use === 'awaited'
        expect(results).toEqual(isByItem ? [...program.items.keys()] : completions)
      }),
      { numRuns: 150 },
    )
  })
})
