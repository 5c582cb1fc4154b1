import { contentOf, FULFILLED, REJECTED, stateOf } from '../core/cell.ts'
import type { AnyFuture, Future } from '../core/future.ts'
import { Combination } from './combination.ts'
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
  return new Any('any').combine(args)
}

class Any extends Combination {
  readonly takesOne = true

  protected look(input?: AnyFuture): AnyFuture | undefined {
    if (input && stateOf(input) === FULFILLED) {
      return this.finishLikeFirst((state) => state === FULFILLED)
    }
    if (this.left > 0) return undefined
    const reasons = this.items.map(contentOf)
    return this.finish(REJECTED, new AggregateError(reasons, 'Every future failed'))
  }
}
