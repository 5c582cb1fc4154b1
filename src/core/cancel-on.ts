import type { Clock } from './clock.ts'
import { TimeoutError } from './errors.ts'
import { type AnyFuture, subscribe } from './future.ts'
import type { Subscriber } from './subscriber.ts'

/** Cancels a pending future when the signal aborts. The listener leaves the signal when the future settles. */
export function cancelOnAbort(future: AnyFuture, signal: AbortSignal): void {
  subscribe(future, new AbortLink(future, signal))
}

class AbortLink implements Subscriber<AnyFuture> {
  readonly #future: AnyFuture
  readonly #signal: AbortSignal

  constructor(future: AnyFuture, signal: AbortSignal) {
    this.#future = future
    this.#signal = signal
    signal.addEventListener('abort', this)
  }

  handleEvent(): void {
    this.#future.cancel(this.#signal.reason)
  }

  settled(): undefined {
    this.#signal.removeEventListener('abort', this)
  }
}

/** Cancels a pending future with a `TimeoutError` after so many milliseconds. The timer goes when the future settles. */
export function cancelAfter(future: AnyFuture, timeout: number, clock: Clock): void {
  if (timeout === Infinity) return
  const stop = clock.callLater(() => {
    future.cancel(new TimeoutError(`"${future.name}" timed out after ${timeout} ms`))
  }, timeout)
  subscribe(future, { settled: () => void stop() })
}
