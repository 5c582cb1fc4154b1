import type { Clock } from '../core/clock.ts'
import { systemClock } from '../core/clock.ts'
import { BinaryHeap } from '../internal/binary-heap.ts'
import { callSafely } from '../internal/call-safely.ts'

interface Alarm {
  readonly due: number
  readonly order: number
  callback: (() => void) | undefined
}

/**
 * The system's time, also for whoever blocks this thread: what is due can be called by hand, where
 * the platform's timers never come to it. Keeps no program alive.
 */
export class PumpedClock implements Clock {
  readonly #alarms = new BinaryHeap<Alarm>(
    (a, b) => a.due < b.due || (a.due === b.due && a.order < b.order),
  )
  #orders = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerDue = Infinity

  now(): number {
    return systemClock.now()
  }

  callLater(callback: () => void, delay: number): () => void {
    const alarm: Alarm = { due: this.now() + delay, order: this.#orders++, callback }
    if (alarm.due < Infinity) this.#alarms.push(alarm)
    this.#setTimer()
    return () => {
      alarm.callback = undefined
      this.#setTimer()
    }
  }

  /** When the next callback is due; `Infinity` if there is none. */
  get nextDue(): number {
    const alarms = this.#alarms
    while (alarms.size > 0 && alarms.peek()?.callback === undefined) alarms.pop()
    return alarms.peek()?.due ?? Infinity
  }

  /** Calls back what is due. */
  run(): void {
    const now = this.now()
    while (this.nextDue <= now) callSafely(this.#alarms.pop()?.callback)
    this.#setTimer()
  }

  #setTimer(): void {
    const due = this.nextDue
    // One that comes too early does no harm, and is cheaper than one for every change.
    if (due === Infinity ? this.#timer === undefined : due >= this.#timerDue) return
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#timerDue = due
    if (due === Infinity) return
    const wait = Math.min(LONGEST_TIMER, Math.max(0, Math.ceil(due - this.now())))
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#timerDue = Infinity
      this.run()
    }, wait)
    ;(this.#timer as { unref?(): void }).unref?.()
  }
}

/** Longer delays make `setTimeout` fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1
