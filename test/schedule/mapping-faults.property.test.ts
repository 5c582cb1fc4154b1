import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import { Scheduler, type StartMode, type TaskContext } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { strayErrorsDuring } from '../support/stray-errors.ts'

const INFINITY = Number.POSITIVE_INFINITY

/** What somebody does at some step: the source, an item, a body, the loop, or who is outside. */
const DEEDS = ['fail', 'abort', 'leave', 'ask', 'cancel all', 'close the scheduler'] as const
type Deed = (typeof DEEDS)[number] | undefined

const deed: fc.Arbitrary<Deed> = fc.constantFrom(undefined, ...DEEDS)
const rarely: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: deed },
)
const duration = fc.nat({ max: 6 })

/** A run in which anything may fail, or be ended, at any step. */
const program = fc.record({
  concurrency: fc.constantFrom(1, 2, 3, INFINITY),
  start: fc.constantFrom<StartMode[]>('deferred', 'deferred', 'eager', 'lazy'),
  ordered: fc.boolean(),
  stopOnError: fc.boolean(),
  buffer: fc.constantFrom(undefined, 1, 2, 3, 5, INFINITY),
  isIterated: fc.nat({ max: 3 }).map((n) => n > 0),
  isAsync: fc.boolean(),
  opening: rarely,
  closing: fc.constantFrom('missing', 'well', 'slowly', 'throws', 'rejects', 'never'),
  /** How the source ends when it has no more items. */
  end: fc.constantFrom('done', 'done', 'throws', 'nonsense'),
  items: fc.array(
    fc.record({
      gap: duration,
      pulled: rarely,
      is: fc.constantFrom('plain', 'plain', 'plain', 'promise', 'rejected', 'rejected late'),
      isStubborn: fc.boolean(),
      before: rarely,
      body: duration,
      after: rarely,
    }),
    { minLength: 2, maxLength: 8 },
  ),
  /** What the loop does between results: it takes its time, and then does something. */
  loop: fc.array(fc.record({ pause: duration, then: rarely }), { maxLength: 8 }),
  atOnce: fc.integer({ min: 1, max: 3 }),
  event: fc.record({ at: fc.nat({ max: 20 }), deed }),
})
type Program = typeof program extends fc.Arbitrary<infer P> ? P : never

class Run {
  readonly wrongs: string[] = []
  readonly #program: Program
  readonly #clock = new VirtualClock()
  readonly #scheduler: Scheduler
  readonly #controller = new AbortController()
  readonly #closed: Promise<void>[] = []
  #iterator: AsyncIterator<number> | undefined
  // The source.
  #sourceIs: 'not open' | 'opening' | 'waiting' | 'asked' | 'through' = 'not open'
  #pulled = 0
  #closings = 0
  // The bodies.
  #executing = 0
  readonly #unaborted = new Set<number>()
  readonly #completions: number[] = []
  // The results.
  #asks = 0
  #failed = 0
  #ended = 0
  #isOver = false
  readonly #results: number[] = []

  constructor(given: Program) {
    this.#program = given
    const { concurrency, start } = given
    this.#scheduler = new Scheduler({ clock: this.#clock, slice: INFINITY, concurrency, start })
  }

  async toItsEnd(): Promise<void> {
    const { event } = this.#program
    const strays = await strayErrorsDuring(async () => {
      this.#clock.callLater(() => this.#try(event.deed), event.at)
      const consumed = this.#consume()
      await this.#clock.run()
      await consumed
      await this.#clock.run()
      await Promise.all(this.#closed)
    })

    const { running, queued } = this.#scheduler
    this.#check(strays.length === 0, `strays: ${strays.map(String)}`)
    this.#check(this.#executing + running + queued === 0, 'something is left running')
    const listeners = getEventListeners(this.#controller.signal, 'abort')
    this.#check(listeners.length === 0, 'a listener is left on the signal')
    // What is uncollected would make the package listen for the end of the program.
    this.#check(process.listenerCount('beforeExit') === 0, 'a failure is uncollected')
    const isClosed = this.#closings === 1 || this.#program.closing === 'missing'
    const needsNone = this.#sourceIs === 'not open' || this.#sourceIs === 'through'
    this.#check(isClosed || needsNone, `the source is ${this.#sourceIs}, and not closed`)
    this.#checkOrder()
  }

  #check(isRight: boolean, wrong: string): void {
    if (!isRight) this.wrongs.push(wrong)
  }

  #checkOrder(): void {
    const { ordered, isIterated } = this.#program
    const results = this.#results
    const expected = ordered || !isIterated ? results.toSorted((a, b) => a - b) : this.#completions
    const inOrder = expected.filter((index) => results.includes(index))
    this.#check(String(results) === String(inOrder), `results ${results}, not ${inOrder}`)
    this.#check(new Set(results).size === results.length, `results ${results} twice`)
  }

