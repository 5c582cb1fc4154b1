import { sharedNow } from './host.ts'
import { shareMemory, waitWhile } from './shared-memory.ts'

/**
 * The memory that a pool shares with its threads: the calls that threads may take, and who does
 * what. A thread takes a call without being told to, so calls go on while the thread that made them
 * is blocked.
 *
 * A call is written into a slot and put on the ring. A thread takes the first one it can run by
 * changing the slot's word from `QUEUED` to `RUNNING`, in one atomic step; by the same step the
 * owner takes a call back that nobody has begun. Whoever has finished a call pushes its slot on the
 * finished list, which the owner takes as a whole.
 */

/** How many calls can be on the board at once. A power of two. */
export const SLOTS = 1024

// What can be in a slot: the two low bits of its word.
export const FREE = 0
export const QUEUED = 1
export const RUNNING = 2
export const DONE = 3

// What a thread is doing: its word in the header.
export const ABSENT = 0
export const BOOTING = 1
export const AWAKE = 2
/** In its event loop, with nothing to do: a message wakes it. */
export const ASLEEP = 3
/** Blocked until its word changes. */
export const BLOCKED = 4
export const GONE = 5

// What the owner is doing.
export const BUSY = 0
/** In its event loop: a message makes it look. */
export const LISTENING = 1
/** Blocked until its word changes. */
export const WAITING = 2

// How a call was cancelled: `CANCEL` in its slot.
export const ASKED = 1
export const SEEN = 2

const LINE = 16
const HEAD = 0
const TAIL = LINE
const FINISHED = 2 * LINE
const OWNER = 3 * LINE
const SPARE = 4 * LINE
const HEADER = 5 * LINE
const RING = 4 * SLOTS
const SLOT_WORDS = 32

// The words of a slot.
const STATE = 0
const NEXT = 1
const FUNCTION = 2
const COUNT = 3
/** Two words: what each of up to eight values is. */
export const TAGS = 4
const CANCEL = 6
/** What is known of the body: of the two flags below. */
const BODY = 7
const START = 8
const END = 10
/** Where the values are, to the end of the slot. */
export const DATA = 12

// Flags of a body.
const BEGUN = 1
/** Somebody wants to know when it runs. */
const TIMED = 2

// A slot's word: what is in it, which thread has it, and how often it was used, by which an old
// entry of the ring is told from a new one.
const CODE_BITS = 2
const THREAD_BITS = 10
const USE = 1 << (CODE_BITS + THREAD_BITS)

// Shifted and not raised to a power, which took a tenth of the owner's time.
export const MOST_THREADS: number = (1 << THREAD_BITS) - 1

export class Board {
  readonly buffer: SharedArrayBuffer
  readonly words: Int32Array
  readonly floats: Float64Array
  readonly chars: Uint16Array
  readonly bytes: Uint8Array
  readonly #count: number
  readonly #threads: number
  readonly #ring: number
  readonly #slots: number

