import { Askers } from '../core/askers.ts'
import { cancelOnAbort } from '../core/cancel-on.ts'
import { cancelAll } from '../core/canceller.ts'
import {
  collect,
  contentOf,
  FULFILLED,
  follow,
  REJECTED,
  RUNNING,
  type Settled,
  settle,
  stateOf,
  subscribe,
  unsubscribe,
} from '../core/cell.ts'
import type { Driver } from '../core/driver.ts'
import { CancelledError, InvalidStateError } from '../core/errors.ts'
import { type AnyFuture, drive, Future, isFuture } from '../core/future.ts'
import { observer } from '../core/observer.ts'
import { check, isObject } from '../internal/check.ts'
import { RingQueue } from '../internal/ring-queue.ts'
import { captureSite } from './call-site.ts'
import { type Body, Definition } from './definition.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type Item, type ItemOwner, Items, PULLED } from './item.ts'
import { type CheckedMapOptions, copyMapOptions, type MapOptions } from './map-options.ts'
import { isSource, type Reader, Reading, type Source } from './reading.ts'

/**
 * The results of a body called for every item of a source. Awaited, it gives an array of them, in
 * the order of the items. Iterated with `for await`, it gives them one by one, and pulls items only
 * as fast as they are taken. Nothing happens before.
 *
 * It can be awaited any number of times, or be iterated once: the other then gives an
 * `InvalidStateError`.
 */
export interface Mapping<R> extends AsyncIterable<R>, PromiseLike<R[]> {
  [Symbol.asyncIterator](): AsyncIterableIterator<R>
}

/**
 * Makes the mapping of `Scheduler.map`.
 *
 * @param entry - The function that the user called.
 */
export function mapOn(
  dispatcher: Dispatcher,
  source: unknown,
  body: Body,
  options: MapOptions,
  entry: unknown,
): Mapping<unknown> {
  check(isSource(source), 'source', 'an iterable or async iterable', source)
  const checked = copyMapOptions(options)
  const definition = new Definition(dispatcher, body, checked.call, true)
  definition.entry = entry
  // The calls are made later, from nowhere.
  definition.site = captureSite(definition)
  return new Stream(dispatcher, definition, source, checked)
}

type Result = IteratorResult<unknown, undefined>

class Stream implements Mapping<unknown>, Driver<AnyFuture>, Reader, ItemOwner {
  readonly #dispatcher: Dispatcher
  readonly definition: Definition
  readonly #options: CheckedMapOptions
  readonly #reading: Reading
  // Settles with the whole: with the array, the failure, or the reason of a cancel.
  readonly #whole: AnyFuture = drive(this, RUNNING, undefined)
  #use: 'awaited' | 'iterated' | undefined
  #hasBegun = false
  /** Whether calls go without futures. */
  #isQuiet = false
  #isPumping = false
  // Never more than the buffer.
  #items = new Items(this)
  // Items to be handed over: all in their order, or those that are done in the order of that.
  readonly #line = new RingQueue<Item>()
  readonly #askers = new Askers<unknown>(this)
  readonly #results: unknown[] = []
  readonly #failures: unknown[] = []
  /** Whether it was cancelled from outside, and not ended by what happened in it. */
  #isAborted = false
  /** Whether somebody was given the failure of the whole. */
  #isTold = false
  #closing: Promise<void> | undefined
  // Whether the whole has settled.
  #isOver = false

