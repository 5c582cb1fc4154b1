import { Attendance, GONE } from './attendance.ts'
import {
  BODY,
  BoardMemory,
  CANCEL,
  COUNT,
  END,
  FINISHED,
  FUNCTION,
  HEAD,
  NEXT,
  RING,
  SLOTS,
  START,
  STATE,
  TAIL,
} from './board-memory.ts'
import { sharedNow } from './host.ts'
import { OfferWords } from './offer-words.ts'
import { DONE, nextUseOf, QUEUED, runningOn, useOf } from './slot-word.ts'

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
export class Board extends BoardMemory {
  readonly attendance: Attendance = new Attendance(this)
  readonly offers: OfferWords = new OfferWords(this)

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
    if (this.attendance.state(thread) !== GONE) return true
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
    return this.queued < RING
  }

  /** How many calls are on the ring, or a few more. By the owner alone. */
  get queued(): number {
    this.#advance()
    return distance(this.words[TAIL] as number, Atomics.load(this.words, HEAD))
  }

  /** Where the ring ends: another number once there is something new on it. */
  get tail(): number {
    return Atomics.load(this.words, TAIL)
  }

  /** Puts a free slot on the ring; gives its new word. By the owner alone. */
  enqueue(slot: number): number {
    const state = nextUseOf(this.state(slot)) | QUEUED
    Atomics.store(this.words, this.base(slot) + STATE, state)
    const tail = this.words[TAIL] as number
    // The low bits of an entry, free in a word that is queued, say which slot it is.
    Atomics.store(this.words, this.entry(tail), useOf(state) | slot)
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
      const entry = Atomics.load(this.words, this.entry(at))
      const slot = entry & (SLOTS - 1)
      const queued = useOf(entry) | QUEUED
      if (this.state(slot) !== queued || !canRun(slot)) continue
      const running = runningOn(thread, useOf(entry))
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
      const entry = Atomics.load(this.words, this.entry(head))
      if (this.state(entry & (SLOTS - 1)) === (useOf(entry) | QUEUED)) return
      Atomics.compareExchange(this.words, HEAD, head, (head + 1) | 0)
    }
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
    Atomics.store(this.words, this.base(slot) + STATE, useOf(this.state(slot)))
  }
}

/** Instead of a count: the values come by message. */
export const IN_MESSAGE = -1

// How a call was cancelled: `CANCEL` in its slot.
export const ASKED = 1
export const SEEN = 2

// Flags of a body.
const BEGUN = 1
/** Somebody wants to know when it runs. */
const TIMED = 2

// The ends of the ring count on and on, and wrap around.
function distance(later: number, earlier: number): number {
  return (later - earlier) | 0
}
