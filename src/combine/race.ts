import type { AnyFuture, Future } from '../core/future.ts'
import { Combination, type Kind } from './combination.ts'
import type { GatherOptions } from './gather-options.ts'

/**
 * Takes over the outcome of the input that settles first in time, whatever it is.
 *
 * @param list - Futures, promises, other thenables or plain values, in an iterable. Empty, the race
 *   stays pending, as the platform's does.
 * @returns A future. Cancelling it cancels every unfinished input; the losers of a race run on
 *   unless `cancelRest` is set.
 *
 * @example
 * const fastest = await race([fetchFrom(mirrorA), fetchFrom(mirrorB)], { cancelRest: true })
 *
 * Source: `Promise.race`, ECMAScript 2015.
 */
export function race<T>(list: Iterable<T> & object, options?: GatherOptions): Future<Awaited<T>>
export function race(...args: unknown[]): AnyFuture {
  return new Combination(RACE).combine(args)
}

const RACE: Kind = {
  name: 'race',
  takesOne: true,
  look: (combination) => combination.finishLikeFirst(() => true),
}
