import { cancelOnAbort } from '../core/cancel-on.ts'
import { Canceller } from '../core/canceller.ts'
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
import { type AnyFuture, drive, Future, toPromise } from '../core/future.ts'
import { observer } from '../core/observer.ts'
import { type Subscriber, tellNext } from '../core/subscriber.ts'
import { captureScope, type Scope } from '../internal/async-context.ts'
import { check, has } from '../internal/check.ts'
import { RingQueue } from '../internal/ring-queue.ts'
import { captureSite } from './call-site.ts'
import { type Body, Definition } from './definition.ts'
import type { Dispatcher } from './dispatcher.ts'
import { type CheckedMapOptions, copyMapOptions, type MapOptions } from './map-options.ts'

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
  const isSource = has(source, Symbol.asyncIterator) || has(source, Symbol.iterator)
  check(isSource, 'source', 'an iterable or async iterable', source)
  const checked = copyMapOptions(options)
  const definition = new Definition(dispatcher, body, checked.call, true)
  definition.entry = entry
  // The calls are made later, from nowhere.
  definition.site = captureSite(definition)
  return new Stream(dispatcher, definition, source as Source, checked)
}

/** A source, and what it is read with: as little as is asked of them. */
interface Source {
  [Symbol.asyncIterator]?(): AnyIterator
  [Symbol.iterator]?(): AnyIterator
}
interface AnyIterator {
  next(): unknown
  return?(): unknown
}
/** A source that is being read, and the async context in which it was begun. */
interface Open {
  readonly iterator: AnyIterator
  readonly scope: Scope | undefined
}
type Result = IteratorResult<unknown, undefined>

class Stream implements Mapping<unknown>, Driver<AnyFuture> {
  readonly #dispatcher: Dispatcher
  readonly #definition: Definition
  readonly #source: Source
  readonly #options: CheckedMapOptions
  // Settles with the whole: with the array, the failure, or the reason of a cancel.
  readonly #whole: AnyFuture = drive(this, RUNNING, undefined)
  #use: 'awaited' | 'iterated' | undefined
  #hasBegun = false
  #isAsync = false
  #open: Open | undefined
  /** Whether the source has given its last item, has failed, or was closed. */
  #isThrough = false
  #isPulling = false
  #isPumping = false
  #pulled = 0
  /** Items that were pulled and not handed over: never more than the buffer. */
  #held = 0
  // Those of them that are not done.
  readonly #unfinished = new Set<Item>()
  // Items to be handed over: all in their order, or those that are done in the order of that.
  readonly #line = new RingQueue<Item>()
  // Who asked before there was anything to give.
  readonly #asking = new RingQueue<AnyFuture>()
  readonly #results: unknown[] = []
  readonly #failures: unknown[] = []
  /** Whether somebody was given the failure of the whole. */
  #isTold = false
  #closing: Promise<unknown> | undefined

  constructor(
    dispatcher: Dispatcher,
    definition: Definition,
    source: Source,
    options: CheckedMapOptions,
  ) {
    this.#dispatcher = dispatcher
    this.#definition = definition
    this.#source = source
    this.#options = options
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
    const asked = drive<Result>(this, RUNNING, undefined)
    this.#asking.push(asked)
    const answer = toPromise(asked)
    this.#begin()
    this.#handOver()
    this.#pump()
    return answer
  }

  async #leave(): Promise<Result> {
    const isOver = this.#whole.done
    // Failures that nobody has seen are not lost with it.
    if (!isOver) this.#finish()
    // A source that is in the middle of a pull closes when it can.
    if (!isOver && !this.#isPulling) await this.#closing
    return { done: true, value: undefined }
  }

  // Driver: of the whole, and of what `next` waits for.

  get name(): string {
    return this.#options.call.name ?? 'map'
  }

