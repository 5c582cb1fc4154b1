import { callSafely } from '../internal/call-safely.ts'
import { cancelAll } from './canceller.ts'
import { subscribe } from './cell.ts'
import type { Clock } from './clock.ts'
import { TimeoutError } from './errors.ts'
import type { AnyFuture } from './future.ts'
import type { Subscriber } from './subscriber.ts'

/**
 * Cancels a pending future when the signal aborts, or has aborted. No listener stays on it once the
 * future is done.
 */
export function cancelOnAbort(future: AnyFuture, signal: AbortSignal | undefined): void {
  if (signal === undefined || future.done) return
  if (signal.aborted) return void future.cancel(signal.reason)
  const watch = watches.get(signal) ?? new SignalWatch(signal)
  watch.futures.add(future)
  subscribe(future, watch)
}

// One listener for all the futures of a signal: removing one of many costs a search, and Node warns
// of a leak from the eleventh on.
const watches = new WeakMap<AbortSignal, SignalWatch>()

class SignalWatch implements Subscriber<AnyFuture> {
  readonly futures = new Set<AnyFuture>()
  readonly #signal: AbortSignal

  constructor(signal: AbortSignal) {
    this.#signal = signal
    watches.set(signal, this)
    callSafely(() => signal.addEventListener('abort', this))
  }

  handleEvent(): void {
    cancelAll([...this.futures], this.#signal.reason)
  }

  settled(future: AnyFuture): undefined {
    this.futures.delete(future)
    if (this.futures.size > 0) return
    watches.delete(this.#signal)
    callSafely(() => this.#signal.removeEventListener('abort', this))
  }
}

/**
 * Cancels a pending future with a `TimeoutError` after so many milliseconds. The timer goes when
 * the future is done.
 *
 * @param complete - Adds to the error what else is known.
 */
export function cancelAfter(
  future: AnyFuture,
  timeout: number | undefined,
  clock: Clock,
  complete?: (error: TimeoutError, future: AnyFuture) => void,
): void {
  if (timeout === undefined || timeout === Infinity || future.done) return
  const stop = clock.callLater(() => {
    const error = new TimeoutError(`"${future.name}" timed out after ${timeout} ms`)
    complete?.(error, future)
    future.cancel(error)
  }, timeout)
  subscribe(future, { settled: () => callSafely(stop) })
}
