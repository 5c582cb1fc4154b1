import { callSafely } from '../internal/call-safely.ts'
import { checkFunction, checkOptions } from '../internal/check.ts'
import { cancelAll } from './canceller.ts'
import {
  collect,
  contentOf,
  demand,
  FULFILLED,
  follow,
  grantAccess,
  isCell,
  LAZY,
  REJECTED,
  RUNNING,
  type Status,
  settle,
  stateOf,
  unsubscribe,
} from './cell.ts'
import type { Driver } from './driver.ts'
import { InvalidStateError } from './errors.ts'
import { makeInspectable } from './inspect.ts'
import { observer } from './observer.ts'
import { resolversOf, resolveWith } from './resolution.ts'
import type { Subscribers } from './subscriber.ts'
import { type HeldFailure, hold, release } from './uncollected.ts'
import { currentWaiter } from './waiter.ts'

/** A value, or anything that will become one: what `await` takes. */
export type Awaitable<T> = T | PromiseLike<T>

/** What a plain future is made with. */
export interface FutureOptions {
  /** What reports and inspectors call it. Default: `future`. */
  name?: string | undefined
  /**
   * Called once with the reason when the future is cancelled, after its listeners: the place to
   * stop the work.
   */
  onCancel?: ((reason: unknown) => void) | undefined
}

/** A future with the functions that settle it. */
export interface FutureResolvers<T> {
  readonly future: Future<T>
  readonly resolve: (value: Awaitable<T>) => void
  readonly reject: (reason?: unknown) => void
}

// biome-ignore lint/suspicious/noExplicitAny: a future of anything, as `Promise<any>`; never in a public type
export type AnyFuture = Future<any>

/**
 * A handle on a computation: a state, and in the end a value or a reason.
 *
 * It has the shape of a native promise and can be awaited, but differs in four ways. Its state can
 * be read at any time. It can be cancelled. Its listeners run synchronously when it settles. And a
 * failure is kept until it is collected: start early, collect late, lose nothing.
 *
 * A future made by its constructor is `running` until it settles.
 *
 * @example
 * const answer = new Future<number>((resolve) => setTimeout(resolve, 100, 42), { name: 'answer' })
 * answer.status //=> 'running'
 * await answer //=> 42
 *
 * Source: futures as introduced by Baker and Hewitt, "The Incremental Garbage Collection of
 * Processes", 1977; states and `result()` after Python's `concurrent.futures` (PEP 3148);
 * resolution after Promises/A+.
 */
export class Future<T> implements Disposable {
  // The state, and `COLLECTED` on top of it once somebody has: a word less in each of a million
  // queued futures, which the garbage collector moves twice.
  #bits: number
  // While pending what the driver keeps here, once settled the value or the reason: one field less
  // in each of a million queued futures is worth a word of explanation.
  #content: unknown
  // While pending who waits, in order of arrival, and without a list while it is only one. Once
  // settled the future's place in the order of settling, inside a held failure while nobody has
  // collected it.
  #link: Subscribers<AnyFuture> | HeldFailure | number
  readonly #driver: Driver<AnyFuture>

  /**
   * Makes a future that the given function settles.
   *
   * @param executor - Called at once. What it throws rejects the future.
   * @throws {TypeError} for an executor that is no function, or wrong options.
   */
  constructor(
    executor: (resolve: (value: Awaitable<T>) => void, reject: (reason?: unknown) => void) => void,
    options?: FutureOptions,
  )
  constructor(executor: unknown, options?: unknown, state: number = RUNNING, data?: unknown) {
    // Short, and of no class above: made in place then, wherever futures are, which saves 11 ns.
    this.#bits = state
    this.#content = data
    if (executor === DRIVEN) this.#driver = options as Driver<AnyFuture>
    else {
      this.#driver = driverOfExecutor(executor, options as FutureOptions | undefined)
      execute(this, executor as Executor)
    }
  }

  /**
   * Makes a future together with the functions that settle it. Counterpart of
   * `Promise.withResolvers`.
   */
  static withResolvers<T = void>(options?: FutureOptions): FutureResolvers<T> {
    const future = drive<T>(plainDriver(options), RUNNING, undefined)
    return { future, ...resolversOf(future) }
  }

  /**
   * Gives a future of the value. A future is given back as it is; a promise or other thenable is
   * followed.
   */
  static resolve(): Future<void>
  static resolve<T>(value: T): Future<Awaited<T>>
  static resolve(value?: unknown): AnyFuture {
    if (isFuture(value)) return value
    const future = drive<unknown>(plainDriver(), RUNNING, undefined)
    resolveWith(future, value)
    return future
  }

