import { type AnyCell, CANCELLED, contentOf, driverOf, follow, REJECTED, stateOf } from './cell.ts'
import type { Witness } from './driver.ts'

/**
 * Whether the future was cancelled and something behind it still runs, a body above all. If so,
 * the witness is told of it.
 */
export function lingers(settled: AnyCell, witness: Witness): boolean {
  if (stateOf(settled) !== CANCELLED) return false
  return driverOf(settled).lingers?.(settled, witness) ?? false
}

/** Tells of each failure of the futures, and when nothing runs any more behind any of them. */
export function witnessAll(futures: readonly AnyCell[], witness: Witness): void {
  let left = futures.length
  const threw = (error: unknown): void => witness.threw(error)
  const ended = (): void => {
    left -= 1
    if (left === 0) witness.ended()
  }
  for (const future of futures) {
    const settled = (it: AnyCell): undefined => {
      if (stateOf(it) === REJECTED) threw(contentOf(it))
      if (!lingers(it, { threw, ended })) ended()
    }
    follow(future, { settled })
  }
}
