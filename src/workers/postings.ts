import { observer } from '../core/observer.ts'
import { OrderedQueue } from '../internal/ordered-queue.ts'
import { ASLEEP, AWAKE } from './attendance.ts'
import { type Board, IN_MESSAGE } from './board.ts'
import { SLOTS } from './board-memory.ts'
import { CallList } from './call-list.ts'
import { argumentError, refuseFutures } from './clone-error.ts'
import { writeInline } from './inline-values.ts'
import { comesFirst, type RemoteCall } from './remote-call.ts'
import type { Roster } from './roster.ts'
import { codeOf, FREE, RUNNING, threadOf, useOf } from './slot-word.ts'
import type { Thread } from './thread.ts'
import { forgetTransfers, transfersOf } from './transfer.ts'

/**
 * The calls of a pool that have not ended: on the board as far as there is room, else in line.
 *
 * What waits for its turn is put on the board too, in its order, so that threads go on while the
 * thread that owns the pool is blocked.
 */
export class Postings {
  readonly #board: Board
  readonly #roster: Roster
  /** As many slots are kept for calls that have their turn. */
  readonly #reserved: number
  readonly #failed: (call: RemoteCall, error: unknown) => void
  /** By slot. */
  readonly #calls: (RemoteCall | undefined)[] = []
  readonly #freeSlots: number[] = []
  /** Calls that are not on the board, in their order. */
  readonly #line = new OrderedQueue<RemoteCall>(comesFirst)
  /** How many of them nobody wants any more. */
  #dropped = 0
  /** Whether there was no thread to send the arguments of some call to. */
  #hasUnsent = false
  /** Those on the board whose turn has not come, in their order. */
  readonly #ahead = new CallList()
  /**
   * How many more may be put there. Urgent calls make others be taken back and put there again: each
   * call, and each one that has ended, pays for a few of those, so that a call in a flood costs the
   * same however many wait.
   */
  #credit = SLOTS
  /** Whether threads know that there are many calls. */
  #isFlooded = false

  /** @param failed - Told of calls that cannot be handed to a thread. */
  constructor(
    board: Board,
    roster: Roster,
    reserved: number,
    failed: (call: RemoteCall, error: unknown) => void,
  ) {
    this.#board = board
    this.#roster = roster
    this.#reserved = reserved
    this.#failed = failed
    for (let slot = SLOTS - 1; slot >= 0; slot--) this.#freeSlots.push(slot)
  }

  /** Whether any call is on the board. */
  get hasAny(): boolean {
    return this.#freeSlots.length < SLOTS
  }

  callIn(slot: number): RemoteCall | undefined {
    return this.#calls[slot]
  }

  // Onto the board.

  /** Takes a call that is to run. */
  add(call: RemoteCall): void {
    if (call.slot >= 0) return
    // In line already, it may have waited for its turn.
    if (!call.isInLine) this.#takeInLine(call)
    this.#earn()
    this.#withdrawAfter(call)
    this.fillBoard()
  }