  /** Gives a future that failed with the reason. */
  static reject<T = never>(reason?: unknown): Future<T> {
    const future = drive<T>(plainDriver(), RUNNING, undefined)
    settle(future, REJECTED, reason)
    return future
  }

  /** The task's name, else `future`. What reports and timelines call it. */
  get name(): string {
    return this.#driver.name
  }

  get status(): Status {
    return STATUSES[stateOf(this)] as Status
  }

  /** Whether the future has settled: is fulfilled, rejected or cancelled. */
  get done(): boolean {
    return stateOf(this) >= FULFILLED
  }

  /** The value, once fulfilled; `undefined` otherwise. Looking does not collect. */
  get value(): T | undefined {
    return stateOf(this) === FULFILLED ? (this.#content as T) : undefined
  }

  /**
   * Why the future failed, once rejected or cancelled; `undefined` otherwise. Looking does not
   * collect.
   */
  get reason(): unknown {
    return stateOf(this) > FULFILLED ? this.#content : undefined
  }

  /**
   * Gives the value, without waiting.
   *
   * @throws The reason of a future that was rejected or cancelled; this collects the failure.
   * @throws {InvalidStateError} while the future is not done.
   */
  result(): T {
    const state = stateOf(this)
    if (state < FULFILLED) {
      throw new InvalidStateError(
        `The future "${this.name}" has no result yet: it is ${this.status}`,
      )
    }
    collect(this)
    if (state === FULFILLED) return contentOf(this) as T
    throw contentOf(this)
  }

  /** Collects the outcome as `Promise.prototype.then` does, and gives a native promise. */
  // biome-ignore lint/suspicious/noThenProperty: a future is meant to be awaited
  then<TResult1 = T, TResult2 = never>(
    onFulfilled?: ((value: T) => TResult1 | PromiseLike<TResult1>) | null,
    // biome-ignore lint/suspicious/noExplicitAny: as Promise has it, so that code written for promises compiles
    onRejected?: ((reason: any) => TResult2 | PromiseLike<TResult2>) | null,
  ): Promise<TResult1 | TResult2> {
    return toPromise(this).then(onFulfilled, onRejected)
  }

  /** Collects the outcome as `Promise.prototype.catch` does, and gives a native promise. */
  catch<TResult = never>(
    // biome-ignore lint/suspicious/noExplicitAny: as Promise has it, so that code written for promises compiles
    onRejected?: ((reason: any) => TResult | PromiseLike<TResult>) | null,
  ): Promise<T | TResult> {
    return toPromise(this).catch(onRejected)
  }

  /** Collects the outcome as `Promise.prototype.finally` does, and gives a native promise. */
  finally(onFinally?: (() => void) | null): Promise<T> {
    return toPromise(this).finally(onFinally)
  }

  /**
   * Cancels the future, unless it is done: settles it as `cancelled`, runs its listeners, then
   * aborts the work behind it (a body's `signal`, `onCancel`, the inputs of a gather). A body that
   * has not started never does. One that runs on keeps its slot until it really ends; what it
   * returns or throws is dropped.
   *
   * @param reason - What collecting it throws. Default: a new `CancelledError`.
   * @returns Whether this call settled the future.
   */
  cancel(reason?: unknown): boolean {
    if (stateOf(this) >= FULFILLED) return false
    cancelAll([this], reason)
    return true
  }

  /**
   * Calls `listener` once, synchronously, when the future has settled; at once if it has. Listeners
   * run in the order they were added. What one throws is reported as an uncaught error and disturbs
   * nobody else. Listening does not collect.
   *
   * @returns A function that stops listening.
   * @throws {TypeError} for a listener that is no function.
   */
  onSettled(listener: (future: this) => void): () => void {
    checkFunction('listener', listener)
    let called: typeof listener | undefined = listener
    const subscriber = { settled: () => callSafely(called, this) }
    follow(this, subscriber)
    return () => {
      // Works also while the subscribers are being told.
      called = undefined
      unsubscribe(this, subscriber)
    }
  }

  /** Cancels the future unless it is done, so that `using` bounds its life. */
  [Symbol.dispose](): void {
    this.cancel()
  }

  get [Symbol.toStringTag](): 'Future' {
    return Future.#tag
  }

  // Not a static block: bundlers ship a class that has one to everybody, used or not.
  static readonly #tag: 'Future' = /* @__PURE__ */ Future.#setUp()

  static #setUp(): 'Future' {
    grantAccess<AnyFuture>(
      // move
      (future, state, data) => {
        future.#bits = state | (future.#bits & COLLECTED)
        future.#content = data
      },
      // isCell
      (value): value is AnyFuture =>
        typeof value === 'object' && value !== null && #driver in value,
      // stateOf
      (future) => future.#bits & STATE,
      // contentOf
      (future) => future.#content,
      // driverOf
      (future) => future.#driver,
      // orderOf
      (future) => {
        const link = future.#link
        return typeof link === 'number' ? link : (link as HeldFailure).order
      },

      // collect
      (future) => {
        const bits = future.#bits
        if ((bits & COLLECTED) !== 0) return
        future.#bits = bits | COLLECTED
        observer?.collected(future)
        if (bits === REJECTED) {
          const failure = future.#link as HeldFailure
          future.#link = failure.order
          release(failure)
        } else if ((bits & LAZY) !== 0) demand(future)
      },

      // subscribe
      (future, subscriber) => {
        const link = future.#link as Subscribers<AnyFuture>
        if (link === undefined) future.#link = subscriber
        else if (Array.isArray(link)) link.push(subscriber)
        else future.#link = [link, subscriber]
      },

      // unsubscribe
      (future, subscriber) => {
        if ((future.#bits & STATE) >= FULFILLED) return
        const link = future.#link
        if (link === subscriber) future.#link = undefined
        else if (Array.isArray(link)) {
          // From the end: what is taken back was mostly added last.
          const index = link.lastIndexOf(subscriber)
          if (index >= 0) link.splice(index, 1)
        }
      },

      // conclude
      (future, state, outcome) => {
        const bits = future.#bits
        if ((bits & STATE) >= FULFILLED) return undefined
        future.#bits = state | (bits & COLLECTED)
        future.#content = outcome
        return future
      },

      // detach
      (future) => {
        const subscribers = future.#link as Subscribers<AnyFuture>
        const order = ++settlements
        future.#link = order
        observer?.settled(future)
        // Nobody has collected it.
        if (future.#bits === REJECTED) {
          const failure = { name: future.name, reason: future.#content, order }
          future.#link = failure
          hold(future, failure)
        }
        return subscribers
      },
    )
    makeInspectable(Future.prototype as AnyFuture, (future) => {
      const title = `Future "${future.name}"`
      return future.done ? [title, future.status, contentOf(future)] : [title, future.status]
    })
    return 'Future'
  }
}

/** The bits of the state; those above are flags: of who was collected, and `LAZY`. */
const STATE = 7
const COLLECTED = 8
const STATUSES: readonly Status[] = ['scheduled', 'running', 'fulfilled', 'rejected', 'cancelled']

// How many futures have settled: the order among them decides which failure came first in time.
let settlements = 0

// Marks the constructor's first argument when a driver makes the future; no user can have it.
const DRIVEN = Symbol('driven')

/** The constructor as only this file knows it. */
type Driven<T> = new (mark: symbol, driver: object, state: number, data: unknown) => Future<T>

/** Makes a future that `driver` computes, without an executor. */
export function drive<T>(driver: Driver<AnyFuture>, state: number, data: unknown): Future<T> {
  return new (Future as unknown as Driven<T>)(DRIVEN, driver, state, data)
}

/** Whether a value is a future: faster than `instanceof`, and not to be faked. */
export const isFuture = isCell as (value: unknown) => value is AnyFuture

/**
 * Gives a native promise of the outcome, and collects it.
 *
 * @param isWait - Whether it is known from now on that whoever runs now waits for it. Default true.
 */
export function toPromise<T>(future: Future<T>, isWait = true): Promise<T> {
  collect(future)
  const waiter = isWait && !future.done ? currentWaiter?.() : undefined
  waiter?.wait(future)
  return new Promise((resolve, reject) => {
    const goOn = (): undefined =>
      void (stateOf(future) === FULFILLED ? resolve : reject)(contentOf(future) as never)
    follow(future, { settled: waiter ? () => void waiter.resume(future, goOn) : goOn })
  })
}

type Executor = (...resolvers: unknown[]) => void

function driverOfExecutor(executor: unknown, options?: FutureOptions): Driver<AnyFuture> {
  checkFunction('executor', executor)
  return plainDriver(options)
}

function execute(future: AnyFuture, executor: Executor): void {
  const { resolve, reject } = resolversOf(future)
  try {
    executor(resolve, reject)
  } catch (error) {
    reject(error)
  }
}

/** The driver of a future that somebody outside settles. */
function plainDriver(options: FutureOptions = {}): Driver<AnyFuture> {
  checkOptions(options)
  const { name = 'future', onCancel } = options
  if (onCancel !== undefined) checkFunction('onCancel', onCancel)
  return {
    name,
    abort: (reason) => callSafely(onCancel, reason),
    inputs: (followed) => (isFuture(followed) ? [followed] : []),
  }
}
