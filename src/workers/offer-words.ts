import { type BoardMemory, LINE } from './board-memory.ts'

/**
 * Calls that a thread makes and offers to the others: each has a word on the thread's line, which
 * holds the offer's key while nobody has taken it.
 */
export class OfferWords {
  readonly #memory: BoardMemory

  constructor(memory: BoardMemory) {
    this.#memory = memory
  }

  /** Finds a free word for an offer of a thread; -1 if there is none. */
  freeWord(thread: number): number {
    const line = this.#memory.lineOf(thread)
    for (let word = line + 1; word < line + LINE; word++) {
      if (Atomics.load(this.#memory.words, word) === 0) return word
    }
    return -1
  }

  set(word: number, key: number): void {
    Atomics.store(this.#memory.words, word, key)
  }

  /** Takes an offer, whose word is free then. */
  take(word: number, key: number): boolean {
    if (Atomics.compareExchange(this.#memory.words, word, key, 0) === key) return true
    // Retracted: its word was kept until somebody has looked.
    Atomics.compareExchange(this.#memory.words, word, -key, 0)
    return false
  }

  /** Takes an offer back that nobody has taken. */
  retract(word: number, key: number): boolean {
    return Atomics.compareExchange(this.#memory.words, word, key, -key) === key
  }
}
