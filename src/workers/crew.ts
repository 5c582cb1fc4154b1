import { cancelAll } from '../core/canceller.ts'
import type { AnyCell } from '../core/cell.ts'
import { type AnyFuture, Future } from '../core/future.ts'
import { observer } from '../core/observer.ts'
import { turn } from '../internal/event-loop.ts'
import { RingQueue } from '../internal/ring-queue.ts'
import { CallSite } from '../schedule/call-site.ts'
import type { Definition } from '../schedule/definition.ts'
import { Dispatcher } from '../schedule/dispatcher.ts'
import type { Run } from '../schedule/executor.ts'
import type { TaskOptions } from '../schedule/task-options.ts'
import { BOOTING, BUSY, LISTENING, WAITING } from './attendance.ts'
import { ASKED, Board, IN_MESSAGE, SEEN } from './board.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import { receive } from './host.ts'
import { readInline } from './inline-values.ts'
import { KeepAlive } from './keep-alive.ts'
import type { Report } from './messages.ts'
import { type Offer, Offers } from './offers.ts'
import type { CheckedPoolOptions } from './pool-options.ts'
import { Postings } from './postings.ts'
import { PumpedClock } from './pumped-clock.ts'
import { type Outcome, RemoteCall } from './remote-call.ts'
import { RemoteDefinition } from './remote-definition.ts'
import { Roster } from './roster.ts'
import { codeOf, MOST_THREADS, RUNNING, threadOf, useOf } from './slot-word.ts'
import { Spin } from './spin.ts'
import type { RawWorker } from './start-worker.ts'
import type { Employer, Thread } from './thread.ts'
import { WorkerLostError } from './worker-lost-error.ts'
import type { Workforce } from './workforce.ts'

type OutcomeReport = Extract<Report, { is: 'outcome' }>

/**
 * The engine of a pool, between its scheduler and its threads.
 *
 * The scheduler decides which calls run, as it does everywhere: one slot a thread. The threads take
 * what is on the board by themselves, in the same order, and tell of it; so the scheduler may learn
 * of a start later than it has happened.
 */
export class Crew implements Workforce, Employer {
  readonly dispatcher: Dispatcher
  readonly board: Board
  readonly module: string | undefined
  readonly place: string
  readonly name: string
  readonly #grace: number
  readonly #clock = new PumpedClock()
  readonly #roster: Roster
  readonly #postings: Postings
  readonly #offers = new Offers(this)
  readonly #keepAlive = new KeepAlive()
  #orders = 0
  // What threads have finished, and what they have sent of it.
  readonly #finished = new RingQueue<number>()
  readonly #outcomes = new Map<number, OutcomeReport>()
  /** Slots whose calls have ended, but whose outcome is still to come by message. */
  readonly #late = new Set<number>()
  #isComing = false
  /** Whether the module has loaded in some thread, so that it can be loaded. */
  #hasLoaded = false
  #failedStarts = 0
  /** How often threads are being asked to go. */
  #disbanding = 0
  /** Why nothing will ever run here. */
  #broken: WorkerLostError | undefined
  #probedAt = 0
  readonly #spin = new Spin()
  readonly #isFinished = (): boolean => this.board.hasFinished

