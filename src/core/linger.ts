import { type AnyCell, CANCELLED, contentOf, driverOf, follow, REJECTED, stateOf } from './cell.ts'

/** Told once how something has ended: the state, and the value or the reason. */
export type Ended = (state: number, outcome: unknown) => void

/**
 * Whether the future was cancelled and something behind it still runs, a body above all. If so,
 * `ended` is told when that is over.
 */
export function lingers(settled: AnyCell, ended: Ended): boolean {
  if (stateOf(settled) !== CANCELLED) return false
  return driverOf(settled).lingers?.(settled, ended) ?? false
}

/**
 * Tells when nothing runs any more behind any of the futures: how the first of them failed, else
 * how the last has ended.
 */
export function whenAllEnded(futures: readonly AnyCell[], ended: Ended): void {
  let left = futures.length
  let last: Parameters<Ended> | undefined
  const one: Ended = (...how) => {
    if (last?.[0] !== REJECTED) last = how
    left -= 1
    if (left === 0) ended(...(last as Parameters<Ended>))
  }
  for (const future of futures) {
    const settled = (it: AnyCell): undefined => {
      if (!lingers(it, one)) one(stateOf(it), contentOf(it))
    }
    follow(future, { settled })
  }
}
