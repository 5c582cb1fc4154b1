import { InvalidStateError } from '../core/errors.ts'
import { threads } from './host.ts'

type Global = typeof globalThis

/**
 * Makes memory that all threads see.
 *
 * @throws {InvalidStateError} where there is none.
 */
export function shareMemory(bytes: number): SharedArrayBuffer {
  const { SharedArrayBuffer: Memory, crossOriginIsolated } = globalThis as Partial<Global>
  // Some browsers have it, but hand it to no thread.
  const isUsable = threads !== undefined || crossOriginIsolated !== false
  if (Memory !== undefined && isUsable) return new Memory(bytes)
  throw new InvalidStateError(
    'Threads need SharedArrayBuffer, which browsers give only to pages that are isolated: serve ' +
      'the page, and its scripts, with the headers `Cross-Origin-Opener-Policy: same-origin` and ' +
      '`Cross-Origin-Embedder-Policy: require-corp`',
  )
}

/** @throws {InvalidStateError} on a thread that must not block. */
export function checkMayBlock(): void {
  // It does not even compare the values there.
  probe ??= new Int32Array(shareMemory(4))
  waitWhile(probe, 0, 1, 0)
}

let probe: Int32Array | undefined

/**
 * Blocks this thread while a word has some value, until it is notified, or the time is over.
 *
 * @throws {InvalidStateError} where a thread must not block: on the main thread of a browser.
 */
export function waitWhile(words: Int32Array, word: number, value: number, most: number): void {
  try {
    Atomics.wait(words, word, value, most)
  } catch (cause) {
    throw new InvalidStateError(
      'The main thread of a browser must not block: await `gather` or `sleep` here, or call this ' +
        'on a worker thread',
      { cause },
    )
  }
}
