import type { Clock } from '../core/clock.ts'
import { check, checkObject, checkOptions } from '../internal/check.ts'

/** How many futures are made into one. */
export interface GatherOptions {
  /**
   * Whether the inputs that are not done are cancelled as soon as the outcome stands. Default
   * `false`: they run on.
   */
  cancelRest?: boolean | undefined
  /** Cancels the gather, and with it every unfinished input, when it aborts. */
  signal?: AbortSignal | undefined
  /**
   * Cancels likewise after so many milliseconds, with a `TimeoutError`. Above 0. Default
   * `Infinity`: none.
   */
  timeout?: number | undefined
  /** The clock of `timeout`. Default: `systemClock`. */
  clock?: Clock | undefined
  /** What reports and timelines call it. Default: the function's name. */
  name?: string | undefined
}

/**
 * Gives a copy, which the caller cannot change any more.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 */
export function copyGatherOptions(options: GatherOptions): GatherOptions {
  checkObject(options)
  const { cancelRest = false, signal, timeout, clock, name } = options
  const copy = { cancelRest, signal, timeout, clock, name }
  checkOptions(copy)
  check(typeof cancelRest === 'boolean', 'cancelRest', 'true or false', cancelRest)
  return copy
}
