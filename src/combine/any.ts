import { contentOf, FULFILLED, REJECTED, stateOf } from '../core/cell.ts'
import type { AnyFuture, Future } from '../core/future.ts'
import { Combination, type Kind } from './combination.ts'
import type { GatherOptions } from './gather-options.ts'

/**
 * Gives the value of the input that is fulfilled first in time.
 *
 * @param list - Futures, promises, other thenables or plain values, in an iterable.
 * @returns A future. Cancelling it cancels every unfinished input; the others run on unless
 *   `cancelRest` is set.
 * @throws {AggregateError} once every input has failed, with their reasons in the order of the
 *   list; for an empty list at once, with none.
 *
 * @example
 * const answer = await any([askCache(key), askOrigin(key)], { cancelRest: true })
 *
 * Source: `Promise.any`, ECMAScript 2021.
 */
export function any<T>(list: Iterable<T> & object, options?: GatherOptions): Future<Awaited<T>>
export function any(...args: unknown[]): AnyFuture {
  return new Combination(ANY).combine(args)
}

const ANY: Kind = {
  name: 'any',
  takesOne: true,
  look(combination, input) {
    if (input !== undefined && stateOf(input) === FULFILLED) {
      return combination.finishLikeFirst((state) => state === FULFILLED)
    }
    if (combination.left > 0) return undefined
    const reasons = combination.items.map(contentOf)
    return combination.finish(REJECTED, new AggregateError(reasons, 'Every future failed'))
  },
}
