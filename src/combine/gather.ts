import { contentOf, FULFILLED, stateOf } from '../core/cell.ts'
import type { AnyFuture, Future } from '../core/future.ts'
import { Combination, type Kind, type NoCollection } from './combination.ts'
import type { GatherOptions } from './gather-options.ts'

/** The values of what was gathered: position by position, or key by key. */
export type Gathered<F> = { -readonly [K in keyof F]: Awaited<F[K]> }

/**
 * Waits for every future and gives their values in the order of the arguments, never in the order
 * of completion.
 *
 * Takes futures, promises and other thenables one by one; or an array, another iterable, or a plain
 * record of them, which may hold plain values too, and then options. Empty, it is fulfilled at once
 * with an empty result.
 *
 * @returns A future that settles together with the last input. Cancelling it cancels every
 *   unfinished input.
 * @throws The first failure in time, as it was thrown. The others run on, unless `cancelRest` is
 *   set. Over a cancelled input the gather is cancelled with the same reason. Arguments of another
 *   form: a `TypeError`.
 *
 * @example
 * const [user, orders] = await gather(loadUser(id), loadOrders(id))
 * const { a, b } = await gather({ a: work(1), b: work(2) }, { cancelRest: true })
 *
 * Source: `asyncio.gather` of Python.
 */
export function gather<const F extends readonly PromiseLike<unknown>[]>(
  ...futures: F
): Future<Gathered<F>>
export function gather<const F extends readonly unknown[]>(
  list: F,
  options?: GatherOptions,
): Future<Gathered<F>>
export function gather<T>(
  iterable: Iterable<T> & object,
  options?: GatherOptions,
): Future<Awaited<T>[]>
export function gather<R extends object>(
  record: R & NoCollection,
  options?: GatherOptions,
): Future<Gathered<R>>
export function gather(...args: unknown[]): AnyFuture {
  return new Combination(GATHER).combine(args)
}

const GATHER: Kind = {
  name: 'gather',
  takesOne: false,
  look(combination, input) {
    if (input !== undefined && stateOf(input) !== FULFILLED) {
      return combination.finishLikeFirst((state) => state !== FULFILLED)
    }
    return combination.left > 0 ? undefined : combination.finishWith(contentOf)
  },
}
