/**
 * The word that a slot of the board begins with: what is in the slot, which thread has it, and how
 * often it was used, by which an old entry of the ring is told from a new one. Whoever changes it
 * from what he has seen has the call, in one atomic step.
 */

// What can be in a slot: the two low bits.
export const FREE = 0
export const QUEUED = 1
export const RUNNING = 2
export const DONE = 3

const CODE_BITS = 2
const THREAD_BITS = 10
const USE = 1 << (CODE_BITS + THREAD_BITS)

// Shifted and not raised to a power, which took a tenth of the owner's time.
export const MOST_THREADS: number = (1 << THREAD_BITS) - 1

export function codeOf(state: number): number {
  return state & ((1 << CODE_BITS) - 1)
}

export function threadOf(state: number): number {
  return (state >> CODE_BITS) & MOST_THREADS
}

/** How often a slot has been used: with its number, the name of one call. */
export function useOf(state: number): number {
  return state & -USE
}

/** The word of a slot that is used once more. */
export function nextUseOf(state: number): number {
  return (useOf(state) + USE) | 0
}

/** The word of a slot that a thread has taken. */
export function runningOn(thread: number, use: number): number {
  return use | (thread << CODE_BITS) | RUNNING
}
