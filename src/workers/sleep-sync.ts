import { checkDuration } from '../internal/check.ts'
import { shareMemory, waitWhile } from './shared-memory.ts'

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
  silence ??= new Int32Array(shareMemory(4))
  // Again, should it wake early.
  for (let left = milliseconds; left > 0; left = end - performance.now()) {
    waitWhile(silence, 0, 0, left)
  }
}

// Nobody ever changes or notifies it.
let silence: Int32Array | undefined