  constructor(
    dispatcher: Dispatcher,
    definition: Definition,
    source: Source,
    options: CheckedMapOptions,
  ) {
    this.#dispatcher = dispatcher
    this.definition = definition
    this.#options = options
    this.#reading = new Reading(source, this)
    subscribe(this.#whole, { settled: () => this.#end() })
  }

  // Mapping: how it is used.

  // biome-ignore lint/suspicious/noThenProperty: a mapping is meant to be awaited
  then<A = unknown[], B = never>(
    onFulfilled?: ((results: unknown[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#use ??= 'awaited'
    if (this.#use !== 'awaited') {
      return Promise.reject(this.#usedError()).then(onFulfilled, onRejected)
    }
    // Collected before it can fail.
    const results = this.#whole.then(onFulfilled, onRejected)
    this.#begin()
    return results
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown> {
    if (this.#use !== undefined) throw this.#usedError()
    this.#use = 'iterated'
    // An object of its own: with a `then` it could not be handed through an async function.
    return {
      next: () => this.#next(),
      return: () => this.#leave(),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  #usedError(): InvalidStateError {
    return new InvalidStateError(`The mapping "${this.name}" is ${this.#use} already`)
  }

  #next(): Promise<Result> {
    if (this.#askers.size === 0 && this.#line.peek()?.state === FULFILLED) {
      const value = this.#items.take(this.#line.shift() as Item)
      // Failures that come next have nothing to wait for.
      this.#handOver()
      this.#pump()
      return Promise.resolve({ value, done: false })
    }
    const answer = this.#askers.ask()
    this.#begin()
    this.#handOver()
    this.#pump()
    return answer
  }

  async #leave(): Promise<Result> {
    const isOver = this.#isOver
    // Failures that nobody has seen are not lost with it.
    if (!isOver) this.#finish()
    // A source that is in the middle of a pull closes when it can.
    if (!isOver && !this.#reading.isPulling) await this.#closing
    return { done: true, value: undefined }
  }

  // Driver: of the whole, and of what `next` waits for.

  get name(): string {
    return this.#options.call.name ?? 'map'
  }

  // In order of completion, or in their order if that is the first of them: not known to be stuck.
  get takesOne(): boolean {
    return this.#use === 'iterated'
  }

  inputs(): Iterable<AnyFuture> {
    return this.#items.unfinished().flatMap((item) => item.known ?? [])
  }

  /** Cancelled by a signal: gives what is to be cancelled with it. */
  abort(): AnyFuture[] {
    this.#isAborted = true
    return this.#letGo()
  }

  // From the source to the calls.

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    observer?.combined(this.#whole, [])
    cancelOnAbort(this.#whole, this.#dispatcher.signal)
    cancelOnAbort(this.#whole, this.#options.signal)
    if (this.#isOver) return
    this.#reading.begin()
    // Most calls are made when a body before has ended, in whatever context that is.
    this.definition.origin = this.#reading
    this.#isQuiet = this.#canBeQuiet()
    this.#pump()
  }

  /** Whether nobody can want a future of a call, unless it is cancelled or watched. */
  #canBeQuiet(): boolean {
    const { mode, signal, lending } = this.#dispatcher
    const { timeout, retry } = this.#options.call
    const isPlain = (timeout ?? retry ?? signal) === undefined
    return isPlain && mode === 'deferred' && !lending && !this.#reading.scope
  }

  // A method: to call a private getter takes 15 ns, as engines are not made for it.
  #buffer(): number {
    const { concurrency } = this.#dispatcher
    return this.#options.buffer ?? (concurrency === Infinity ? DEFAULT_BUFFER : concurrency)
  }

  #pump(): void {
    // What is pulled may be done at once, and come back here.
    if (this.#isPumping) return
    this.#isPumping = true
    const reading = this.#reading
    while (!reading.isThrough && !reading.isPulling && this.#items.size < this.#buffer()) {
      reading.pull()
    }
    this.#isPumping = false
    if (reading.isThrough && this.#items.size === 0 && !this.#isOver) this.#finish()
  }

  // Reader: what the source tells.

  gave(value: unknown): void {
    const promise = promiseOf(value)
    // Nobody else might ever look at a promise that came out of the source.
    if (promise !== undefined) collect(promise)
    if (this.#isOver) return
    const item = this.#items.add()
    if (this.#options.ordered && this.#use === 'iterated') this.#line.push(item)
    if (promise === undefined) this.call(item, value)
    else {
      item.future = promise
      follow(promise, item)
    }
    this.#pump()
  }

  ended(): void {
    this.#pump()
  }

  failed(error: unknown): void {
    this.#stop(REJECTED, error)
  }

  // ItemOwner: from the items to the calls, and on to whoever takes the results.

  call(item: Item, value: unknown): void {
    // Its promise was telling others of itself when they ended the whole.
    if (this.#isOver) return
    let future: AnyFuture
    try {
      if (this.#isQuiet && observer === undefined && captureSite(this.definition) === undefined) {
        this.#dispatcher.submitQuiet(item)
        return item.wait(value)
      }
      future = this.#dispatcher.submit(this.definition, undefined, [value, item.index])
    } catch (error) {
      // The scheduler is closed.
      return this.#stop(REJECTED, error)
    }
    item.wait(value, future)
    collect(future)
    // An eager body may have ended the whole, while its own future was not known yet.
    if (this.#isOver) cancelAll([future], this.#reasonOfRest())
    else follow(future, item)
  }

  itemDone(item: Item): void {
    if (this.#isOver) return
    const { content: outcome } = item
    const state = item.state as Settled
    if (state !== FULFILLED) {
      if (this.#options.stopOnError) return this.#stop(state, outcome)
      this.#failures.push(outcome)
    }
    if (this.#use === 'awaited') {
      this.#results[item.index] = this.#items.take(item)
    } else {
      if (!this.#options.ordered) this.#line.push(item)
      this.#handOver()
    }
    this.#pump()
  }

  #handOver(): void {
    for (;;) {
      const item = this.#line.peek()
      if (item === undefined || item.state < FULFILLED) break
      const isResult = item.state === FULFILLED
      if (isResult && this.#askers.size === 0) return
      this.#line.shift()
      const outcome = this.#items.take(item)
      // Of failures only the whole tells, in the end.
      if (isResult) this.#askers.give(outcome)
    }
    if (!this.#isOver) return
    // The first that asks after a failure gets it, whoever asks then has come to the end.
    if (this.#askers.size > 0 && stateOf(this.#whole) !== FULFILLED && !this.#isTold) {
      this.#isTold = true
      collect(this.#whole)
      this.#askers.fail(contentOf(this.#whole))
    }
    this.#askers.end()
  }

  // The end.

  #finish(): void {
    const failures = this.#failures
    if (failures.length === 0) return this.#stop(FULFILLED, this.#results)
    const items = failures.length === 1 ? '1 item' : `${failures.length} items`
    const message = `${items} of the mapping "${this.name}" failed`
    this.#stop(REJECTED, new AggregateError(failures, message))
  }

  /** Ends the whole, then what is left of it. */
  #stop(state: Settled, outcome: unknown): void {
    if (this.#isOver) return
    settle(this.#whole, state, outcome)
    const rest = this.#letGo()
    if (rest.length > 0) cancelAll(rest, this.#reasonOfRest())
  }

  #reasonOfRest(): unknown {
    const { status, reason } = this.#whole
    if (this.#isAborted) return reason
    const cause = status === 'fulfilled' ? undefined : { cause: reason }
    return new CancelledError(`The mapping "${this.name}" ended without it`, cause)
  }

  /** The whole has settled, for whatever reason. */
  #end(): undefined {
    this.#isOver = true
    while (this.#line.size > 0) this.#line.shift()
    this.#closing = this.#reading.close()
    // Heeded only by who leaves the loop: a failure is thrown as it is, whatever closing does.
    this.#closing?.catch(() => {})
    this.#handOver()
  }

  /** Gives the calls that are not done. */
  #letGo(): AnyFuture[] {
    const calls: AnyFuture[] = []
    for (const item of this.#items.unfinished()) {
      if (item.state !== PULLED) calls.push(item.reveal())
      else if (item.future !== undefined) unsubscribe(item.future, item)
    }
    this.#items = new Items(this)
    return calls
  }
}

/** The future of an item that is a promise. Plain objects go without: 150 ns less. */
function promiseOf(item: unknown): AnyFuture | undefined {
  if (!isObject(item)) return undefined
  try {
    // Read once: it may be a getter, and the second answer another.
    const { then } = item as { then?: unknown }
    if (typeof then !== 'function') return undefined
    if (then === Promise.prototype.then || isFuture(item)) return Future.resolve(item)
    // biome-ignore lint/suspicious/noThenProperty: the thenable, with what was read
    return Future.resolve({ then: (...both: unknown[]) => Reflect.apply(then, item, both) })
  } catch (error) {
    return Future.reject(error)
  }
}

const DEFAULT_BUFFER = 16
