import { type BoardMemory, FLOOD, LINE, OWNER, SPARE } from './board-memory.ts'
import { waitWhile } from './shared-memory.ts'

// What a thread is doing.
export const ABSENT = 0
export const BOOTING = 1
export const AWAKE = 2
/** In its event loop, with nothing to do: a message wakes it. */
export const ASLEEP = 3
/** Blocked until its word changes. */
export const BLOCKED = 4
/** Free, and blocked for a moment: it looks again by itself. */
export const NAPPING = 5
export const GONE = 6

// What the owner is doing.
export const BUSY = 0
/** In its event loop: a message makes it look. */
export const LISTENING = 1
/** Blocked until its word changes. */
export const WAITING = 2

/** What the threads of a pool and their owner are doing, on the board: whom to call, and how. */
export class Attendance {
  readonly #memory: BoardMemory
  readonly #words: Int32Array

  constructor(memory: BoardMemory) {
    this.#memory = memory
    this.#words = memory.words
  }

  // The threads.

  state(thread: number): number {
    return Atomics.load(this.#words, this.#memory.lineOf(thread))
  }

  setState(thread: number, state: number): void {
    Atomics.store(this.#words, this.#memory.lineOf(thread), state)
  }

  /** Changes a thread's state unless it has another one than `from`. */
  change(thread: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#words, this.#memory.lineOf(thread), from, to) === from
  }

  /** A new thread begins, without the offers that one before it may have died over. */
  begin(thread: number): void {
    const line = this.#memory.lineOf(thread)
    for (let word = line + 1; word < line + LINE; word++) Atomics.store(this.#words, word, 0)
    this.setState(thread, BOOTING)
  }

  /** How many threads there are. */
  count(): number {
    let count = 0
    for (let thread = 0; thread < this.#memory.indices; thread++) {
      const state = this.state(thread)
      if (state !== ABSENT && state !== GONE) count += 1
    }
    return count
  }

  /** Whether another thread is free, or could be started, as far as that can be told. */
  mayHelp(thread: number): boolean {
    for (let other = 0; other < this.#memory.indices; other++) {
      const state = this.state(other)
      const isFree = state === ASLEEP || state === NAPPING || state === BOOTING
      if (other !== thread && isFree) return true
    }
    return Atomics.load(this.#words, SPARE) > 0
  }

  /** How many more threads could be started: by the owner alone. */
  setSpare(count: number): void {
    Atomics.store(this.#words, SPARE, count)
  }

  /**
   * Blocks a thread until it is unblocked, or the time is over.
   *
   * @param look - Looks once more for what came just before; gives whether there was anything.
   */
  block(thread: number, look: () => boolean, milliseconds: number): void {
    if (!this.change(thread, AWAKE, BLOCKED)) return
    if (!look()) waitWhile(this.#words, this.#memory.lineOf(thread), BLOCKED, milliseconds)
    this.change(thread, BLOCKED, AWAKE)
  }

  /** Wakes a thread that is blocked. */
  unblock(thread: number): void {
    if (!this.change(thread, BLOCKED, AWAKE)) return
    Atomics.notify(this.#words, this.#memory.lineOf(thread))
  }

  /** Blocks a thread for a moment, unless there is something new. */
  nap(thread: number, isNew: () => boolean): void {
    if (!this.change(thread, AWAKE, NAPPING)) return
    if (!isNew()) waitWhile(this.#words, this.#memory.lineOf(thread), NAPPING, NAP)
    this.change(thread, NAPPING, AWAKE)
  }

  /** Ends the nap of a thread. Gives whether it had one. */
  rouse(thread: number): boolean {
    // Mostly it has none, and to look costs less than to try to change it.
    if (this.state(thread) !== NAPPING || !this.change(thread, NAPPING, AWAKE)) return false
    Atomics.notify(this.#words, this.#memory.lineOf(thread))
    return true
  }

  // The owner.

  /** Whether the owner makes calls or handles results, as far as that can be told. */
  get isOwnerBusy(): boolean {
    return Atomics.load(this.#words, OWNER) === BUSY
  }

  setOwner(state: number): void {
    Atomics.store(this.#words, OWNER, state)
  }

  /** Blocks the owner until somebody calls it, or the time is over. Say `WAITING`, and look, before. */
  waitForCall(milliseconds: number): void {
    waitWhile(this.#words, OWNER, WAITING, milliseconds)
  }

  /** Whether there are so many calls that threads will find more without being told. */
  get isFlooded(): boolean {
    return Atomics.load(this.#words, FLOOD) !== 0
  }

  setFlooded(isFlooded: boolean): void {
    Atomics.store(this.#words, FLOOD, isFlooded ? 1 : 0)
  }

  /**
   * Calls the owner. One call is enough until it has looked.
   *
   * @returns Whether it takes a message.
   */
  callOwner(): boolean {
    // Mostly it is busy, and to look costs less than to try to change it.
    if (Atomics.load(this.#words, OWNER) === BUSY) return false
    if (Atomics.compareExchange(this.#words, OWNER, WAITING, BUSY) === WAITING) {
      Atomics.notify(this.#words, OWNER)
      return false
    }
    return Atomics.compareExchange(this.#words, OWNER, LISTENING, BUSY) === LISTENING
  }
}

/** In milliseconds: the system adds 0.05 or so. */
const NAP = 0.1