  #earn(): void {
    this.#credit = Math.min(SLOTS, this.#credit + EARNED)
  }

  #takeInLine(call: RemoteCall): void {
    call.isInLine = true
    this.#line.push(call)
  }

  /** Takes back what is on the board ahead of its turn and comes after a call. */
  #withdrawAfter(call: RemoteCall): void {
    const ahead = this.#ahead
    for (let last = ahead.last; last !== undefined && comesFirst(call, last); last = ahead.last) {
      if (this.takeBack(last)) this.#takeInLine(last)
      // Some thread has begun it.
      else ahead.remove(last)
    }
  }

  /** Puts calls in line on the board, as far as there is room. */
  fillBoard(): void {
    for (let call = this.#line.peek(); call !== undefined; call = this.#line.peek()) {
      if (!call.isDropped && !this.#canPublish(call)) return
      this.#line.pop()
      call.isInLine = false
      if (call.isDropped) this.#dropped -= 1
      else this.#publish(call)
    }
  }

  #canPublish(call: RemoteCall): boolean {
    const hasTurn = call.run !== undefined
    if (!hasTurn && this.#credit === 0) return false
    // What is moved can be sent only once: to a thread that is free.
    if (!hasTurn && transfersOf(call.values).length > 0) return false
    return this.#freeSlots.length > (hasTurn ? 0 : this.#reserved) && this.#board.hasRoom
  }

  #publish(call: RemoteCall): void {
    const slot = this.#freeSlots.pop() as number
    this.#noteFlood()
    const { values, label } = call
    const isInline = label === undefined && writeInline(this.#board, slot, values)
    const fn = this.#roster.numberOf(call.name)
    this.#board.describe(slot, fn, isInline ? values.length : IN_MESSAGE, observer !== undefined)
    call.slot = slot
    call.state = this.#board.enqueue(slot)
    this.#calls[slot] = call
    if (call.run === undefined) {
      this.#credit -= 1
      this.#ahead.push(call)
    }
    const sleeper = this.#roster.sleeper()
    if (!isInline) this.#send(call, this.#receiverOf(call))
    else if (sleeper !== undefined) this.#roster.wake(sleeper)
    // Otherwise that is done, for all of them at once, when this thread looks what was finished.
    else if (!this.#board.attendance.isOwnerBusy) this.#roster.rouse(1)
  }

  // Arguments that do not fit on it.

  /** Sends the arguments of a call on the board to a thread. */
  #send(call: RemoteCall, to: Thread | undefined): void {
    if (to === undefined) {
      this.#hasUnsent = true
      return
    }
    const { values, slot, state, label } = call
    // The message wakes it. Not later: it may have been read by then, and would wake nobody.
    this.#board.attendance.change(to.index, ASLEEP, AWAKE)
    try {
      const transfer = transfersOf(values)
      refuseFutures(values)
      to.post([slot, useOf(state), label, values], transfer)
      if (transfer.length > 0) {
        call.isMoved = true
        forgetTransfers(values)
      }
    } catch (error) {
      to.post(0)
      if (this.takeBack(call)) this.#failed(call, argumentError(call.title, values, error))
      return
    }
    if (call.sentTo !== undefined) call.sentTo.assigned -= 1
    call.sentTo = to
    to.assigned += 1
  }

  /** Whether the arguments of a call on the board come by message. */
  #isSent(call: RemoteCall): boolean {
    return this.#board.countOf(call.slot) === IN_MESSAGE
  }

  /** Whether a thread may be sent the arguments of a call that another one was sent before. */
  #canSendOn(call: RemoteCall, to: Thread): boolean {
    if (call.sentTo === to || call.isMoved || to.isGone) return false
    return this.#isSent(call) && this.#board.state(call.slot) === call.state
  }

  /** The turn of a call on the board has come: some thread is free, not always the one it was sent to. */
  bring(call: RemoteCall): void {
    this.#ahead.remove(call)
    if (this.#board.countOf(call.slot) !== IN_MESSAGE) return
    const to = this.#receiverOf(call)
    if (to !== undefined && this.#canSendOn(call, to)) this.#send(call, to)
  }

  /** The thread that is likely to be the first to begin a call. */
  #receiverOf(call: RemoteCall): Thread | undefined {
    const free = this.#roster.sleeper() ?? (call.run === undefined ? undefined : this.#idle())
    return free ?? this.#roster.likeliest(call)
  }

  /** A thread that runs nothing, though it has not gone to sleep yet. */
  #idle(): Thread | undefined {
    const unassigned = this.#roster.live.filter(({ assigned }) => assigned === 0)
    if (unassigned.length === 0) return undefined
    const busy = new Set<number>()
    for (const call of this.#calls) {
      const state = call === undefined ? FREE : this.#board.state(call.slot)
      if (codeOf(state) === RUNNING) busy.add(threadOf(state))
    }
    return unassigned.find(({ index }) => !busy.has(index))
  }

  /** Ends naps of threads that there are calls for. */
  rouse(): void {
    this.#roster.rouse(this.#board.queued)
  }

  /** Sends calls that wait for busy threads to those that have said that they lack something. */
  feed(): void {
    if (!this.#hasUnsent && !this.#roster.isAnyAssigned()) return
    for (const call of this.#calls) {
      const sleeper = this.#roster.sleeper()
      if (sleeper === undefined) return
      if (call !== undefined && this.#canSendOn(call, sleeper)) this.#send(call, sleeper)
    }
    this.#hasUnsent = false
  }

  /**
   * Sends on what was sent to threads that have gone, or to none, when there was none. Gives the
   * calls for which that is too late.
   */
  sendOn(): RemoteCall[] {
    const lost: RemoteCall[] = []
    for (const call of this.#calls) {
      if (call === undefined || call.sentTo?.isGone === false || !this.#isSent(call)) continue
      if (this.#board.state(call.slot) !== call.state) continue
      if (!call.isMoved) this.#send(call, this.#receiverOf(call))
      else if (this.takeBack(call)) lost.push(call)
    }
    return lost
  }

  // Off the board.

  /** Takes a call off the board, unless somebody has begun it. */
  takeBack(call: RemoteCall): boolean {
    const { slot, state } = call
    if (slot < 0 || !this.#board.change(slot, state, useOf(state) | FREE)) return false
    this.detach(call)
    this.#release(slot)
    return true
  }

  /** A call leaves its slot, which is not free before its thread has let go of it, too. */
  detach(call: RemoteCall): void {
    this.#calls[call.slot] = undefined
    call.slot = -1
    this.#ahead.remove(call)
    if (call.sentTo !== undefined) call.sentTo.assigned -= 1
    call.sentTo = undefined
    call.stopGrace?.()
    call.stopGrace = undefined
  }

  #release(slot: number): void {
    this.#freeSlots.push(slot)
    this.#noteFlood()
  }

  /** In a flood of calls, threads that have nothing to do are not woken, but nap. */
  #noteFlood(): void {
    const isFlooded = SLOTS - this.#freeSlots.length > FLOOD * this.#reserved
    if (isFlooded === this.#isFlooded) return
    this.#isFlooded = isFlooded
    this.#board.attendance.setFlooded(isFlooded)
  }

  /** Nobody will write to a slot any more. */
  free(slot: number): void {
    this.#board.free(slot)
    this.#release(slot)
    this.#earn()
  }

  /** What a thread has begun and not finished. */
  begunBy(thread: Thread): RemoteCall[] {
    return this.#calls.filter((call) => {
      if (call === undefined) return false
      const state = this.#board.state(call.slot)
      const isIts = codeOf(state) >= RUNNING && threadOf(state) === thread.index
      return isIts && this.#board.hasBegun(call.slot)
    }) as RemoteCall[]
  }

  /** A thread has really ended: its slots are free. Gives what it has taken but not begun. */
  reclaim(thread: Thread): RemoteCall[] {
    const calls: RemoteCall[] = []
    for (let slot = 0; slot < SLOTS; slot++) {
      const state = this.#board.state(slot)
      if (codeOf(state) < RUNNING || threadOf(state) !== thread.index) continue
      const call = this.#calls[slot]
      if (call !== undefined) this.detach(call)
      this.free(slot)
      if (call !== undefined) calls.push(call)
    }
    return calls
  }

  /** Nobody wants a call any more that is not on the board. */
  drop(call: RemoteCall): void {
    call.isDropped = true
    if (!call.isInLine) return
    this.#dropped += 1
    // They must not pile up behind a body that never ends.
    if (this.#dropped > 32 && 2 * this.#dropped > this.#line.size) {
      for (const each of this.#emptyLine()) this.#takeInLine(each)
    }
  }

  /** Takes off all that nobody has begun, in order. */
  clear(): RemoteCall[] {
    const calls = this.#calls.filter((call) => call !== undefined && this.takeBack(call))
    return [...(calls as RemoteCall[]), ...this.#emptyLine()]
  }

  #emptyLine(): RemoteCall[] {
    const wanted: RemoteCall[] = []
    for (let call = this.#line.pop(); call !== undefined; call = this.#line.pop()) {
      call.isInLine = false
      if (!call.isDropped) wanted.push(call)
    }
    this.#dropped = 0
    return wanted
  }
}

/** How many calls each one pays for. */
const EARNED = 4

/** So many calls for each thread are a flood. */
const FLOOD = 2
