import type { AnyCell } from '../core/cell.ts'
import { observer } from '../core/observer.ts'
import { turn } from '../internal/event-loop.ts'
import { RingQueue } from '../internal/ring-queue.ts'
import { BUSY, LISTENING, WAITING } from './attendance.ts'
import { type Board, IN_MESSAGE } from './board.ts'
import { readInline } from './inline-values.ts'
import { lossOf } from './loss.ts'
import type { Report } from './messages.ts'
import { type Outcome, outcomeOf } from './outcome.ts'
import type { Postings } from './postings.ts'
import type { PumpedClock } from './pumped-clock.ts'
import type { RemoteCall } from './remote-call.ts'
import type { Roster } from './roster.ts'
import { threadOf, useOf } from './slot-word.ts'
import { Spin } from './spin.ts'
import type { Thread } from './thread.ts'

type OutcomeReport = Extract<Report, { is: 'outcome' }>

/** Whoever has made the calls. */
interface Recipient {
  readonly name: string
  readonly board: Board
  /** A call has ended. */
  settle(call: RemoteCall, outcome: Outcome): void
  /** All that has ended was settled. */
  checkIdle(): void
}

/** What threads have finished, on its way back to the futures: by events, or for whoever blocks. */
export class Returns {
  readonly #recipient: Recipient
  readonly #board: Board
  readonly #roster: Roster
  readonly #postings: Postings
  readonly #clock: PumpedClock
  /** Slots off the finished list. */
  readonly #finished = new RingQueue<number>()
  /** Outcomes that came by message, by slot. */
  readonly #outcomes = new Map<number, OutcomeReport>()
  /** Slots whose calls have ended, but whose outcome is still to come by message. */
  readonly #late = new Set<number>()
  #isComing = false
  #probedAt = 0
  readonly #spin = new Spin()
  readonly #isFinished = (): boolean => this.#board.hasFinished

  constructor(recipient: Recipient, roster: Roster, postings: Postings, clock: PumpedClock) {
    this.#recipient = recipient
    this.#board = recipient.board
    this.#roster = roster
    this.#postings = postings
    this.#clock = clock
    this.#board.attendance.setOwner(LISTENING)
  }

  // By events.

