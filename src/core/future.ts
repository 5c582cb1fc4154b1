import { callSafely } from '../internal/call-safely.ts'
import { checkFunction, checkOptions } from '../internal/check.ts'
import type { Driver } from './driver.ts'
import { CancelledError, InvalidStateError } from './errors.ts'
import { makeInspectable } from './inspect.ts'
import { announce, type Subscriber, type Subscribers, tellNext, tellOf } from './subscriber.ts'
import { type HeldFailure, hold, release } from './uncollected.ts'

/** The five states of a future. The last three are settled, and final. */
export type Status = 'scheduled' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

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

// A small integer, not the public string: compared on every path.
export const SCHEDULED = 0
export const RUNNING = 1
export const FULFILLED = 2
export const REJECTED = 3
export const CANCELLED = 4
/** The states a future can settle in. */
export type Settled = typeof FULFILLED | typeof REJECTED | typeof CANCELLED
const STATUSES: readonly Status[] = ['scheduled', 'running', 'fulfilled', 'rejected', 'cancelled']

// How many futures have settled: the order among them decides which failure came first in time.
let settlements = 0

// Marks the constructor's first argument when a driver makes the future; no user can have it.
const DRIVEN = Symbol('driven')

// What the rest of the package does with futures; assigned inside the class, which alone sees the
// private fields.

/** Makes a future that `driver` computes, without an executor. */
export let drive: <T>(driver: Driver<AnyFuture>, state: number, data: unknown) => Future<T>
/** Puts a pending future into another pending state, with other data. */
export let move: (future: AnyFuture, state: number, data: unknown) => void
/** Whether a value is a future: faster than `instanceof`, and not to be faked. */
export let isFuture: (value: unknown) => value is AnyFuture
export let stateOf: (future: AnyFuture) => number
/** The driver's data while pending, the value or the reason once settled. */
export let contentOf: (future: AnyFuture) => unknown
export let driverOf: (future: AnyFuture) => Driver<AnyFuture>
/** The future's place in the order in which futures settled. */
export let orderOf: (settled: AnyFuture) => number
/**
 * Attaches somebody to the outcome: a failure is theirs from now on, and a lazy future is started.
 */
