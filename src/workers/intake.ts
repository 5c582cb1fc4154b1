import { ASLEEP, AWAKE } from './attendance.ts'
import { type Board, IN_MESSAGE } from './board.ts'
import type { SentCall } from './messages.ts'
import { FREE, useOf } from './slot-word.ts'
import { Spin } from './spin.ts'

/** Whoever runs what is taken. */
interface Taker {
  readonly board: Board
  /** Which of the threads it is. */
  readonly index: number
  /** Hears the next thing that the pool has said. Gives false if that was all so far. */
  listenOnce(): boolean
  /** Has the pool look, if it waits for that. */
  callOwner(): void
}

/** What a thread takes off the board, with what came for it by message. */
export class Intake {
  readonly #taker: Taker
  readonly #board: Board
  readonly #index: number
  /** Of functions, by the numbers that calls on the board say theirs by. */
  readonly #names: string[] = []
  /** Arguments that came by message, for calls that nobody here has begun. */
  readonly #sent = new Map<number, SentCall>()
  /** Whether there was a call that this thread has not all of. */
  #lacks = false
  // To wake a thread takes its owner as long as ten calls. In bursts of small calls, spinning halves
  // what a call costs with four threads.
  readonly #spin = new Spin()
  #tail = 0
  readonly #isNew = (): boolean => this.#board.tail !== this.#tail

  constructor(taker: Taker) {
    this.#taker = taker
    this.#board = taker.board
    this.#index = taker.index
  }

  // What comes by message.

  addNames(names: readonly string[]): void {
    this.#names.push(...names)
  }

  addSent(call: SentCall): void {
    this.#sent.set(call[0], call)
  }

  /** What the function of a call is called. */
  nameOf(slot: number): string {
    return this.#names[this.#board.functionOf(slot)] as string
  }

  /** Gives what came by message of a call that was taken, if anything has. */
  takeSent(slot: number): SentCall | undefined {
    const sent = this.#board.countOf(slot) === IN_MESSAGE ? this.#sent.get(slot) : undefined
    this.#sent.delete(slot)
    return sent
  }

  // What is taken off the board.

  /** Takes the next call, and gives its slot; `NONE` if the thread sleeps now, `AGAIN` to look again. */
  take(): number {
    const { attendance } = this.#board
    let slot = this.#claim()
    if (slot === NONE && this.#spin.until(this.#isNew)) slot = this.#claim()
    if (slot === NONE) slot = this.#nap()
    if (slot !== NONE) return slot
    attendance.change(this.#index, AWAKE, ASLEEP)
    // What was put on the ring just before nobody has told of.
    slot = this.#claim()
    if (slot !== NONE) {
      attendance.change(this.#index, ASLEEP, AWAKE)
      return slot
    }
    this.#forgetOthers()
    // Whoever has woken it meanwhile may have sent a message that was read on the way.
    if (attendance.state(this.#index) === AWAKE) return AGAIN
    // It has time for a call whose arguments a busy one was sent.
    if (this.#lacks) this.#taker.callOwner()
    return NONE
  }

  /**
   * Between the calls of a flood a thread is not woken for each of them, but looks again by itself:
   * to be woken by its owner, for one call, takes both of them several times as long as the call.
   */
  #nap(): number {
    const { attendance } = this.#board
    for (let naps = NAPS; naps > 0 && !this.#lacks && attendance.isFlooded; naps--) {
      attendance.nap(this.#index, this.#isNew)
      const slot = this.#claim()
      if (slot !== NONE) return slot
    }
    return NONE
  }

  #claim(): number {
    this.#lacks = false
    this.#tail = this.#board.tail
    return this.#board.claim(this.#index, this.#canRun)
  }

  readonly #canRun = (slot: number): boolean => {
    if (this.#isKnown(slot)) return true
    if (this.#lacks) return false
    // It may be in a message that has not come up yet. Only as far as need be: to collect the garbage
    // of hundreds of arguments that were there at once took a third of the time.
    while (this.#taker.listenOnce()) if (this.#isKnown(slot)) return true
    this.#lacks = true
    return false
  }

  #isKnown(slot: number): boolean {
    const board = this.#board
    if (this.#names[board.functionOf(slot)] === undefined) return false
    return (
      board.countOf(slot) !== IN_MESSAGE || this.#sent.get(slot)?.[USE] === useOf(board.state(slot))
    )
  }

  /** Lets go of arguments of calls that somebody else has begun, or nobody ever will. */
  #forgetOthers(): void {
    for (const [slot, { [USE]: use }] of this.#sent) {
      const state = this.#board.state(slot)
      if (useOf(state) !== use || state === (use | FREE)) this.#sent.delete(slot)
    }
  }
}

/** So many naps may be in vain. */
const NAPS = 4

// Instead of a slot. The first is what the board gives when there is no call.
export const NONE = -1
export const AGAIN = -2

/** Where a call that was sent says which use of its slot it is. */
const USE = 1