  constructor(options: CheckedPoolOptions, module: string | undefined, start: () => RawWorker) {
    const { threads, name, grace, signal } = options
    this.module = module
    this.name = name
    this.place = name
    this.#grace = grace

    this.board = new Board(Math.min(MOST_THREADS, 2 * threads + SPARE_INDICES))
    this.board.attendance.setOwner(LISTENING)
    this.#roster = new Roster(this, options, this.#clock, start)
    this.#postings = new Postings(this.board, this.#roster, threads, (call, error) =>
      this.#fail(call, error),
    )
    this.dispatcher = new Dispatcher({
      name,
      concurrency: threads,
      // A free thread gets its call inside the call: this thread may block right after it.
      start: options.start === 'lazy' ? 'lazy' : 'eager',
      slice: Infinity,
      clock: this.#clock,
      signal,
      rate: undefined,
    })
  }

  get size(): number {
    return this.#roster.countLive()
  }

  // From the calls to the threads.

  submit(definition: Definition, name: string, values: readonly unknown[]): AnyFuture {
    return this.#submit(definition, name, values, undefined)
  }

  submitOffer(
    offer: Offer,
    fn: string,
    values: readonly unknown[],
    options: TaskOptions,
  ): AnyFuture {
    const { dispatcher } = this
    const { closed } = dispatcher
    // Closing waits for bodies, and they for what they call.
    dispatcher.closed = false
    try {
      return this.#submit(new RemoteDefinition(this, fn, options), fn, values, offer)
    } finally {
      dispatcher.closed = closed
    }
  }

  #submit(
    definition: Definition,
    name: string,
    values: readonly unknown[],
    offer: Offer | undefined,
  ): AnyFuture {
    const site = this.#siteOf(definition)
    const call = new RemoteCall(name, values, definition.options, this.#orders++, offer, site)
    // The values too, for a timeline to see where they come from.
    const future = this.dispatcher.submit(definition, undefined, [call, ...values])
    call.future = future
    this.#queued(call)
    return future
  }

  /**
   * Notes where a call is made, so that the stack of its failure says so: that takes about as long
   * as all the rest of a call, so in a flood of calls it is left to `longStackTraces`.
   */
  #siteOf(definition: Definition): CallSite | undefined {
    const { running, queued } = this.dispatcher
    return running + queued < FEW ? new CallSite(definition) : undefined
  }

  demanded(call: RemoteCall): void {
    this.dispatcher.drain()
    this.#queued(call)
  }

  #queued(call: RemoteCall): void {
    // What a thread has offered it may take back: none of that is begun ahead of its turn.
    const isAhead = call.offer === undefined && this.dispatcher.isWaiting(call.future)
    if (isAhead) this.#postings.add(call)
    this.#checkIdle()
  }

  execute(run: Run, [recorded]: readonly unknown[]): void {
    const call = recorded as RemoteCall
    call.run = run
    call.future = run.future
    if (call.outcome !== undefined) return this.#pass(call, call.outcome)
    if (call.offer !== undefined && !this.#offers.take(call.offer)) {
      // Its own thread was faster, and nobody asks for this.
      return this.#pass(call, { isFailure: false, value: undefined })
    }
    this.#staff()
    if (this.#broken !== undefined) return this.#refuse(call, this.#broken)
    if (call.slot < 0) this.#postings.add(call)
    else this.#postings.bring(call)
  }

  /** Has a thread for each body. */
  #staff(): void {
    if (this.#broken !== undefined) return
    try {
      this.#roster.staff(this.dispatcher.running)
    } catch (error) {
      // The others have the more to do.
      if (this.size === 0) this.#break('could not start a thread', error)
    }
  }

  // Cancelling.

  withdraw(call: RemoteCall): boolean {
    if (call.slot >= 0 && !this.#postings.takeBack(call)) return call.run === undefined
    this.#postings.drop(call)
    return false
  }

  cancel(call: RemoteCall, reason: unknown): void {
    call.cancelReason = { isFailure: true, value: reason }
    if (call.slot >= 0) this.#abort(call, reason)
    else {
      if (call.run !== undefined) this.#pass(call, call.cancelReason)
      this.#postings.fillBoard()
    }
    this.#checkIdle()
  }

  #abort(call: RemoteCall, reason: unknown): void {
    const { slot } = call
    const state = this.board.state(slot)
    const thread = this.#roster.at(threadOf(state))
    if (codeOf(state) !== RUNNING || thread === undefined) return
    this.board.setCancel(slot, ASKED)
    thread.post({ is: 'cancel', slot, use: useOf(state), reason: packThrown(reason) })
    call.stopGrace = this.#clock.callLater(() => {
      // A body that has let the message through is not stuck, and may take its time.
      const isStuck = this.board.cancelOf(slot) !== SEEN && this.board.state(slot) === state
      if (isStuck) thread.kill()
    }, this.#grace)
  }

  // From the threads back to the futures.

  heard(thread: Thread, report: Report): void {
    if (report === 0) return this.#listen()
    switch (report.is) {
      case 'ready':
        thread.isReady = true
        thread.stopWatch?.()
        this.#hasLoaded = true
        this.#failedStarts = 0
        break
      case 'failed':
        this.unloadable(thread, unpackThrown(report.error))
        break
      case 'outcome':
        this.#outcomes.set(report.slot, report)
        if (this.#late.delete(report.slot)) {
          this.#finished.push(report.slot)
          this.#listenSoon()
        }
        break
      case 'uncaught':
        // One that was handled, in the end, is not what the thread dies of.
        if (!thread.isGone) thread.cause = report.error && unpackThrown(report.error)
        break
      case 'exit':
        thread.left(report.code)
        break
      case 'blocked':
        this.#lend(thread, report.isBlocked)
        break
      default:
        this.#offers.heard(thread, report)
    }
  }

  #lend(thread: Thread, isBlocked: boolean): void {
    this.#roster.lend(thread, isBlocked)
    this.dispatcher.concurrency = this.#roster.most
    this.dispatcher.drain()
  }

  /** Handles what threads have finished, again and again while there is something; then waits. */
  #listen(): void {
    if (this.#isComing) return
    if (this.#look()) return this.#listenSoon()
    this.board.attendance.setOwner(LISTENING)
    this.#postings.feed()
    // What was finished just before nobody has told of.
    if (!this.board.hasFinished) return
    this.board.attendance.setOwner(BUSY)
    this.#listenSoon()
  }

  #listenSoon(): void {
    if (this.#isComing) return
    this.#isComing = true
    // Insisted on: the loop would wait for an event first.
    turn(() => {
      this.#isComing = false
      this.#listen()
    }, true)
  }

  /** Handles what threads have finished. Gives whether there was anything. */
  #look(): boolean {
    for (const slot of this.board.takeFinished()) this.#finished.push(slot)
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
    this.#checkIdle()
    return true
  }

  #conclude(slot: number, now: number): void {
    const state = this.board.state(slot)
    const thread = this.#roster.at(threadOf(state))
    const call = this.#postings.callIn(slot)
    const isLate = !this.#hasCome(slot, state, thread) && thread?.isLost === false
    // Not everywhere can a message be taken off a port as soon as it was sent.
    if (isLate) return void this.#late.add(slot)
    const outcome = this.#outcomeIn(slot, state, call?.title)
    if (call !== undefined && this.board.isTimed(slot)) this.#noteTimes(call, slot, thread)
    if (call !== undefined) this.#postings.detach(call)
    this.#postings.free(slot)
    // Given up with its thread, which has come to an end of it all the same.
    if (call === undefined) return
    if (thread !== undefined) thread.lastUsed = now
    this.#settle(call, outcome ?? this.#loss(call, thread))
  }

  /** Has a timeline told when and where the body ran, once the scheduler has started it. */
  #noteTimes(call: RemoteCall, slot: number, thread: Thread | undefined): void {
    const start = this.board.startOf(slot) - performance.timeOrigin
    const end = this.board.endOf(slot) - performance.timeOrigin
    call.tellTimes = () => {
      observer?.started(call.future, `${this.name} ${(thread?.index ?? 0) + 1}`, start)
      observer?.ended(call.future, end)
    }
  }

  /** Whether the outcome of a call has come, if it comes by message. */
  #hasCome(slot: number, state: number, thread: Thread | undefined): boolean {
    if (this.board.countOf(slot) !== IN_MESSAGE) return true
    // One of an earlier call may be there, whose thread ended before it had finished.
    const isThere = (): boolean => this.#outcomes.get(slot)?.use === useOf(state)
    // Only as far as need be: hundreds of results at once would outlive the young garbage.
    while (!isThere() && thread?.listenOnce());
    return isThere()
  }

  #outcomeIn(slot: number, state: number, task: string | undefined): Outcome | undefined {
    if (this.board.countOf(slot) !== IN_MESSAGE) {
      return { isFailure: false, value: readInline(this.board, slot, 1)[0] }
    }
    const report = this.#outcomes.get(slot)
    this.#outcomes.delete(slot)
    if (report?.use !== useOf(state)) return undefined
    const value = report.kind === 'value' ? report.value : unpackThrown(report.value, task)
    return { isFailure: report.kind === 'thrown', value }
  }

  #fail(call: RemoteCall, error: unknown): void {
    this.#settle(call, { isFailure: true, value: error })
  }

  #settle(call: RemoteCall, outcome: Outcome): void {
    if (call.run !== undefined) return this.#pass(call, outcome)
    // Begun ahead of its turn, and over before that has come.
    call.outcome = outcome
    if (!call.future.done) this.dispatcher.startAhead(call.future)
  }

  #pass(call: RemoteCall, { isFailure, value }: Outcome): void {
    const { run } = call
    // It may be tried again.
    call.isAgain = true
    call.run = undefined
    call.outcome = undefined
    call.tellTimes?.()
    call.tellTimes = undefined
    if (isFailure && call.cancelReason === undefined) call.site?.addTo(value)
    if (isFailure) run?.reject(value)
    else run?.fulfil(value)
  }

  // The end of threads.

  lost(thread: Thread): void {
    for (const slot of this.#late) {
      if (threadOf(this.board.state(slot)) !== thread.index) continue
      this.#late.delete(slot)
      this.#finished.push(slot)
    }
    // What it has finished is finished.
    this.#look()
    this.#countFailedStart(thread)
    this.#lend(thread, false)
    this.#offers.forget(thread)
    const begun = this.#postings.begunBy(thread)
    for (const call of begun) {
      this.#postings.detach(call)
      this.#settle(call, call.cancelReason ?? this.#loss(call, thread))
    }
    if (begun.length === 0) this.#reportEnd(thread)
    this.#staff()
    this.#sendOn(thread)
    this.#checkIdle()
    // The thread may have taken along what it was about to tell.
    this.#listenSoon()
  }

  /** What a thread died of that ran no call is held as a failure, which nobody will collect. */
  #reportEnd({ isReady, isKilled, cause }: Thread): void {
    if (!isReady || isKilled || cause === undefined) return
    new Future((_, reject) => reject(cause), { name: `${this.name}, a thread without a call` })
  }

  #countFailedStart(thread: Thread): void {
    if (thread.isReady || thread.hasFailedToStart) return
    thread.hasFailedToStart = true
    this.#failedStarts += 1
    if (this.#failedStarts < MOST_FAILED_STARTS) return
    this.#break('could not start a thread', thread.cause ?? endBeforeLoad(thread))
  }

  #sendOn(gone: Thread): void {
    for (const call of this.#postings.sendOn()) this.#settle(call, this.#loss(call, gone))
  }

  ended(thread: Thread): void {
    const calls = this.#postings.reclaim(thread)
    this.#roster.remove(thread)
    for (const call of calls) this.#takeUp(call, thread)
    this.#staff()
    this.#sendOn(thread)
    this.#postings.fillBoard()
    this.#listenSoon()
    this.#checkIdle()
    this.#checkEmpty()
  }

  /** Has a call run that a thread has taken before it died, but not begun. */
  #takeUp(call: RemoteCall, taker: Thread): void {
    const isOver = this.#broken !== undefined || call.isMoved
    const outcome = call.cancelReason ?? (isOver ? this.#loss(call, taker) : undefined)
    if (outcome === undefined) this.#postings.add(call)
    else this.#settle(call, outcome)
  }

  unloadable(thread: Thread, error: unknown): void {
    thread.cause = error
    // Where another thread has loaded it, this is a start that has failed.
    if (!this.#hasLoaded) this.#break('could not load its module', error)
    thread.kill()
  }

  /** Nothing will ever run here: fails all that waits, and all that comes. */
  #break(what: string, cause: unknown): void {
    if (this.#broken !== undefined) return
    this.#broken = new WorkerLostError(`The pool "${this.name}" ${what}`, { cause })
    for (const call of this.#postings.clear()) this.#fail(call, this.#broken)
    this.#checkIdle()
  }

  #refuse(call: RemoteCall, error: unknown): void {
    if (!call.isAgain) return this.#fail(call, error)
    // One that is tried again and again must let others have their turn.
    this.#clock.callLater(() => this.#fail(call, error), 0)
  }

  #loss(call: RemoteCall, thread: Thread | undefined): Outcome {
    const how = thread === undefined ? 'is gone' : describeEnd(thread)
    const message = `The thread that ran the task "${call.title}" ${how}`
    const { cause, exitCode } = thread ?? {}
    return { isFailure: true, value: new WorkerLostError(message, { cause, exitCode }) }
  }

  // The end of the pool.

  #checkIdle(): void {
    this.#keepAlive.set(this.hasWork || this.#disbanding > 0)
  }

  async close(): Promise<void> {
    this.dispatcher.closed = true
    await this.dispatcher.idle()
    await this.#disband()
  }

  async terminate(reason: unknown): Promise<void> {
    this.dispatcher.closed = true
    // What fails now is not tried again.
    this.dispatcher.paused = true
    this.#cancelWaiting(reason)
    this.#break('was terminated', reason)
    for (const thread of this.#roster.live) {
      thread.cause = reason
      thread.kill()
    }
    this.#cancelWaiting(reason)
    await this.#disband()
  }

  #cancelWaiting(reason: unknown): void {
    const waiting = this.dispatcher.list().filter(({ status }) => status === 'scheduled')
    cancelAll(waiting, reason)
  }

  async #disband(): Promise<void> {
    this.#disbanding += 1
    this.#checkIdle()
    await this.#roster.disband()
    this.#disbanding -= 1
    this.#checkIdle()
    this.#checkEmpty()
  }

  /** Without threads it takes nothing. */
  #checkEmpty(): void {
    const isEmpty = this.#roster.all.length === 0 && !this.hasWork && this.#disbanding === 0
    if (isEmpty) this.#keepAlive.close()
  }

  // While this thread is blocked.

  readonly isRefused = false

  get hasWork(): boolean {
    return this.dispatcher.running + this.dispatcher.queued > 0
  }

  canDeliver(future: AnyCell): boolean {
    if (receive !== undefined) return true
    // In a browser no message comes to a blocked thread, and no thread starts that it has made.
    for (const slot of this.#late) if (this.#postings.callIn(slot)?.future === future) return false
    return this.#roster.live.some(
      ({ index }) => this.board.attendance.threadState(index) !== BOOTING,
    )
  }

  pump(): void {
    this.board.attendance.setOwner(BUSY)
    this.#clock.run()
    for (const thread of this.#roster.all) thread.listen()
    this.#look()
    // Whoever blocks while results are handled has kept what was finished from making room.
    this.#postings.fillBoard()
    this.dispatcher.drain()
  }

  block(milliseconds: number): void {
    const clock = this.#clock
    // Where cores are free, one call after the other takes a fraction of the time that it takes to
    // be woken.
    if (this.#spin.until(this.#isFinished)) return
    this.board.attendance.setOwner(WAITING)
    // Only now: a thread that lacks arguments says so to nobody who is busy.
    this.#postings.feed()
    const longest = this.#late.size > 0 ? SHORT : PROBE_INTERVAL
    const most = Math.min(milliseconds, longest, clock.nextDue - clock.now())
    if (!this.board.hasFinished && most > 0) this.board.attendance.waitForCall(most)
    this.board.attendance.setOwner(BUSY)
    if (clock.now() - this.#probedAt < PROBE_INTERVAL) return
    this.#probedAt = clock.now()
    this.#roster.probe()
  }

  unblock(): void {
    this.#listenSoon()
  }
}

function describeEnd({ exitCode, cause }: Thread): string {
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  return `has ended${code}${cause instanceof Error ? `: ${cause.message}` : ''}`
}

function endBeforeLoad(thread: Thread): Error {
  return new Error(`The thread ${describeEnd(thread)} before its module had loaded`)
}

/** So many unfinished calls are no flood. */
const FEW = 16

/** More threads than may work at once: going takes time, and bodies that block lend their slots. */
const SPARE_INDICES = 64

/** How many slots to fill again at a time. */
const BATCH = 128

const MOST_FAILED_STARTS = 3

/** How often to ask whether threads are still alive, in milliseconds, while events cannot tell. */
const PROBE_INTERVAL = 50

/** How often to look for a message that should be there, in milliseconds. */
const SHORT = 1