  /** Makes a board for so many threads; or, in a thread, looks at the one it was given. */
  constructor(threads: number, buffer?: SharedArrayBuffer) {
    this.#count = threads
    this.#threads = HEADER
    this.#ring = HEADER + threads * LINE
    this.#slots = this.#ring + RING
    this.buffer = buffer ?? shareMemory(4 * (this.#slots + SLOTS * SLOT_WORDS))
    this.words = new Int32Array(this.buffer)
    this.floats = new Float64Array(this.buffer)
    this.chars = new Uint16Array(this.buffer)
    this.bytes = new Uint8Array(this.buffer)
  }

  /** Where a slot begins, in words. */
  base(slot: number): number {
    return this.#slots + slot * SLOT_WORDS
  }

  // Who does what.

  threadWord(thread: number): number {
    return this.#threads + thread * LINE
  }

  threadState(thread: number): number {
    return Atomics.load(this.words, this.threadWord(thread))
  }

  setThreadState(thread: number, state: number): void {
    Atomics.store(this.words, this.threadWord(thread), state)
  }

  /** A new thread begins, without the offers that one before it may have died over. */
  beginThread(thread: number): void {
    const line = this.threadWord(thread)
    for (let word = line + 1; word < line + LINE; word++) Atomics.store(this.words, word, 0)
    this.setThreadState(thread, BOOTING)
  }

  /** Changes a thread's state unless it has another one than `from`. */
  changeThread(thread: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.words, this.threadWord(thread), from, to) === from
  }

  /** How many threads there are. */
  countThreads(): number {
    let count = 0
    for (let thread = 0; thread < this.#count; thread++) {
      const state = this.threadState(thread)
      if (state !== ABSENT && state !== GONE) count += 1
    }
    return count
  }

  /**
   * Blocks a thread until it is unblocked, or the time is over.
   *
   * @param look - Looks once more for what came just before; gives whether there was anything.
   */
  blockThread(thread: number, look: () => boolean, milliseconds: number): void {
    if (!this.changeThread(thread, AWAKE, BLOCKED)) return
    if (!look()) waitWhile(this.words, this.threadWord(thread), BLOCKED, milliseconds)
    this.changeThread(thread, BLOCKED, AWAKE)
  }

  /** Wakes a thread that is blocked. */
  unblock(thread: number): void {
    if (!this.changeThread(thread, BLOCKED, AWAKE)) return
    Atomics.notify(this.words, this.threadWord(thread))
  }

  setOwner(state: number): void {
    Atomics.store(this.words, OWNER, state)
  }

  /** Blocks the owner until somebody calls it, or the time is over. Say `WAITING`, and look, before. */
  waitForCall(milliseconds: number): void {
    waitWhile(this.words, OWNER, WAITING, milliseconds)
  }

  /**
   * Calls the owner. One call is enough until it has looked.
   *
   * @returns Whether it takes a message.
   */
  callOwner(): boolean {
    // Mostly it is busy, and to look costs less than to try to change it.
    if (Atomics.load(this.words, OWNER) === BUSY) return false
    if (Atomics.compareExchange(this.words, OWNER, WAITING, BUSY) === WAITING) {
      Atomics.notify(this.words, OWNER)
      return false
    }
    return Atomics.compareExchange(this.words, OWNER, LISTENING, BUSY) === LISTENING
  }

  // Calls that a thread makes and offers to the others: each has a word on the thread's line, which
  // holds the offer's key while nobody has taken it.

  /** Whether another thread is free, or could be started, as far as that can be told. */
  mayHelp(thread: number): boolean {
    for (let other = 0; other < this.#count; other++) {
      const state = this.threadState(other)
      if (other !== thread && (state === ASLEEP || state === BOOTING)) return true
    }
    return Atomics.load(this.words, SPARE) > 0
  }

  /** How many more threads could be started: by the owner alone. */
  setSpare(count: number): void {
    Atomics.store(this.words, SPARE, count)
  }

  /** Finds a free word for an offer of a thread; -1 if there is none. */
  freeOffer(thread: number): number {
    const line = this.threadWord(thread)
    for (let word = line + 1; word < line + LINE; word++) {
      if (Atomics.load(this.words, word) === 0) return word
    }
    return -1
  }

  setOffer(word: number, key: number): void {
    Atomics.store(this.words, word, key)
  }

  /** Takes an offer, whose word is free then. */
  takeOffer(word: number, key: number): boolean {
    if (Atomics.compareExchange(this.words, word, key, 0) === key) return true
    // Retracted: its word was kept until somebody has looked.
    Atomics.compareExchange(this.words, word, -key, 0)
    return false
  }

  /** Takes an offer back that nobody has taken. */
  retractOffer(word: number, key: number): boolean {
    return Atomics.compareExchange(this.words, word, key, -key) === key
  }

  // What is in a slot.

  state(slot: number): number {
    return Atomics.load(this.words, this.base(slot) + STATE)
  }

  /** Changes a slot's word unless it has another value than `from`. */
  change(slot: number, from: number, to: number): boolean {
    return Atomics.compareExchange(this.words, this.base(slot) + STATE, from, to) === from
  }

  /** Describes the call in a slot, which is to be put on the ring. */
  describe(slot: number, fn: number, count: number, isTimed: boolean): void {
    const base = this.base(slot)
    this.words[base + FUNCTION] = fn
    this.words[base + COUNT] = count
    this.words[base + BODY] = isTimed ? TIMED : 0
    Atomics.store(this.words, base + CANCEL, 0)
  }

  functionOf(slot: number): number {
    return this.words[this.base(slot) + FUNCTION] as number
  }

  /** How many values are in the slot; `IN_MESSAGE` if they come by message. */
  countOf(slot: number): number {
    return this.words[this.base(slot) + COUNT] as number
  }

  setCount(slot: number, count: number): void {
    this.words[this.base(slot) + COUNT] = count
  }

  cancelOf(slot: number): number {
    return Atomics.load(this.words, this.base(slot) + CANCEL)
  }

  setCancel(slot: number, cancel: number): void {
    Atomics.store(this.words, this.base(slot) + CANCEL, cancel)
  }

  /**
   * A thread begins a call that it has taken; until then nothing of it has happened. Gives false if
   * the thread was given up in the meantime: it must not go on.
   */
  begin(slot: number, thread: number): boolean {
    const body = this.base(slot) + BODY
    // To ask for the time twice takes a tenth off a call: only for whoever wants to know.
    const isTimed = this.isTimed(slot)
    if (isTimed) this.floats[(this.base(slot) + START) >> 1] = sharedNow()
    // In this order: whoever gives a thread up says so first, and then looks what has begun.
    Atomics.store(this.words, body, isTimed ? BEGUN | TIMED : BEGUN)
    if (this.threadState(thread) !== GONE) return true
    // Another thread is to begin it.
    Atomics.store(this.words, body, isTimed ? TIMED : 0)
    return false
  }

  hasBegun(slot: number): boolean {
    return (Atomics.load(this.words, this.base(slot) + BODY) & BEGUN) !== 0
  }

  noteEnd(slot: number): void {
    if (this.isTimed(slot)) this.floats[(this.base(slot) + END) >> 1] = sharedNow()
  }

  /** Whether somebody wants to know when the body ran. */
  isTimed(slot: number): boolean {
    return ((this.words[this.base(slot) + BODY] as number) & TIMED) !== 0
  }

  /** When the body of a call that is timed began. */
  startOf(slot: number): number {
    return this.floats[(this.base(slot) + START) >> 1] as number
  }

  endOf(slot: number): number {
    return this.floats[(this.base(slot) + END) >> 1] as number
  }

  // The ring: what threads may take, in order.

  /** Whether another call can be put on the ring. By the owner alone. */
  get hasRoom(): boolean {
    this.#advance()
    return distance(this.words[TAIL] as number, Atomics.load(this.words, HEAD)) < RING
  }

  /** Where the ring ends: another number once there is something new on it. */
  get tail(): number {
    return Atomics.load(this.words, TAIL)
  }

  /** Puts a free slot on the ring; gives its new word. By the owner alone. */
  enqueue(slot: number): number {
    const state = ((this.state(slot) & -USE) + USE) | QUEUED
    Atomics.store(this.words, this.base(slot) + STATE, state)
    const tail = this.words[TAIL] as number
    // The low bits of an entry, free in a word that is queued, say which slot it is.
    Atomics.store(this.words, this.#entry(tail), (state & -USE) | slot)
    Atomics.store(this.words, TAIL, (tail + 1) | 0)
    return state
  }

  /**
   * Takes the first call on the ring that can run here; gives its slot, or -1.
   *
   * @param canRun - Whether this thread has all that it takes.
   */
  claim(thread: number, canRun: (slot: number) => boolean): number {
    this.#advance()
    const tail = Atomics.load(this.words, TAIL)
    for (let at = Atomics.load(this.words, HEAD); distance(tail, at) > 0; at = (at + 1) | 0) {
      const entry = Atomics.load(this.words, this.#entry(at))
      const slot = entry & (SLOTS - 1)
      const queued = (entry & -USE) | QUEUED
      if (this.state(slot) !== queued || !canRun(slot)) continue
      const running = (entry & -USE) | (thread << CODE_BITS) | RUNNING
      if (this.change(slot, queued, running)) return slot
    }
    return -1
  }

  /** Moves the head past what cannot be taken any more. Both sides may. */
  #advance(): void {
    const tail = Atomics.load(this.words, TAIL)
    for (;;) {
      const head = Atomics.load(this.words, HEAD)
      if (distance(tail, head) <= 0) return
      const entry = Atomics.load(this.words, this.#entry(head))
      if (this.state(entry & (SLOTS - 1)) === ((entry & -USE) | QUEUED)) return
      Atomics.compareExchange(this.words, HEAD, head, (head + 1) | 0)
    }
  }

  #entry(at: number): number {
    return this.#ring + (at & (RING - 1))
  }

  // The finished list.

  /** Says that a call is done, whose outcome was written into its slot. */
  finish(slot: number): void {
    const base = this.base(slot)
    const state = this.state(slot)
    Atomics.store(this.words, base + STATE, state | DONE)
    for (;;) {
      const top = Atomics.load(this.words, FINISHED)
      this.words[base + NEXT] = top
      if (Atomics.compareExchange(this.words, FINISHED, top, slot + 1) === top) return
    }
  }

  get hasFinished(): boolean {
    return Atomics.load(this.words, FINISHED) !== 0
  }

  /** Takes what is done, in the order of that. */
  takeFinished(): number[] {
    const slots: number[] = []
    let next = Atomics.exchange(this.words, FINISHED, 0)
    while (next !== 0) {
      slots.push(next - 1)
      next = this.words[this.base(next - 1) + NEXT] as number
    }
    return slots.reverse()
  }

  /** Gives a slot back, to be used for another call. */
  free(slot: number): void {
    Atomics.store(this.words, this.base(slot) + STATE, this.state(slot) & -USE)
  }
}

/** Instead of a count: the values come by message. */
export const IN_MESSAGE = -1

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

// The ends of the ring count on and on, and wrap around.
function distance(later: number, earlier: number): number {
  return (later - earlier) | 0
}
