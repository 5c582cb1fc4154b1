import type { Clock } from '../../src/core/clock.ts'
import { TimeoutError } from './errors.ts'
import type { Future } from './future.ts'

/** Cancels a future when the signal aborts. Nothing stays on the signal once the future has settled. */
export function cancelOnAbort(future: Future<unknown>, signal: AbortSignal | undefined): void {
  if (signal?.aborted) future.cancel(signal.reason)
  const onAbort = (): boolean => future.cancel(signal?.reason)
  signal?.addEventListener('abort', onAbort)
  future.onSettled(() => signal?.removeEventListener('abort', onAbort))
}

/** Cancels a future so many milliseconds from now, unless it has settled, with an error that may be completed. */
export function cancelAfter(
  future: Future<unknown>,
  timeout: number,
  clock: Clock,
  complete: (error: TimeoutError) => void = () => {},
): void {
  if (timeout === Infinity || future.done) return
  const cancel = (): void => {
    const error = new TimeoutError(`The operation timed out after ${timeout} ms`)
    complete(error)
    future.cancel(error)
  }
  future.onSettled(clock.callLater(cancel, timeout))
}
