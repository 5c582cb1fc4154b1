import { shareMemory } from './shared-memory.ts'

/**
 * How the memory of a board is divided, in words of 32 bits: a header, a line for each thread, the
 * ring, and the slots.
 *
 * What different threads write lies on different lines, so that they do not take the memory from
 * each other's caches.
 */

/** How many calls can be on the board at once. A power of two. */
export const SLOTS = 1024
/** How many entries the ring has: also for calls that were taken back. */
export const RING: number = 4 * SLOTS
export const SLOT_WORDS = 32
export const LINE = 16

// The header.
export const HEAD = 0
export const TAIL: number = LINE
export const FINISHED: number = 2 * LINE
export const OWNER: number = 3 * LINE
export const SPARE: number = 4 * LINE
export const FLOOD: number = 5 * LINE
const HEADER = 6 * LINE

// The words of a slot.
export const STATE = 0
export const NEXT = 1
export const FUNCTION = 2
export const COUNT = 3
/** Two words: what each of up to eight values is. */
export const TAGS = 4
export const CANCEL = 6
/** What is known of the body: flags. */
export const BODY = 7
export const START = 8
export const END = 10
/** Where the values are, to the end of the slot. */
export const DATA = 12

export class BoardMemory {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly floats: Float64Array
  readonly chars: Uint16Array
  readonly bytes: Uint8Array
  /** How many threads it has room for. */
  readonly indices: number
  readonly #ring: number
  readonly #slots: number

  /** Makes it for so many threads; or, in a thread, looks at what it was given. */
  constructor(indices: number, buffer?: SharedArrayBuffer) {
    this.indices = indices
    this.#ring = HEADER + indices * LINE
    this.#slots = this.#ring + RING
    this.buffer = buffer ?? shareMemory(4 * (this.#slots + SLOTS * SLOT_WORDS))
    this.words = new Int32Array(this.buffer)
    this.floats = new Float64Array(this.buffer)
    this.chars = new Uint16Array(this.buffer)
    this.bytes = new Uint8Array(this.buffer)
  }

  /** Where a thread's line begins, with what it is doing; the other words are its offers. */
  lineOf(thread: number): number {
    return HEADER + thread * LINE
  }

  /** Where the ring has an entry. Its ends count on and on, and wrap around. */
  entry(at: number): number {
    return this.#ring + (at & (RING - 1))
  }

  /** Where a slot begins. */
  base(slot: number): number {
    return this.#slots + slot * SLOT_WORDS
  }
}
