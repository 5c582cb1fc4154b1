/** Where the library reads time from and how it waits. Replace it to make time testable. */
export interface Clock {
  /** Milliseconds since an origin of the clock's choosing. Never goes backwards. */
  now(): number

  /**
   * Calls `callback` once, `delay` milliseconds from now, never inside this call.
   *
   * @returns A function that cancels the call. Safe to call twice, or late.
   */
  callLater(callback: () => void, delay: number): () => void

  /**
   * Whether time moves only when a test says so. Schedulers with a limit then keep track of which
   * body waits for which call, so that a deadlock can be told. Default: not.
   */
  readonly isVirtual?: boolean
}

/**
 * The platform's own time: `performance.now()` and `setTimeout`. Delays above what the platform's
 * timer takes (2 ** 31 - 1 ms, about 24.8 days) are chained.
 *
 * @example
 * const stop = systemClock.callLater(() => console.log('a second later'), 1000)
 */
export const systemClock: Clock = {
  now: () => performance.now(),
  callLater(callback, delay) {
    let timer: ReturnType<typeof setTimeout>
    const wait = (left: number): void => {
      timer =
        left > LONGEST_TIMER
          ? setTimeout(wait, LONGEST_TIMER, left - LONGEST_TIMER)
          : // Rounded up: the platform cuts fractions off, which would call too early.
            setTimeout(callback, Math.ceil(left))
    }
    wait(delay)
    return () => clearTimeout(timer)
  },
}

/** Longer delays make `setTimeout` fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1