  /** The outcome of a call has come. */
  heard(report: OutcomeReport): void {
    this.#outcomes.set(report.slot, report)
    if (!this.#late.delete(report.slot)) return
    this.#finished.push(report.slot)
    this.listenSoon()
  }

  /** Handles what threads have finished, again and again while there is something; then waits. */
  listen(): void {
    if (this.#isComing) return
    // There may be calls that nobody was woken for.
    this.#postings.rouse()
    // Once nothing is left that threads could finish, there is nothing to look for again.
    if (this.look() && this.#postings.hasAny) return this.listenSoon()
    this.#board.attendance.setOwner(LISTENING)
    this.#postings.feed()
    // What was finished just before nobody has told of.
    if (!this.#board.hasFinished) return
    this.#board.attendance.setOwner(BUSY)
    this.listenSoon()
  }

  /** Whoever was to tell this thread of what was finished may never do so. */
  listenAnew(): void {
    if (this.#postings.hasAny) this.listenSoon()
    else this.listen()
  }

  listenSoon(): void {
    if (this.#isComing) return
    this.#isComing = true
    // Insisted on: the loop would wait for an event first.
    turn(() => {
      this.#isComing = false
      this.listen()
    }, true)
  }

  // While this thread is blocked.

  /** Waits until threads may have finished something, so many milliseconds at most. */
  block(milliseconds: number): void {
    const { attendance } = this.#board
    const clock = this.#clock
    // Where cores are free, one call after the other takes a fraction of the time that it takes to
    // be woken.
    if (this.#spin.until(this.#isFinished)) return
    attendance.setOwner(WAITING)
    // Only now: a thread that lacks arguments says so to nobody who is busy.
    this.#postings.feed()
    this.#postings.rouse()
    const longest = this.#late.size > 0 ? SHORT : PROBE_INTERVAL
    const most = Math.min(milliseconds, longest, clock.nextDue - clock.now())
    if (!this.#board.hasFinished && most > 0) attendance.waitForCall(most)
    attendance.setOwner(BUSY)
    if (clock.now() - this.#probedAt < PROBE_INTERVAL) return
    this.#probedAt = clock.now()
    this.#roster.probe()
  }

  /** Whether a call has ended whose outcome is still to come by message. */
  isLate(future: AnyCell): boolean {
    for (const slot of this.#late) if (this.#postings.callIn(slot)?.future === future) return true
    return false
  }

  // One by one.

  /** Nothing more comes from a thread: what it has finished is finished. */
  lost(thread: Thread): void {
    for (const slot of this.#late) {
      if (threadOf(this.#board.state(slot)) !== thread.index) continue
      this.#late.delete(slot)
      this.#finished.push(slot)
    }
    this.look()
  }

  /** Handles what threads have finished. Gives whether there was anything. */
  look(): boolean {
    for (const slot of this.#board.takeFinished()) this.#finished.push(slot)
    if (this.#finished.size === 0) return false
    // One by one off a queue that all share: whoever is told of one may look, too.
    const now = this.#clock.now()
    let count = 0
    for (let slot = this.#finished.shift(); slot !== undefined; slot = this.#finished.shift()) {
      this.#conclude(slot, now)
      // Threads must not run out of calls while a thousand results are handled, nor be woken for
      // each new one.
      if (++count % BATCH === 0) this.#postings.fillBoard()
    }
    this.#postings.fillBoard()
    this.#recipient.checkIdle()
    return true
  }

  #conclude(slot: number, now: number): void {
    const state = this.#board.state(slot)
    const thread = this.#roster.at(threadOf(state))
    const call = this.#postings.callIn(slot)
    const isLate = !this.#hasCome(slot, state, thread) && thread?.isLost === false
    // Not everywhere can a message be taken off a port as soon as it was sent.
    if (isLate) return void this.#late.add(slot)
    const outcome = this.#outcomeIn(slot, state, call?.title)
    if (call !== undefined && this.#board.isTimed(slot)) this.#noteTimes(call, slot, thread)
    if (call !== undefined) this.#postings.detach(call)
    this.#postings.free(slot)
    // Given up with its thread, which has come to an end of it all the same.
    if (call === undefined) return
    if (thread !== undefined) thread.lastUsed = now
    this.#recipient.settle(call, outcome ?? lossOf(call, thread))
  }

  /** Whether the outcome of a call has come, if it comes by message. */
  #hasCome(slot: number, state: number, thread: Thread | undefined): boolean {
    if (this.#board.countOf(slot) !== IN_MESSAGE) return true
    // One of an earlier call may be there, whose thread ended before it had finished.
    const isThere = (): boolean => this.#outcomes.get(slot)?.use === useOf(state)
    // Only as far as need be: hundreds of results at once would outlive the young garbage.
    while (!isThere() && thread?.listenOnce());
    return isThere()
  }

  #outcomeIn(slot: number, state: number, task: string | undefined): Outcome | undefined {
    if (this.#board.countOf(slot) !== IN_MESSAGE) {
      return { isFailure: false, value: readInline(this.#board, slot, 1)[0] }
    }
    const report = this.#outcomes.get(slot)
    this.#outcomes.delete(slot)
    return report?.use === useOf(state) ? outcomeOf(report, task) : undefined
  }

  /** Has a timeline told when and where the body ran, once the scheduler has started it. */
  #noteTimes(call: RemoteCall, slot: number, thread: Thread | undefined): void {
    const start = this.#board.startOf(slot) - performance.timeOrigin
    const end = this.#board.endOf(slot) - performance.timeOrigin
    call.tellTimes = () => {
      const place = `${this.#recipient.name} ${(thread?.index ?? 0) + 1}`
      observer?.started(call.future, place, start)
      observer?.ended(call.future, end)
    }
  }
}

/** How many slots to fill again at a time. */
const BATCH = 128

/** How often to ask whether threads are still alive, in milliseconds, while events cannot tell. */
const PROBE_INTERVAL = 50

/** How often to look for a message that should be there, in milliseconds. */
const SHORT = 1
