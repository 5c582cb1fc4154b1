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
  #alarms = new BinaryHeap<Alarm>(comesFirst)
  #orders = 0
  /** How many of the alarms were cancelled. */
  #cancelled = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #timerDue = Infinity

  now(): number {
    return systemClock.now()
  }

  callLater(callback: () => void, delay: number): () => void {
    const alarm: Alarm = { due: this.now() + delay, order: this.#orders++, callback }
    if (alarm.due === Infinity) return () => {}
    this.#alarms.push(alarm)
    this.#setTimer()
    return () => {
      if (alarm.callback === undefined) return
      alarm.callback = undefined
      this.#cancelled += 1
      this.#letGo()
      this.#setTimer()
    }
  }

  /** Alarms that were cancelled must not pile up behind one that is due much later. */
  #letGo(): void {
    const old = this.#alarms
    if (this.#cancelled <= 32 || 2 * this.#cancelled <= old.size) return
    this.#alarms = new BinaryHeap<Alarm>(comesFirst)
    for (let alarm = old.pop(); alarm !== undefined; alarm = old.pop()) {
      if (alarm.callback !== undefined) this.#alarms.push(alarm)
    }
    this.#cancelled = 0
  }

  /** When the next callback is due; `Infinity` if there is none. */
  get nextDue(): number {
    const alarms = this.#alarms
    while (alarms.size > 0 && alarms.peek()?.callback === undefined) {
      alarms.pop()
      this.#cancelled -= 1
    }
    return alarms.peek()?.due ?? Infinity
  }

  /** Calls back what is due. */
  run(): void {
    const now = this.now()
    while (this.nextDue <= now) {
      const alarm = this.#alarms.pop() as Alarm
      const { callback } = alarm
      alarm.callback = undefined
      callSafely(callback)
    }
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

function comesFirst(a: Alarm, b: Alarm): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order)
}

/** Longer delays make `setTimeout` fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1
