import type { Clock } from '../core/clock.ts'
import { InvalidStateError } from '../core/errors.ts'
import { type SleepOptions, sleep } from '../core/sleep.ts'
import { BinaryHeap } from '../internal/binary-heap.ts'
import { checkDuration, checkNumber } from '../internal/check.ts'
import { turn, turnsPending } from '../internal/event-loop.ts'
import { knownDeadlock } from '../schedule/known-deadlock.ts'

/**
 * A clock that stands still until a test moves it: runs under it are exact and repeatable, to the
 * millisecond, and take no time.
 *
 * Callbacks of one instant run in the order they were set. Before the first instant, between two,
 * and after the last, every microtask and one turn of the event loop run, so that whatever follows
 * from one instant has happened by the next.
 *
 * @example
 * const clock = new VirtualClock()
 * const scheduler = new Scheduler({ clock })
 * const hour = scheduler.spawn((context) => context.sleep(3_600_000))
 * await clock.run() //=> 3600000, at once
 *
 * Source: the virtual-time schedulers of Rx ("VirtualTimeScheduler") and Dart's `fake_async`.
 */
export class VirtualClock implements Clock {
  readonly isVirtual = true
  #now: number
  #calls = 0
  readonly #timers = new BinaryHeap<Timer>(
    (a, b) => a.due < b.due || (a.due === b.due && a.order < b.order),
  )
  // Two moves at once would interleave their instants: the second waits for the first.
  #moving: Promise<unknown> = Promise.resolve()

  /** @param start - What `now()` gives at first, in milliseconds. Default 0. */
  constructor(start = 0) {
    checkNumber('start', 'a finite number of milliseconds', start, Number.isFinite)
    this.#now = start
  }

  now(): number {
    return this.#now
  }

  callLater(callback: () => void, delay: number): () => void {
    this.#calls += 1
    const due = this.#now + Math.max(0, delay)
    const timer: Timer = { due, order: this.#calls, callback }
    // What is due at the end of time never comes, and must not keep `run()` from ending.
    if (due < Infinity) this.#timers.push(timer)
    return () => {
      timer.callback = undefined
    }
  }

  /** Waits on this clock; otherwise as `sleep`. */
  sleep(milliseconds: number, options?: Omit<SleepOptions, 'clock'>): Promise<void> {
    return sleep(milliseconds, { ...options, clock: this })
  }

  /**
   * Moves time on, through every instant up to and including `milliseconds` from now.
   *
   * @param milliseconds - Finite, from 0 up.
   */
  advance(milliseconds: number): Promise<void> {
    checkDuration(milliseconds)
    return this.#move(async () => {
      const end = this.#now + milliseconds
      await this.#runUntil(end)
      this.#now = end
    })
  }

  /**
   * Moves time on until nothing is left to do: no callback is set and none appears after a turn of
   * the event loop. What waits for something outside the clock is not waited for.
   *
   * @returns What `now()` gives then.
   * @throws {InvalidStateError} if a scheduler on this clock can never go on: all its slots are held
   *   by bodies that await calls which wait for them. Says which. Takes a runtime with
   *   `AsyncLocalStorage` to know.
   */
  run(): Promise<number> {
    return this.#move(async () => {
      await this.#runUntil(Infinity)
      const deadlock = knownDeadlock(this)
      if (deadlock !== undefined) throw new InvalidStateError(deadlock)
      return this.#now
    })
  }

  #move<T>(move: () => Promise<T>): Promise<T> {
    const moved = this.#moving.then(move)
    this.#moving = moved.catch(() => {})
    return moved
  }

  async #runUntil(end: number): Promise<void> {
    await settleDown()
    for (let due = this.#nextDue(); due <= end; due = this.#nextDue()) {
      this.#now = due
      this.#runInstant(this.#calls)
      await settleDown()
    }
  }

  #nextDue(): number {
    while (this.#timers.size > 0 && this.#timers.peek()?.callback === undefined) this.#timers.pop()
    return this.#timers.peek()?.due ?? Number.NaN
  }

  /**
   * Callbacks set meanwhile for this same instant have a round of their own, after their
   * microtasks.
   */
  #runInstant(lastOrder: number): void {
    for (let due = this.#nextDue(); due === this.#now; due = this.#nextDue()) {
      if ((this.#timers.peek() as Timer).order > lastOrder) return
      const { callback } = this.#timers.pop() as Timer
      callback?.()
    }
  }
}

interface Timer {
  readonly due: number
  readonly order: number
  /** Gone once cancelled: the heap may hold the timer for long, but not what it refers to. */
  callback: (() => void) | undefined
}

/**
 * One turn of the event loop, and more while a scheduler has bodies to start that had to let it
 * turn first.
 */
async function settleDown(): Promise<void> {
  do await new Promise<void>((resolve) => turn(resolve, true))
  while (turnsPending())
}
