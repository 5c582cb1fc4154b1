import type { Future } from '../core/future.ts'
import { own } from '../core/observer.ts'
import { check } from '../internal/check.ts'
import { unwatch, watch } from './bottleneck.ts'
import type { TaskContext } from './context.ts'
import type { Body } from './definition.ts'
import { Dispatcher } from './dispatcher.ts'
import { trackHolders } from './holder.ts'
import { Lending } from './lending.ts'
import type { MapOptions } from './map-options.ts'
import { type Mapping, mapOn } from './mapping.ts'
import { type Progress, progressOf, watchProgress } from './progress.ts'
import {
  checkConcurrency,
  copySchedulerOptions,
  type SchedulerOptions,
} from './scheduler-options.ts'
import { spawnOn } from './spawn.ts'
import { makeTask, type TaskBody, type TaskOf } from './task.ts'
import type { TaskOptions } from './task-options.ts'

/**
 * Decides when bodies start: how many at once, in which order, and how soon after the call.
 *
 * @example
 * const scheduler = new Scheduler({ concurrency: 4 })
 * const fetchPage = scheduler.task(async (url: string) => (await fetch(url)).text())
 * const pages = await gather(urls.map((url) => fetchPage(url))) // four at a time
 */
export class Scheduler implements AsyncDisposable {
  readonly #dispatcher: Dispatcher

  /** @throws {TypeError | RangeError} for a wrong option, with its name. */
  constructor(options: SchedulerOptions = {}) {
    const checked = copySchedulerOptions(options)
    const { reentrant, concurrency } = checked
    const dispatcher = new Dispatcher(checked)
    this.#dispatcher = dispatcher
    dispatchers.set(this, dispatcher)
    own(dispatcher, this)
    dispatcher.onFull = (it, isFull) => (isFull ? watch : unwatch)(it)
    this.#trackHolders(concurrency)
    if (!reentrant) return
    check(trackHolders(), 'reentrant', 'false: there is no AsyncLocalStorage', reentrant)
    dispatcher.lending = new Lending(dispatcher, dispatcher.idleSlots)
  }

  // Where time is virtual, nothing is too expensive: `run()` can tell who waits for whom.
  #trackHolders(concurrency: number): void {
    if (this.#dispatcher.clock.isVirtual && concurrency < Infinity) trackHolders()
  }

  /** Wraps a body as a task of this scheduler; otherwise as `task`. */
  task<F extends TaskBody>(body: F, options?: TaskOptions): TaskOf<F> {
    return makeTask(this.#dispatcher, body, options)
  }

  /** Schedules a body once on this scheduler; otherwise as `spawn`. */
  spawn<T>(body: (context: TaskContext) => T | PromiseLike<T>, options?: TaskOptions): Future<T> {
    return spawnOn(this.#dispatcher, body, options, this.spawn)
  }

  /**
   * Calls a body for every item of a source, and gives the results as an array when it is awaited,
   * or one by one when it is iterated. Nothing is pulled before. Then no more items are pulled than
   * the consumer takes results, save `buffer`; ten million items take no more memory than a few.
   *
   * The first failure ends it: of a body, of the source, of an item that is a promise. So does
   * leaving the loop. Then the bodies that run are cancelled, and the source is closed.
   *
   * @param source - Its items may be promises.
   * @param body - Gets the item, its index and its context.
   * @throws {TypeError | RangeError} for a source that cannot be iterated, a body that is no
   *   function, or wrong options.
   *
   * @example
   * const pages = await scheduler.map(urls, (url) => fetchPage(url))
   * for await (const row of scheduler.map(readRows(), parse, { ordered: false })) save(row)
   */
  map<T, R>(
    source: Iterable<T> | AsyncIterable<T>,
    body: (item: Awaited<T>, index: number, context: TaskContext) => R,
    options: MapOptions = {},
  ): Mapping<Awaited<R>> {
    const mapping = mapOn(this.#dispatcher, source, body as Body, options, this.map)
    return mapping as Mapping<Awaited<R>>
  }

  get name(): string {
    return this.#dispatcher.name
  }

  /**
   * How many bodies have started and not really ended; those whose futures were cancelled included.
   */
  get running(): number {
    return this.#dispatcher.running
  }

  /** How many calls wait to start. */
  get queued(): number {
    return this.#dispatcher.queued
  }

  /** Whether starts are held back. */
  get paused(): boolean {
    return this.#dispatcher.paused
  }

  /** How many bodies may run at once. May be changed at any time; lowered, what runs goes on. */
  get concurrency(): number {
    return this.#dispatcher.concurrency
  }

  set concurrency(concurrency: number) {
    checkConcurrency(concurrency)
    this.#trackHolders(concurrency)
    this.#dispatcher.concurrency = concurrency
    this.#dispatcher.wake()
  }

  /** How far it is: how many calls it has taken, started and settled, as of now. */
  get progress(): Progress {
    return progressOf(this.#dispatcher)
  }

  /**
   * Calls `listener` after calls were taken, have started or settled: in a microtask, once for all
   * that has changed until then. What it throws is reported as an uncaught error.
   *
   * @returns A function that stops it.
   * @throws {TypeError} for a listener that is no function.
   *
   * @example
   * const stop = scheduler.onProgress(({ settled, called }) => bar.update(settled / called))
   */
  onProgress(listener: (progress: Progress) => void): () => void {
    return watchProgress(this.#dispatcher, listener)
  }

  /** Holds starts back. What runs goes on. */
  pause(): void {
    this.#dispatcher.paused = true
  }

  /** Starts again what `pause` held back, from the next microtask on. */
  resume(): void {
    this.#dispatcher.paused = false
    this.#dispatcher.wake()
  }

  /** Resolves once nothing runs and nothing waits; at once if that is so now. */
  idle(): Promise<void> {
    return this.#dispatcher.idle()
  }

  /**
   * Cancels everything that runs or waits. Later calls are taken as before.
   *
   * @param reason - Default: a `CancelledError`.
   */
  cancel(reason?: unknown): void {
    this.#dispatcher.cancel(reason)
  }

  /**
   * Takes no more calls (they throw `InvalidStateError`), and resolves once everything it has is
   * done.
   */
  close(): Promise<void> {
    this.#dispatcher.closed = true
    return this.#dispatcher.idle()
  }

  /** Closes the scheduler, so that `await using` bounds its life. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }
}

// Not read through a static block, which sees the private field: bundlers ship a class that has one
// to everybody, used or not.
const dispatchers = new WeakMap<object, Dispatcher>()

/** The engine of a scheduler, for what is built on it; `undefined` of anything else. */
export function dispatcherOf(scheduler: object): Dispatcher | undefined {
  return dispatchers.get(scheduler)
}