  /** @throws If that is what is to be done. */
  #perform(what: Deed): void {
    const deeds = {
      fail: () => {
        throw new Error('a fault')
      },
      abort: () => this.#controller.abort(new Error('aborted')),
      leave: () => void this.#iterator?.return?.().catch(() => {}),
      ask: () => void this.#ask()?.catch(() => {}),
      'cancel all': () => {
        // With them, everything that was pulled may have been passed over.
        this.#failed = Math.max(this.#failed, this.#pulled)
        this.#scheduler.cancel()
      },
      'close the scheduler': () => void this.#closed.push(this.#scheduler.close()),
    }
    if (what !== undefined) deeds[what]()
  }

  #try(what: Deed): void {
    try {
      this.#perform(what)
    } catch {}
  }

  // The source.

  #open(): unknown {
    this.#sourceIs = 'opening'
    try {
      this.#perform(this.#program.opening)
    } catch (error) {
      this.#sourceIs = 'through'
      throw error
    }
    this.#sourceIs = 'waiting'
    const next = (): unknown => this.#pull()
    const close = (): unknown => this.#close()
    return this.#program.closing === 'missing' ? { next } : { next, return: close }
  }

  #pull(): unknown {
    const { buffer, concurrency, isAsync, isIterated, items } = this.#program
    this.#check(this.#sourceIs === 'waiting', `asked while it is ${this.#sourceIs}`)
    this.#check(this.#closings === 0, 'asked after it was closed')
    const room = buffer ?? (concurrency === INFINITY ? 16 : concurrency)
    const handedOver = isIterated ? this.#asks + this.#failed : this.#ended + this.#failed
    this.#check(this.#pulled - handedOver < room, 'asked with a full buffer')
    this.#sourceIs = 'asked'
    const index = this.#pulled++
    if (!isAsync) return this.#answer(index)
    return this.#clock.sleep(items[index]?.gap ?? 0).then(() => this.#answer(index))
  }

  #answer(index: number): unknown {
    const { items, end } = this.#program
    const item = items[index]
    try {
      if (item === undefined && end === 'throws') throw new Error('of the source')
      this.#perform(item?.pulled)
    } catch (error) {
      this.#sourceIs = 'through'
      throw error
    }
    this.#sourceIs = item === undefined ? 'through' : 'waiting'
    if (item === undefined) return end === 'nonsense' ? 5 : { done: true }
    return { done: false, value: this.#item(index, item) }
  }

  #item(index: number, { is, gap }: Program['items'][number]): unknown {
    if (is === 'plain') return index
    if (is === 'promise') return this.#clock.sleep(gap).then(() => index)
    this.#failed += 1
    const failure = (): Promise<never> => Promise.reject(new Error('of an item'))
    return is === 'rejected' ? failure() : this.#clock.sleep(gap).then(failure)
  }

  #close(): unknown {
    const { isAsync, closing } = this.#program
    this.#closings += 1
    this.#check(this.#closings === 1, 'closed twice')
    // Of what an async source has just answered, nobody knows yet.
    const mayBe = isAsync ? ['waiting', 'asked', 'through'] : ['waiting']
    this.#check(mayBe.includes(this.#sourceIs), `closed while it is ${this.#sourceIs}`)
    const ways = {
      missing: () => undefined,
      well: () => ({ done: true }),
      slowly: () => this.#clock.sleep(2),
      throws: () => this.#perform('fail'),
      rejects: () => Promise.reject(new Error('of closing')),
      never: () => new Promise(() => {}),
    }
    return ways[closing]()
  }

  // The bodies.

  async #body(item: number, index: number, { signal, sleep }: TaskContext): Promise<number> {
    const { concurrency, items } = this.#program
    const { before, after, body, isStubborn } = items[index] as Program['items'][number]
    this.#executing += 1
    this.#check(item === index, `item ${item} came with index ${index}`)
    this.#check(this.#executing <= concurrency, `${this.#executing} execute`)
    this.#check(!this.#isOver, `body ${index} begins after the end`)
    this.#unaborted.add(index)
    signal.addEventListener('abort', () => this.#unaborted.delete(index))
    try {
      this.#perform(before)
      await (isStubborn ? this.#clock.sleep(body) : sleep(body))
      this.#perform(after)
      this.#completions.push(index)
      return index
    } catch (error) {
      this.#failed += 1
      throw error
    } finally {
      this.#executing -= 1
      this.#ended += 1
      this.#unaborted.delete(index)
    }
  }

  // Who takes the results.

  #ask(): Promise<IteratorResult<number>> | undefined {
    this.#asks += 1
    return this.#iterator?.next()
  }

  async #consume(): Promise<void> {
    const { isAsync, isIterated, ordered, stopOnError, buffer } = this.#program
    const source = { [isAsync ? Symbol.asyncIterator : Symbol.iterator]: () => this.#open() }
    const mapping = this.#scheduler.map(
      source as unknown as Iterable<number>,
      (item, index, context) => this.#body(item, index, context),
      { ordered, stopOnError, buffer, signal: this.#controller.signal },
    )
    try {
      if (isIterated) await this.#iterate(mapping[Symbol.asyncIterator]())
      else this.#results.push(...(await mapping))
    } catch {}
    this.#isOver = true
    this.#check(this.#unaborted.size === 0, `bodies ${[...this.#unaborted]} are not cancelled`)
  }

  async #iterate(iterator: AsyncIterator<number>): Promise<void> {
    this.#iterator = iterator
    const { loop, atOnce } = this.#program
    try {
      for (const { pause, then } of loop) {
        const answers = await Promise.all(Array.from({ length: atOnce }, () => this.#ask()))
        for (const answer of answers) if (!answer?.done) this.#results.push(answer?.value as number)
        if (answers.some((answer) => answer?.done)) return
        await this.#clock.sleep(pause)
        this.#perform(then)
      }
    } finally {
      // As the language does, but for a source that never closes.
      const left = iterator.return?.().catch(() => {})
      await Promise.race([left, this.#clock.sleep(10)])
      // Who leaves in the middle may not have seen a failure.
      await this.#ask()?.catch(() => {})
    }
  }
}

describe('a mapping in which anything may fail, at any step', () => {
  it('R18 never holds more than its buffer, closes its source once, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (given) => {
        const run = new Run(given)
        await run.toItsEnd()

        expect(run.wrongs).toEqual([])
      }),
      { numRuns: 500 },
    )
  })
})
