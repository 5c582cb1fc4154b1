import type { Driver } from './driver.ts'
import { observer } from './observer.ts'
import { announce, type Subscriber, type Subscribers } from './subscriber.ts'
import { type HeldFailure, hold, release } from './uncollected.ts'

/** The five states of a future. The last three are settled, and final. */
export type Status = 'scheduled' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

// biome-ignore lint/suspicious/noExplicitAny: a cell of anything, as `Promise<any>`; never in a public type
export type AnyCell = Cell<any>

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

// What the rest of the package does with futures; assigned inside the class, which alone sees the
// private fields.

/** Puts a pending future into another pending state, with other data. */
export let move: (future: AnyCell, state: number, data: unknown) => void
/** Whether a value is a future: faster than `instanceof`, and not to be faked. */
export let isCell: (value: unknown) => value is AnyCell
export let stateOf: (future: AnyCell) => number
/** The driver's data while pending, the value or the reason once settled. */
export let contentOf: (future: AnyCell) => unknown
export let driverOf: (future: AnyCell) => Driver<AnyCell>
/** The future's place in the order in which futures settled. */
export let orderOf: (settled: AnyCell) => number
/**
 * Attaches somebody to the outcome: a failure is theirs from now on, and a lazy future is started.
 */
export let collect: (future: AnyCell) => void
/** Adds a subscriber to a pending future. */
export let subscribe: (pending: AnyCell, subscriber: Subscriber<AnyCell>) => void
export let unsubscribe: (future: AnyCell, subscriber: Subscriber<AnyCell>) => void
/** Settles a future without telling its subscribers; `undefined` if it was settled already. */
export let conclude: <F extends AnyCell>(
  future: F,
  state: Settled,
  outcome: unknown,
) => F | undefined
/** Takes the subscribers off a settled future, whose failure is held from now on. */
export let detach: (settled: AnyCell) => Subscribers<AnyCell>

/**
 * The state of a future and who waits for it, without any of the ways to use it: those are in
 * `Future`, the only class that is made of it.
 */
export class Cell<T> {
  #state: number
  #collected = false
  // While pending what the driver keeps here, once settled the value or the reason: one field less
  // in each of a million queued futures is worth a word of explanation.
  #content: unknown
  // While pending who waits, in order of arrival, and without a list while it is only one. Once
  // settled the future's place in the order of settling, inside a held failure while nobody has
  // collected it.
  #link: Subscribers<AnyCell> | HeldFailure | number
  readonly #driver: Driver<AnyCell>

  constructor(driver: Driver<AnyCell>, state: number, data: unknown) {
    this.#driver = driver
    this.#state = state
    this.#content = data
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

  static {
    move = (future, state, data) => {
      future.#state = state
      future.#content = data
    }
    isCell = (value): value is AnyCell =>
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
      observer?.collected(future)
      if (future.#state === REJECTED) {
        const failure = future.#link as HeldFailure
        future.#link = failure.order
        release(failure)
      } else demand(future)
    }

    subscribe = (future, subscriber) => {
      const link = future.#link as Subscribers<AnyCell>
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
      const subscribers = future.#link as Subscribers<AnyCell>
      const order = ++settlements
      future.#link = order
      observer?.settled(future)
      if (future.#state === REJECTED && !future.#collected) {
        const failure = { name: future.name, reason: future.#content, order }
        future.#link = failure
        hold(future, failure)
      }
      return subscribers
    }
  }
}

/** Asks a lazy future to start. Does nothing to any other. */
export function demand(future: AnyCell): void {
  if (stateOf(future) === SCHEDULED) driverOf(future).demanded?.(future, contentOf(future))
}

/** Settles a future and tells its subscribers, unless it was settled already. */
export function settle(future: AnyCell, state: Settled, outcome: unknown): void {
  tell(conclude(future, state, outcome))
}

/** Tells the subscribers of what `conclude` has settled. */
export function tell(concluded: AnyCell | undefined): void {
  if (concluded !== undefined) announce(concluded, detach)
}

/** Tells `subscriber` when the future settles; now if it has. */
export function follow(future: AnyCell, subscriber: Subscriber<AnyCell>): void {
  if (future.done) tell(subscriber.settled(future))
  else subscribe(future, subscriber)
}

/** Gives a future the outcome of another one, as `conclude` does. */
export function concludeLike<F extends AnyCell>(future: F, settled: AnyCell): F | undefined {
  return conclude(future, stateOf(settled) as Settled, contentOf(settled))
}
