import type { Clock } from '../core/clock.ts'
import { checkNumber, checkObject } from '../internal/check.ts'

/** How many bodies may start in a span of time. */
export interface RateOptions {
  /** The most starts in any `interval`: a whole number from 1 up. */
  limit: number
  /** The span, in milliseconds: finite, above 0. */
  interval: number
}

/**
 * A sliding window over the starts of bodies: never more than `limit` in any half-open `interval`.
 *
 * Keeps the times of the last `limit` starts: another one may follow when the oldest of them is an
 * interval ago. That is exact, where a counter that is reset once an interval lets through twice as
 * many around the reset.
 */
export class RateWindow {
  readonly limit: number
  readonly interval: number
  readonly #clock: Clock
  // A ring: the start that is `limit` starts ago is where the next one goes.
  readonly #times: number[] = []
  #starts = 0
  #stopWaiting: (() => void) | undefined

  /** @throws {TypeError | RangeError} for a wrong option. */
  constructor(options: RateOptions, clock: Clock) {
    checkObject(options, 'rate')
    const { limit, interval } = options
    checkNumber('limit', 'a whole number from 1 up', limit, (n) => n >= 1 && Number.isInteger(n))
    checkNumber('interval', 'finite milliseconds above 0', interval, (n) => n > 0 && n < Infinity)
    this.limit = limit
    this.interval = interval
    this.#clock = clock
  }

  /** Whether a body may start now. If not, calls `wake` once when one may. */
  admits(wake: () => void): boolean {
    const oldest = this.#times[this.#starts % this.limit]
    if (oldest === undefined) return true
    const left = oldest + this.interval - this.#clock.now()
    if (left <= 0) return true
    this.#stopWaiting ??= this.#clock.callLater(() => {
      this.#stopWaiting = undefined
      wake()
    }, left)
    return false
  }

  /** A body starts. */
  count(): void {
    this.#times[this.#starts++ % this.limit] = this.#clock.now()
  }

  /** Nobody waits any more. */
  rest(): void {
    this.#stopWaiting?.()
    this.#stopWaiting = undefined
  }
}
