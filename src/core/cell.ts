import type { Driver } from './driver.ts'
import { announce, type Subscriber, type Subscribers } from './subscriber.ts'

/** The five states of a future. The last three are settled, and final. */
export type Status = 'scheduled' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'

/**
 * A future as this file sees it: a state, an outcome, and who waits for it. The ways to use it are
 * of no concern here.
 */
export interface AnyCell {
  readonly name: string
  readonly status: Status
  readonly done: boolean
  readonly value: unknown
  readonly reason: unknown
}

// A small integer, not the public string: compared on every path.
export const SCHEDULED = 0
/** A flag beside `SCHEDULED`: the driver wants to know when the future is collected. */
export const LAZY = 16
export const RUNNING = 1
export const FULFILLED = 2
export const REJECTED = 3
export const CANCELLED = 4
/** The states a future can settle in. */
export type Settled = typeof FULFILLED | typeof REJECTED | typeof CANCELLED

/**
 * What the rest of the package does with futures; granted by their class, which alone sees the
 * private fields.
 */
interface Access<F> {
  /** Puts a pending future into another pending state, with other data. */
  move(future: F, state: number, data: unknown): void
  /** Whether a value is a future: faster than `instanceof`, and not to be faked. */
  isCell(value: unknown): value is F
  stateOf(future: F): number
  /** The driver's data while pending, the value or the reason once settled. */
  contentOf(future: F): unknown
  driverOf(future: F): Driver<F>
  /** The future's place in the order in which futures settled. */
  orderOf(settled: F): number
  /**
   * Attaches somebody to the outcome: a failure is theirs from now on, and a lazy future is started.
   */
  collect(future: F): void
  /** Adds a subscriber to a pending future. */
  subscribe(pending: F, subscriber: Subscriber<F>): void
  unsubscribe(future: F, subscriber: Subscriber<F>): void
  /** Settles a future without telling its subscribers; `undefined` if it was settled already. */
  conclude<C extends F>(future: C, state: Settled, outcome: unknown): C | undefined
  /** Takes the subscribers off a settled future, whose failure is held from now on. */
  detach(settled: F): Subscribers<F>
}

export let move: Access<AnyCell>['move']
export let isCell: Access<AnyCell>['isCell']
export let stateOf: Access<AnyCell>['stateOf']
export let contentOf: Access<AnyCell>['contentOf']
export let driverOf: Access<AnyCell>['driverOf']
export let orderOf: Access<AnyCell>['orderOf']
export let collect: Access<AnyCell>['collect']
export let subscribe: Access<AnyCell>['subscribe']
export let unsubscribe: Access<AnyCell>['unsubscribe']
export let conclude: Access<AnyCell>['conclude']
export let detach: Access<AnyCell>['detach']

/** Called once, by the class of futures. By position: names would be shipped. */
export function grantAccess<F extends AnyCell>(
  ...access: [
    Access<F>['move'],
    Access<F>['isCell'],
    Access<F>['stateOf'],
    Access<F>['contentOf'],
    Access<F>['driverOf'],
    Access<F>['orderOf'],
    Access<F>['collect'],
    Access<F>['subscribe'],
    Access<F>['unsubscribe'],
    Access<F>['conclude'],
    Access<F>['detach'],
  ]
): void {
  // No other class has such futures.
  const toAny = access as unknown as Parameters<typeof grantAccess<AnyCell>>
  ;[move, isCell, stateOf, contentOf, driverOf, orderOf] = toAny
  ;[, , , , , , collect, subscribe, unsubscribe, conclude, detach] = toAny
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