  inputs(): Iterable<AnyFuture> {
    return [...this.#unfinished].flatMap(({ future }) => future ?? [])
  }

  /** Cancelled by a signal: gives what is to be cancelled with it. */
  abort(): AnyFuture[] {
    return this.#letGo()
  }

  // From the source to the calls.

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    observer?.combined(this.#whole, [])
    cancelOnAbort(this.#whole, this.#dispatcher.signal)
    cancelOnAbort(this.#whole, this.#options.signal)
    if (this.#whole.done) return
    // Most calls are made when a body before has ended, in whatever context that is.
    const scope = captureScope()
    this.#definition.origin = { scope }
    try {
      const source = this.#source
      this.#isAsync = has(source, Symbol.asyncIterator)
      const iterator = source[this.#isAsync ? Symbol.asyncIterator : Symbol.iterator]?.()
      this.#open = { iterator: iterator as AnyIterator, scope }
    } catch (error) {
      return this.#sourceFailed(error)
    }
    this.#pump()
  }

  get #buffer(): number {
    const { concurrency } = this.#dispatcher
    return this.#options.buffer ?? (concurrency === Infinity ? DEFAULT_BUFFER : concurrency)
  }

  #pump(): void {
    // What is pulled may be done at once, and come back here.
    if (this.#isPumping) return
    this.#isPumping = true
    while (!this.#isThrough && !this.#isPulling && this.#held < this.#buffer) this.#pull()
    this.#isPumping = false
    if (this.#isThrough && this.#held === 0 && !this.#whole.done) this.#finish()
  }

  #pull(): void {
    this.#isPulling = true
    try {
      const { iterator, scope } = this.#open as Open
      const pulled = scope ? scope.runInAsyncScope(iterator.next, iterator) : iterator.next()
      if (!this.#isAsync) return this.#take(pulled as Result)
      Promise.resolve(pulled as Promise<Result>).then(this.#takeLate, this.#sourceFailed)
    } catch (error) {
      this.#sourceFailed(error)
    }
  }

  readonly #takeLate = (result: Result): void => {
    try {
      this.#take(result)
    } catch (error) {
      this.#sourceFailed(error)
    }
    this.#pump()
  }

  /** @throws {TypeError} for a result that is none. */
  #take(result: Result): void {
    this.#isPulling = false
    check(Object(result) === result, 'result', 'what an iterator gives', result)
    if (result.done) {
      this.#isThrough = true
      return
    }
    const { value } = result
    const isObject = Object(value) === value
    const promise = isObject ? Future.resolve(value) : undefined
    // Nobody else might ever look at a promise that came out of the source.
    if (promise !== undefined) collect(promise)
    if (this.#whole.done) return
    const item = new Item(this, this.#pulled++)
    this.#held += 1
    this.#unfinished.add(item)
    if (this.#options.ordered && this.#use === 'iterated') this.#line.push(item)
    if (promise === undefined) return this.call(item, value)
    item.future = promise
    follow(promise, item)
  }

  readonly #sourceFailed = (error: unknown): void => {
    this.#isPulling = false
    this.#isThrough = true
    settle(this.#whole, REJECTED, error)
  }

  // From the calls to whoever takes the results.

  /** An item is there, or a promise of it is fulfilled: calls the body. */
  call(item: Item, value: unknown): void {
    let future: AnyFuture
    try {
      future = this.#dispatcher.submit(this.#definition, undefined, [value, item.index])
    } catch (error) {
      // The scheduler is closed.
      return settle(this.#whole, REJECTED, error)
    }
    item.future = future
    item.isCalled = true
    collect(future)
    follow(future, item)
  }

  /** The body of an item has an outcome, or the item itself has failed. */
  itemDone(item: Item, future: AnyFuture): void {
    this.#unfinished.delete(item)
    if (this.#whole.done) return
    const outcome = contentOf(future)
    if (stateOf(future) !== FULFILLED) {
      if (this.#options.stopOnError) return settle(this.#whole, REJECTED, outcome)
      this.#failures.push(outcome)
    }
    if (this.#use === 'awaited') {
      this.#results[item.index] = outcome
      this.#held -= 1
    } else {
      if (!this.#options.ordered) this.#line.push(item)
      this.#handOver()
    }
    this.#pump()
  }

  #handOver(): void {
    for (;;) {
      const future = this.#line.peek()?.outcome
      if (future === undefined) break
      const isResult = stateOf(future) === FULFILLED
      if (isResult && this.#asking.size === 0) return
      this.#line.shift()
      this.#held -= 1
      // Of failures only the whole tells, in the end.
      if (isResult) this.#answer(FULFILLED, { done: false, value: contentOf(future) })
    }
    if (!this.#whole.done) return
    // The first that asks after a failure gets it, whoever asks then has come to the end.
    if (this.#asking.size > 0 && stateOf(this.#whole) !== FULFILLED && !this.#isTold) {
      this.#isTold = true
      collect(this.#whole)
      this.#answer(REJECTED, contentOf(this.#whole))
    }
    while (this.#asking.size > 0) this.#answer(FULFILLED, { done: true, value: undefined })
  }

  #answer(state: Settled, outcome: unknown): void {
    settle(this.#asking.shift() as AnyFuture, state, outcome)
  }

  // The end.

  #finish(): void {
    const failures = this.#failures
    if (failures.length === 0) return settle(this.#whole, FULFILLED, this.#results)
    const message = `${failures.length} items of the mapping "${this.name}" failed`
    settle(this.#whole, REJECTED, new AggregateError(failures, message))
  }

  /** The whole has settled, for whatever reason. */
  #end(): undefined {
    while (this.#line.size > 0) this.#line.shift()
    if (!this.#isThrough) {
      this.#isThrough = true
      this.#closing = this.#close()
      // Heeded only by who leaves the loop: a failure is thrown as it is, whatever closing does.
      this.#closing.catch(() => {})
    }
    const { status, reason } = this.#whole
    // Cancelled, it gives them to whoever cancels it.
    const rest = status === 'cancelled' ? [] : this.#letGo()
    if (rest.length > 0) {
      const cause = status === 'rejected' ? { cause: reason } : undefined
      const message = `The mapping "${this.name}" ended without it`
      tellNext(new Canceller(new CancelledError(message, cause)), rest)
    }
    this.#handOver()
  }

  /** Gives the calls that are not done. */
  #letGo(): AnyFuture[] {
    const calls: AnyFuture[] = []
    for (const item of this.#unfinished) {
      if (item.future === undefined) continue
      if (item.isCalled) calls.push(item.future)
      else unsubscribe(item.future, item)
    }
    return calls
  }

  async #close(): Promise<void> {
    await this.#open?.iterator.return?.()
  }
}

/** An item that was pulled: first the promise of it, if it is one, then the call of the body. */
class Item implements Subscriber<AnyFuture> {
  readonly index: number
  future: AnyFuture | undefined
  isCalled = false
  readonly #stream: Stream

  constructor(stream: Stream, index: number) {
    this.#stream = stream
    this.index = index
  }

  /** What has settled: the call, or a promise that has failed. */
  get outcome(): AnyFuture | undefined {
    const { future } = this
    if (!future?.done) return undefined
    return this.isCalled || stateOf(future) !== FULFILLED ? future : undefined
  }

  settled(future: AnyFuture): undefined {
    if (this.isCalled || stateOf(future) !== FULFILLED) this.#stream.itemDone(this, future)
    else this.#stream.call(this, contentOf(future))
  }
}

const DEFAULT_BUFFER = 16
