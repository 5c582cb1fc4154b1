import type { Clock } from '../../src/core/clock.ts'
import { Future } from './future.ts'
import { cancelOnAbort } from './limits.ts'

/** Real time. `setTimeout` counts in 32 bits, so that a longer wait is cut into pieces. */
export const systemClock: Clock = {
  now: () => performance.now(),
  callLater(callback, delay) {
    const longest = 2 ** 31 - 1
    let timer: ReturnType<typeof setTimeout>
    const wait = (left: number): void => {
      if (left <= longest) timer = setTimeout(callback, Math.ceil(left))
      else timer = setTimeout(() => wait(left - longest), longest)
    }
    wait(delay)
    return () => clearTimeout(timer)
  },
}

/** Waits on a clock; a signal ends the wait early. */
export function sleep(
  milliseconds: number,
  { signal, clock = systemClock }: { signal?: AbortSignal; clock?: Clock } = {},
): Promise<void> {
  if (typeof milliseconds !== 'number') throw new TypeError('Expected a number of milliseconds')
  if (!(milliseconds >= 0 && milliseconds < Infinity))
    throw new RangeError('Expected a time from 0 up')
  const { future, resolve } = Future.withResolvers<void>({ onCancel: () => stop() })
  const stop = clock.callLater(resolve, milliseconds)
  cancelOnAbort(future, signal)
  return future.then()
}
