import { checkClock, checkDuration, checkOptions, checkSignal } from '../internal/check.ts'
import { type Clock, systemClock } from './clock.ts'

/** How `sleep` waits. */
export interface SleepOptions {
  /** Ends the wait early: the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** The clock to wait on. Default: `systemClock`. */
  clock?: Clock | undefined
}

/**
 * Waits, without holding the thread.
 *
 * @param milliseconds - Finite, from 0 up.
 * @throws {TypeError | RangeError} at the call, for a wrong time or option.
 *
 * @example
 * await sleep(100)
 */
export function sleep(milliseconds: number, options: SleepOptions = {}): Promise<void> {
  checkDuration('milliseconds', milliseconds)
  checkOptions(options)
  const { signal, clock = systemClock } = options
  checkSignal(signal)
  checkClock(clock)
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = clock.callLater(() => {
      signal?.removeEventListener('abort', abort)
      resolve()
    }, milliseconds)
    const abort = (): void => {
      stop()
      reject(signal?.reason)
    }
    signal?.addEventListener('abort', abort, { once: true })
  })
}
