import { checkDuration, checkOptions } from '../internal/check.ts'
import { cancelOnAbort } from './cancel-on.ts'
import { type Clock, systemClock } from './clock.ts'
import { Future, toPromise } from './future.ts'

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
  checkDuration(milliseconds)
  checkOptions(options)
  const { signal, clock = systemClock } = options
  let stop: (() => void) | undefined
  const set = (resolve: () => void): void => {
    stop = clock.callLater(resolve, milliseconds)
  }
  const future = new Future<void>(set, { onCancel: () => stop?.() })
  cancelOnAbort(future, signal)
  // A body that sleeps is busy: it does not wait for anybody.
  return toPromise(future, false).then()
}