export let collect: (future: AnyFuture) => void
/** Adds a subscriber to a pending future. */
export let subscribe: (pending: AnyFuture, subscriber: Subscriber<AnyFuture>) => void
export let unsubscribe: (future: AnyFuture, subscriber: Subscriber<AnyFuture>) => void
/** Settles a future without telling its subscribers; `undefined` if it was settled already. */
export let conclude: (future: AnyFuture, state: Settled, outcome: unknown) => AnyFuture | undefined
let detach: (settled: AnyFuture) => Subscribers<AnyFuture>

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
  #state: number = RUNNING
  #collected = false
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
  constructor(executor: unknown, options?: unknown) {
    if (executor === DRIVEN) {
      this.#driver = options as Driver<AnyFuture>
      return
    }
    checkFunction('executor', executor)
    this.#driver = plainDriver(options as FutureOptions | undefined)
    const { resolve, reject } = resolversOf<T>(this)
    try {
      ;(executor as (...resolvers: unknown[]) => void)(resolve, reject)
    } catch (error) {
      reject(error)
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
    return STATUSES[this.#state] as Status
  }

  /** Whether the future has settled: is fulfilled, rejected or cancelled. */
  get done(): boolean {
    return this.#state >= FULFILLED
  }

  /** The value, once fulfilled; `undefined` otherwise. Looking does not collect. */
  get value(): T | undefined {
    return this.#state === FULFILLED ? (this.#content as T) : undefined
  }

  /**
   * Why the future failed, once rejected or cancelled; `undefined` otherwise. Looking does not
   * collect.
   */
  get reason(): unknown {
    return this.#state > FULFILLED ? this.#content : undefined
  }

  /**
   * Gives the value, without waiting.
   *
   * @throws The reason of a future that was rejected or cancelled; this collects the failure.
   * @throws {InvalidStateError} while the future is not done.
   */
  result(): T {
    if (this.#state < FULFILLED) {
      throw new InvalidStateError(
        `The future "${this.name}" has no result yet: it is ${this.status}`,
      )
    }
    if (this.#state === FULFILLED) return this.#content as T
    collect(this)
    throw this.#content
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
    if (this.#state >= FULFILLED) return false
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
    return 'Future'
  }

  static {
    drive = (driver, state, data) => {
      const future = new Future<never>(DRIVEN as never, driver as never)
      future.#state = state
      future.#content = data
      return future
    }
    move = (future, state, data) => {
      future.#state = state
      future.#content = data
    }
    isFuture = (value): value is AnyFuture =>
      typeof value === 'object' && value !== null && #driver in value
    stateOf = (future) => future.#state
    contentOf = (future) => future.#content
    driverOf = (future) => future.#driver
    orderOf = (future) => {
      const link = future.#link
      return typeof link === 'number' ? link : (link as HeldFailure).order
    }

    collect = (future) => {
      if (future.#collected) return
      future.#collected = true
      if (future.#state === REJECTED) {
        const failure = future.#link as HeldFailure
        future.#link = failure.order
        release(failure)
      } else demand(future)
    }

    subscribe = (future, subscriber) => {
      const link = future.#link as Subscribers<AnyFuture>
      if (link === undefined) future.#link = subscriber
      else if (Array.isArray(link)) link.push(subscriber)
      else future.#link = [link, subscriber]
    }

    unsubscribe = (future, subscriber) => {
      if (future.#state >= FULFILLED) return
      const link = future.#link
      if (link === subscriber) future.#link = undefined
      else if (Array.isArray(link)) {
        // From the end: what is taken back was mostly added last.
        const index = link.lastIndexOf(subscriber)
        if (index >= 0) link.splice(index, 1)
      }
    }

    conclude = (future, state, outcome) => {
      if (future.#state >= FULFILLED) return undefined
      future.#state = state
      future.#content = outcome
      return future
    }

    detach = (future) => {
      const subscribers = future.#link as Subscribers<AnyFuture>
      const order = ++settlements
      future.#link = order
      if (future.#state === REJECTED && !future.#collected) {
        const failure = { name: future.name, reason: future.#content, order }
        future.#link = failure
        hold(future, failure)
      }
      return subscribers
    }

    makeInspectable(Future.prototype, (future) => {
      const title = `Future "${future.name}"`
      return future.done ? [title, future.status, future.#content] : [title, future.status]
    })
  }
}

/** Asks a lazy future to start. Does nothing to any other. */
export function demand(future: AnyFuture): void {
  if (stateOf(future) === SCHEDULED) driverOf(future).demanded?.(future, contentOf(future))
}

/** Settles a future and tells its subscribers, unless it was settled already. */
export function settle(future: AnyFuture, state: Settled, outcome: unknown): void {
  tell(conclude(future, state, outcome))
}

/** Tells the subscribers of what `conclude` has settled. */
export function tell(concluded: AnyFuture | undefined): void {
  if (concluded !== undefined) announce(concluded, detach)
}

/** Tells `subscriber` when the future settles; now if it has. */
function follow(future: AnyFuture, subscriber: Subscriber<AnyFuture>): void {
  if (future.done) tell(subscriber.settled(future))
  else subscribe(future, subscriber)
}

/** Cancels futures one after the other, and what their drivers name with them, to any depth. */
export function cancelAll(futures: readonly AnyFuture[], reason: unknown): void {
  tellOf(new Canceller(reason), futures, detach)
}

/** Cancels every future it is told of, pending as they are. */
export class Canceller implements Subscriber<AnyFuture> {
  readonly #reason: unknown

  constructor(reason: unknown = new CancelledError()) {
    this.#reason = reason
  }

  settled(future: AnyFuture): AnyFuture | undefined {
    const data = contentOf(future)
    const reason = this.#reason
    if (conclude(future, CANCELLED, reason) === undefined) return undefined
    const driver = driverOf(future)
    const withdrawn = driver.withdrawn?.(data)
    // Comes after the future's own subscribers, which are pushed above it.
    const settled = () => tellNext(this, driver.abort?.(reason, withdrawn) ?? [])
    tellNext({ settled }, [future])
    return future
  }
}

/** Who takes over the outcome of what it is resolved with. */
export interface Taker extends Subscriber<AnyFuture> {
  readonly fulfil: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Follows `value` until it has an outcome for `taker`.
 *
 * Source: the promise resolution procedure, Promises/A+ 2.3. As in ECMAScript
 * (NewPromiseResolveThenableJob), a foreign `then` is called in a microtask of its own.
 *
 * @param self - The future that is being resolved, which `value` must not be.
 */
export function adopt(value: unknown, self: AnyFuture, taker: Taker): void {
  // On a primitive there may be a `then`, if somebody put one on its prototype; it does not count.
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') {
    return taker.fulfil(value)
  }
  if (value === self) return taker.reject(new TypeError('A future cannot be resolved with itself'))
  try {
    // Read once: it may be a getter, and the second answer another.
    const { then } = value as { then?: unknown }
    if (then === nativeThen) return void nativeThen.call(value, taker.fulfil, taker.reject)
    if (isFuture(value)) {
      collect(value)
      return follow(value, taker)
    }
    if (typeof then !== 'function') return taker.fulfil(value)
    nativeThen.call(callThen(value, then), taker.fulfil, taker.reject)
  } catch (error) {
    taker.reject(error)
  }
}

const nativeThen = Promise.prototype.then

// A native promise around it takes care of thenables that call back twice, both ways, late or
// never.
// biome-ignore lint/complexity/noBannedTypes: nothing is known of a foreign `then`
function callThen(thenable: unknown, then: Function): Promise<unknown> {
  // biome-ignore lint/suspicious/noThenProperty: the way to have a `then` called once, and heeded once
  return Promise.resolve({ then: (...both: unknown[]) => Reflect.apply(then, thenable, both) })
}

function toPromise<T>(future: Future<T>): Promise<T> {
  collect(future)
  return new Promise((resolve, reject) => {
    follow(future, {
      settled: () =>
        void (future.status === 'fulfilled' ? resolve : reject)(contentOf(future) as never),
    })
  })
}

function resolversOf<T>(future: Future<T>): Omit<FutureResolvers<T>, 'future'> {
  let isResolved = false
  const once =
    <A>(resolve: (argument: A) => void) =>
    (argument: A) => {
      if (!isResolved) {
        isResolved = true
        resolve(argument)
      }
    }
  return {
    resolve: once((value) => resolveWith(future, value)),
    reject: once((reason) => settle(future, REJECTED, reason)),
  }
}

function resolveWith(future: AnyFuture, value: unknown): void {
  const taker: Taker = {
    fulfil: (value) => settle(future, FULFILLED, value),
    reject: (reason) => settle(future, REJECTED, reason),
    settled: (followed) => concludeLike(future, followed),
  }
  adopt(value, future, taker)
  // Cancelled, it leaves nothing behind on a future that may live much longer.
  if (!future.done && isFuture(value)) {
    subscribe(future, { settled: () => void unsubscribe(value, taker) })
  }
}

/** Gives a future the outcome of another one, as `conclude` does. */
export function concludeLike(future: AnyFuture, settled: AnyFuture): AnyFuture | undefined {
  return conclude(future, stateOf(settled) as Settled, contentOf(settled))
}

/** The driver of a future that somebody outside settles. */
function plainDriver(options: FutureOptions = {}): Driver<AnyFuture> {
  checkOptions(options)
  const { name = 'future', onCancel } = options
  if (onCancel !== undefined) checkFunction('onCancel', onCancel)
  return { name, abort: (reason) => callSafely(onCancel, reason) }
}
