import type { AnyFuture, Future } from '../core/future.ts'
import { Combination, type Kind, type NoCollection } from './combination.ts'
import type { GatherOptions } from './gather-options.ts'

/** The outcomes of what was gathered: position by position, or key by key. */
export type GatheredSettled<F> = {
  -readonly [K in keyof F]: PromiseSettledResult<Awaited<F[K]>>
}

/**
 * Waits for every future and gives their outcomes in the order of the arguments; takes the forms of
 * `gather`.
 *
 * @returns A future of one `{ status: 'fulfilled', value }` or `{ status: 'rejected', reason }` per
 *   input, cancelled ones among the latter. It fails only for wrong arguments, or an iterator that
 *   throws. Cancelling it cancels every unfinished input.
 *
 * @example
 * for (const outcome of await gatherSettled(pages.map((page) => fetchPage(page)))) report(outcome.status)
 *
 * Source: `Promise.allSettled`, ECMAScript 2020.
 */
export function gatherSettled<const F extends readonly PromiseLike<unknown>[]>(
  ...futures: F
): Future<GatheredSettled<F>>
export function gatherSettled<const F extends readonly unknown[]>(
  list: F,
  options?: GatherOptions,
): Future<GatheredSettled<F>>
export function gatherSettled<T>(
  iterable: Iterable<T> & object,
  options?: GatherOptions,
): Future<PromiseSettledResult<Awaited<T>>[]>
export function gatherSettled<R extends object>(
  record: R & NoCollection,
  options?: GatherOptions,
): Future<GatheredSettled<R>>
export function gatherSettled(...args: unknown[]): AnyFuture {
  return new Combination(GATHER_SETTLED).combine(args)
}

const GATHER_SETTLED: Kind = {
  name: 'gatherSettled',
  takesOne: false,
  look: (combination) => (combination.left > 0 ? undefined : combination.finishWith(outcome)),
}

function outcome({ status, value, reason }: AnyFuture): PromiseSettledResult<unknown> {
  return status === 'fulfilled' ? { status, value } : { status: 'rejected', reason }
}
