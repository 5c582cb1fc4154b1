import { ASLEEP, AWAKE, BOOTING, GONE } from './attendance.ts'
import type { Board } from './board.ts'
import type { CheckedPoolOptions } from './pool-options.ts'
import type { PumpedClock } from './pumped-clock.ts'
import type { RemoteCall } from './remote-call.ts'
import type { RawWorker } from './start-worker.ts'
import { type Employer, Thread } from './thread.ts'

/** The threads of a pool: started on demand, let go when they have had nothing to do for long. */
export class Roster {
  readonly #employer: Employer
  readonly #options: CheckedPoolOptions
  readonly #start: () => RawWorker
  readonly #clock: PumpedClock
  readonly #board: Board
  /** By index, until they have really ended. */
  readonly #threads: (Thread | undefined)[] = []
  // Names of functions, which calls on the board say by their numbers.
  readonly #names: string[] = []
  readonly #numbers = new Map<string, number>()
  /** How many bodies block their threads, and wait for calls that need threads too. */
  #lent = 0
  #stopSweep: (() => void) | undefined
  /** Whether it has no more use for threads. */
  #isDisbanded = false

  constructor(
    employer: Employer,
    options: CheckedPoolOptions,
    clock: PumpedClock,
    start: () => RawWorker,
  ) {
    this.#employer = employer
    this.#options = options
    this.#clock = clock
    this.#board = employer.board
    this.#start = start
    this.#board.attendance.setSpare(options.threads)
  }

  /** Those that take calls, or soon will. */
  get live(): Thread[] {
    return this.all.filter(({ isGone }) => !isGone)
  }

  /** How many of those there are: asked about every call, so without a list made for it. */
  countLive(): number {
    let count = 0
    for (const thread of this.#threads) if (thread !== undefined && !thread.isGone) count += 1
    return count
  }

  /** Those that have not really ended. */
  get all(): Thread[] {
    return this.#threads.filter((thread) => thread !== undefined)
  }

  /** How many there may be now. */
  get most(): number {
    return this.#options.threads + this.#lent
  }

  at(index: number): Thread | undefined {
    return this.#threads[index]
  }

  // Who is there.

  /**
   * Starts threads until there are so many, or as many as there may be.
   *
   * @throws What the making of a worker throws.
   */
  staff(wanted: number): void {
    for (let live = this.countLive(); live < Math.min(wanted, this.most); live++) {
      const index = this.#freeIndex()
      if (index < 0) return
      const thread = new Thread(this.#employer, index, this.#clock.now(), this.#start)
      this.#threads[index] = thread
      if (this.#names.length > 0) thread.post({ is: 'names', names: this.#names })
      this.#watchLoading(thread)
      this.#countSpare()
      this.#sweepLater()
    }
  }

  /** A thread has really ended. */
  remove(thread: Thread): void {
    this.#threads[thread.index] = undefined
    this.#countSpare()
  }

  /** A body that blocks its thread, and waits for others, does not execute: it lends its slot. */
  lend(thread: Thread, isBlocked: boolean): void {
    if (thread.isBlocked === isBlocked) return
    thread.isBlocked = isBlocked
    this.#lent += isBlocked ? 1 : -1
    const isLast = isBlocked && this.live.every((each) => each.isBlocked)
    if (isLast && this.#freeIndex() < 0) thread.post({ is: 'refuse' })
  }

  #freeIndex(): number {
    for (let index = 0; index < this.#board.indices; index++) {
      if (this.#threads[index] === undefined) return index
    }
    return -1
  }

  #countSpare(): void {
    this.#board.attendance.setSpare(this.#options.threads - this.countLive())
  }

  #watchLoading(thread: Thread): void {
    const { loadTimeout } = this.#options
    thread.stopWatch = this.#clock.callLater(() => {
      thread.listen()
      if (thread.isReady || thread.isGone) return
      const error = new Error(`The module had not finished loading after ${loadTimeout} ms`)
      this.#employer.unloadable(thread, error)
    }, loadTimeout)
  }

  // Who does what.

  /** One that has nothing to do. */
  sleeper(): Thread | undefined {
    for (const thread of this.#threads) {
      if (thread === undefined || thread.isGone) continue
      if (this.#board.attendance.state(thread.index) === ASLEEP) return thread
    }
    return undefined
  }

  /** Whether calls wait for the thread that their arguments were sent to. */
  isAnyAssigned(): boolean {
    return this.#threads.some((thread) => thread !== undefined && thread.assigned > 0)
  }

  wake(thread: Thread): void {
    if (this.#board.attendance.change(thread.index, ASLEEP, AWAKE)) thread.post(0)
  }

  /** Ends the naps of so many threads. */
  rouse(most: number): void {
    let left = most
    for (let index = 0; index < this.#threads.length && left > 0; index++) {
      if (this.#board.attendance.rouse(index)) left -= 1
    }
  }

  /** The one that is likely to be the first to begin a call whose arguments it gets. */
  likeliest({ offer }: RemoteCall): Thread | undefined {
    let best: Thread | undefined
    let least = Infinity
    for (const thread of this.live) {
      // One that starts is not busy; the body that has made the call may be waiting for it.
      const isStarting = this.#board.attendance.state(thread.index) === BOOTING
      const busy = thread === offer?.thread ? Number.MAX_VALUE : isStarting ? 0 : 1
      const load = 2 * thread.assigned + busy
      if (load >= least) continue
      least = load
      best = thread
    }
    return best
  }

  /** The number of a function, which all threads know it by. */
  numberOf(name: string): number {
    let number = this.#numbers.get(name)
    if (number === undefined) {
      number = this.#names.push(name) - 1
      this.#numbers.set(name, number)
      for (const thread of this.live) thread.post({ is: 'names', names: [name] })
    }
    return number
  }

  /** Ends those that have died while events could not tell. */
  probe(): void {
    for (const thread of this.all) if (thread.isSurelyDead) thread.end()
  }

  // Who goes.

  /** Lets threads go that have had nothing to do for long: looks now and then, as long as there are any. */
  #sweepLater(): void {
    if (this.#isDisbanded) return
    const { idleTimeout } = this.#options
    this.#stopSweep ??= this.#clock.callLater(
      () => {
        this.#stopSweep = undefined
        const since = this.#clock.now() - idleTimeout
        for (const thread of this.live) if (thread.lastUsed <= since) this.#dismiss(thread)
        if (this.countLive() > 0) this.#sweepLater()
      },
      Math.max(idleTimeout / 2, SHORTEST_SWEEP),
    )
  }

  /** Asks a thread to go, unless it has something to do. */
  #dismiss(thread: Thread): void {
    if (!this.#board.attendance.change(thread.index, ASLEEP, GONE)) return
    thread.dismiss()
    this.#countSpare()
  }

  /** Has all threads go, none of which has a call, and gives up on those that have not gone in time. */
  async disband(): Promise<void> {
    this.#isDisbanded = true
    for (const thread of this.live) {
      // One that loads its module may never hear of it.
      if (this.#board.attendance.state(thread.index) === BOOTING) thread.kill()
      else thread.dismiss()
    }
    this.#stopSweep?.()
    this.#stopSweep = undefined
    let stop = (): void => {}
    const late = new Promise<void>((resolve) => {
      stop = this.#clock.callLater(resolve, this.#options.grace)
    })
    await Promise.race([late, Promise.all(this.all.map(({ ended }) => ended))])
    stop()
    for (const thread of this.all) thread.kill()
  }
}

/** In milliseconds. */
const SHORTEST_SWEEP = 10
