import { InvalidStateError } from '../core/errors.ts'
import { checkDuration } from '../internal/check.ts'

/**
 * Blocks this thread, without burning it, for so many milliseconds. Nothing else runs on it
 * meanwhile; what other threads do goes on.
 *
 * @param milliseconds - Finite, from 0 up.
 * @throws {TypeError | RangeError} for anything else.
 * @throws {InvalidStateError} where a thread must not block: on the main thread of a browser.
 *
 * @example
 * sleepSync(500)
 */
export function sleepSync(milliseconds: number): void {
  checkDuration(milliseconds)
  const end = performance.now() + milliseconds
  try {
    // Again, should it wake early.
    for (let left = milliseconds; left > 0; left = end - performance.now()) {
      Atomics.wait(SILENCE, 0, 0, left)
    }
  } catch (cause) {
    throw new InvalidStateError('This thread must not block: use `await sleep(…)` here', { cause })
  }
}

// Nobody ever changes or notifies it.
const SILENCE = new Int32Array(new SharedArrayBuffer(4))
