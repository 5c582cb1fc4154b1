import {
  type AnyCell,
  collect,
  concludeLike,
  FULFILLED,
  follow,
  isCell,
  move,
  REJECTED,
  settle,
  stateOf,
  subscribe,
  unsubscribe,
} from './cell.ts'
import type { Subscriber } from './subscriber.ts'

/** Who takes over the outcome of what it is resolved with. */
export interface Taker extends Subscriber<AnyCell> {
  readonly fulfil: (value: unknown) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Follows `value` until it has an outcome for `taker`.
 *
 * Source: the promise resolution procedure, Promises/A+ 2.3. As in ECMAScript
 * (NewPromiseResolveThenableJob), a foreign `then` is called in a microtask of its own.
 *
 * @param self - The future that is being resolved, if there is one: `value` must not be it.
 */
export function adopt(value: unknown, self: AnyCell | undefined, taker: Taker): void {
  // On a primitive there may be a `then`, if somebody put one on its prototype; it does not count.
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') {
    return taker.fulfil(value)
  }
  if (value === self) return taker.reject(new TypeError('A future cannot be resolved with itself'))
  try {
    // Read once: it may be a getter, and the second answer another.
    const { then } = value as { then?: unknown }
    if (then === nativeThen) return void nativeThen.call(value, taker.fulfil, taker.reject)
    if (isCell(value)) {
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

/** Makes the two functions that settle a future: the first call of either decides. */
export function resolversOf(future: AnyCell): Resolvers {
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

/** Resolves a future with a value, or with the outcome of what will become one. */
export function resolveWith(future: AnyCell, value: unknown): void {
  const taker: Taker = {
    fulfil: (value) => settle(future, FULFILLED, value),
    reject: (reason) => settle(future, REJECTED, reason),
    settled: (followed) => concludeLike(future, followed),
  }
  adopt(value, future, taker)
  // Cancelled, it leaves nothing behind on a future that may live much longer.
  if (!future.done && isCell(value)) {
    // Says what it waits for.
    move(future, stateOf(future), value)
    subscribe(future, { settled: () => void unsubscribe(value, taker) })
  }
}

interface Resolvers {
  // biome-ignore lint/suspicious/noExplicitAny: typed where they are handed out
  readonly resolve: (value: any) => void
  readonly reject: (reason?: unknown) => void
}
