import type { AnyCell } from '../core/cell.ts'
import { type AnyFuture, Future } from '../core/future.ts'
import type { Definition } from '../schedule/definition.ts'
import { Dispatcher } from '../schedule/dispatcher.ts'
import type { Run } from '../schedule/executor.ts'
import { BOOTING, BUSY } from './attendance.ts'
import { ASKED, Board } from './board.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import { Grace } from './grace.ts'
import { Health } from './health.ts'
import { receive } from './host.ts'
import { Lifetime } from './lifetime.ts'
import { lossOf } from './loss.ts'
import type { Report } from './messages.ts'
import { Offers } from './offers.ts'
import type { Outcome } from './outcome.ts'
import type { CheckedPoolOptions } from './pool-options.ts'
import { Postings } from './postings.ts'
import { PumpedClock } from './pumped-clock.ts'
import { type Offer, RemoteCall } from './remote-call.ts'
import { Returns } from './returns.ts'
import { Roster } from './roster.ts'
import { codeOf, MOST_THREADS, RUNNING, threadOf, useOf } from './slot-word.ts'
import type { RawWorker } from './start-worker.ts'
import type { Employer, Thread } from './thread.ts'
import type { Workforce } from './workforce.ts'

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
  readonly #grace: Grace
  readonly #clock = new PumpedClock()
  readonly #roster: Roster
  readonly #postings: Postings
  readonly #offers = new Offers(this)
  readonly #returns: Returns
  readonly #health: Health
  readonly #lifetime: Lifetime
  #orders = 0

  constructor(options: CheckedPoolOptions, module: string | undefined, start: () => RawWorker) {
    const { threads, name, grace, signal } = options
    this.module = module
    this.name = name
    this.place = name
    this.board = new Board(Math.min(MOST_THREADS, 2 * threads + SPARE_INDICES))
    this.#roster = new Roster(this, options, this.#clock, start)
    this.#postings = new Postings(this.board, this.#roster, threads, (call, error) =>
      this.#fail(call, error),
    )
    this.#health = new Health(name, (error) => this.#broke(error))
    this.#returns = new Returns(this, this.#roster, this.#postings, this.#clock)
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
    this.#lifetime = new Lifetime(this.dispatcher, this.#roster, this.#health)
    this.#grace = new Grace(grace, this.#clock, this.board, this.dispatcher)
  }

  get size(): number {
    return this.#roster.countLive()
  }

  // From the calls to the threads.

  submit(
    definition: Definition,
    name: string,
    values: readonly unknown[],
    offer?: Offer,
  ): AnyFuture {
    const source = this.#isFlooded ? undefined : definition
    const call = new RemoteCall(name, values, definition.options, this.#orders++, offer, source)
    // The values too, for a timeline to see where they come from.
    const future = this.dispatcher.submit(definition, undefined, [call, ...values])
    call.future = future
    this.#queued(call)
    // Not before: a thread has been woken by now, which takes as long.
    call.noteSite()
    return future
  }

  /**
   * Whether there are so many calls that nobody notes where they are made: that takes as long as all
   * the rest of a call, so in a flood of them it is left to `longStackTraces`.
   */
  get #isFlooded(): boolean {
    return this.dispatcher.running + this.dispatcher.queued >= FEW
  }

  demanded(call: RemoteCall): void {
    this.dispatcher.drain()
    this.#queued(call)
  }

  #queued(call: RemoteCall): void {
    // What a thread has offered it may take back: none of that is begun ahead of its turn.
    const isAhead = call.offer === undefined && this.dispatcher.isWaiting(call.future)
    if (isAhead) this.#postings.add(call)
    this.#grace.relieve()
    this.checkIdle()
  }

  execute(run: Run, [recorded]: readonly unknown[]): void {
    const call = recorded as RemoteCall
    call.run = run
    call.future = run.future
    if (call.outcome !== undefined) return call.pass(call.outcome)
    if (call.offer !== undefined && !this.#offers.take(call.offer)) {
      // Its own thread was faster, and nobody asks for this.
      return call.pass({ isFailure: false, value: undefined })
    }
    this.#staff()
    const { error } = this.#health
    if (error !== undefined) return this.#refuse(call, error)
    if (call.slot < 0) this.#postings.add(call)
    else this.#postings.bring(call)
  }

  /** Has a thread for each body. */
  #staff(): void {
    if (this.#health.error !== undefined) return
    try {
      this.#roster.staff(this.dispatcher.running)
    } catch (error) {
      // The others have the more to do.
      if (this.size === 0) this.#health.break('could not start a thread', error)
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
      if (call.run !== undefined) call.pass(call.cancelReason)
      this.#postings.fillBoard()
    }
    this.checkIdle()
  }

  #abort(call: RemoteCall, reason: unknown): void {
    const { slot } = call
    const state = this.board.state(slot)
    const thread = this.#roster.at(threadOf(state))
    if (codeOf(state) !== RUNNING || thread === undefined) return
    this.board.setCancel(slot, ASKED)
    thread.post({ is: 'cancel', slot, use: useOf(state), reason: packThrown(reason) })
    this.#grace.grant(call, thread)
  }

  // From the threads back to the futures.

  heard(thread: Thread, report: Report): void {
    if (report === 0) return this.#returns.listen()
    switch (report.is) {
      case 'ready':
        thread.isReady = true
        thread.stopWatch?.()
        this.#health.loaded()
        break
      case 'failed':
        this.unloadable(thread, unpackThrown(report.error))
        break
      case 'outcome':
        this.#returns.heard(report)
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

  #fail(call: RemoteCall, error: unknown): void {
    this.settle(call, { isFailure: true, value: error })
  }

  settle(call: RemoteCall, outcome: Outcome): void {
    if (call.run !== undefined) return call.pass(outcome)
    // Begun ahead of its turn, and over before that has come.
    call.outcome = outcome
    if (!call.future.done) this.dispatcher.startAhead(call.future)
  }

  // The end of threads.

  lost(thread: Thread): void {
    this.#returns.lost(thread)
    this.#health.lost(thread)
    this.#lend(thread, false)
    this.#offers.forget(thread)
    const begun = this.#postings.begunBy(thread)
    for (const call of begun) {
      this.#postings.detach(call)
      this.settle(call, call.cancelReason ?? lossOf(call, thread))
    }
    if (begun.length === 0) this.#reportEnd(thread)
    this.#staff()
    this.#sendOn(thread)
    this.checkIdle()
    // The thread may have taken along what it was about to tell.
    this.#returns.listenAnew()
  }

  /** What a thread died of that ran no call is held as a failure, which nobody will collect. */
  #reportEnd({ isReady, isKilled, cause }: Thread): void {
    if (!isReady || isKilled || cause === undefined) return
    new Future((_, reject) => reject(cause), { name: `${this.name}, a thread without a call` })
  }

  #sendOn(gone: Thread): void {
    for (const call of this.#postings.sendOn()) this.settle(call, lossOf(call, gone))
  }

  ended(thread: Thread): void {
    const calls = this.#postings.reclaim(thread)
    this.#roster.remove(thread)
    for (const call of calls) this.#takeUp(call, thread)
    this.#staff()
    this.#sendOn(thread)
    this.#postings.fillBoard()
    this.#returns.listenAnew()
    this.checkIdle()
    this.#lifetime.checkEmpty()
  }

  /** Has a call run that a thread has taken before it died, but not begun. */
  #takeUp(call: RemoteCall, taker: Thread): void {
    const isOver = this.#health.error !== undefined || call.isMoved
    const outcome = call.cancelReason ?? (isOver ? lossOf(call, taker) : undefined)
    if (outcome === undefined) this.#postings.add(call)
    else this.settle(call, outcome)
  }

  unloadable(thread: Thread, error: unknown): void {
    thread.cause = error
    this.#health.unloadable(error)
    thread.kill()
  }

  /** Nothing will ever run here: fails all that waits. What comes is refused. */
  #broke(error: unknown): void {
    for (const call of this.#postings.clear()) this.#fail(call, error)
    this.checkIdle()
  }

  #refuse(call: RemoteCall, error: unknown): void {
    if (!call.isAgain) return this.#fail(call, error)
    // One that is tried again and again must let others have their turn.
    this.#clock.callLater(() => this.#fail(call, error), 0)
  }

  // The end of the pool.

  checkIdle(): void {
    this.#lifetime.checkIdle()
  }

  close(): Promise<void> {
    const closing = this.#lifetime.close()
    this.#grace.relieve()
    return closing
  }

  terminate(reason: unknown): Promise<void> {
    return this.#lifetime.terminate(reason)
  }

  // While this thread is blocked.

  readonly isRefused = false

  get hasWork(): boolean {
    return this.#lifetime.hasWork
  }

  canDeliver(future: AnyCell): boolean {
    if (receive !== undefined) return true
    // In a browser no message comes to a blocked thread, and no thread starts that it has made.
    if (this.#returns.isLate(future)) return false
    return this.#roster.live.some(({ index }) => this.board.attendance.state(index) !== BOOTING)
  }

  pump(): void {
    this.board.attendance.setOwner(BUSY)
    this.#clock.run()
    for (const thread of this.#roster.all) thread.listen()
    this.#returns.look()
    // Whoever blocks while results are handled has kept what was finished from making room.
    this.#postings.fillBoard()
    this.dispatcher.drain()
  }

  block(milliseconds: number): void {
    this.#returns.block(milliseconds)
  }

  unblock(): void {
    this.#returns.listenSoon()
  }
}

/** So many unfinished calls are no flood. */
const FEW = 16

/** More threads than may work at once: going takes time, and bodies that block lend their slots. */
const SPARE_INDICES = 64
