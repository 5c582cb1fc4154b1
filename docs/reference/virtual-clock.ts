import type { Clock } from '../../src/core/clock.ts'
import { sleep } from './clock.ts'

interface Timer {
  due: number
  callback: () => void
}

/**
 * Time as a plain number that jumps from one timer to the next.
 *
 * Between two instants everything that can happen without time passing does happen: all microtasks, and one turn of the
 * event loop. That is what makes a run exact: a body that ends at 3 ms has ended before anything of 4 ms begins.
 */
export class VirtualClock implements Clock {
  private time: number
  // In the order in which they were set.
  private timers: Timer[] = []

  constructor(start = 0) {
    this.time = start
  }

  now(): number {
    return this.time
  }

  callLater(callback: () => void, delay: number): () => void {
    const timer = { due: this.time + Math.max(0, delay), callback }
    this.timers.push(timer)
    return () => {
      this.timers = this.timers.filter((other) => other !== timer)
    }
  }

  sleep(milliseconds: number, options: { signal?: AbortSignal } = {}): Promise<void> {
    return sleep(milliseconds, { ...options, clock: this })
  }

  async advance(milliseconds: number): Promise<void> {
    const end = this.time + milliseconds
    await this.runUntil(end)
    this.time = end
  }

  async run(): Promise<number> {
    await this.runUntil(Number.MAX_VALUE)
    return this.time
  }

  private async runUntil(end: number): Promise<void> {
    await turn()
    for (;;) {
      const next = Math.min(...this.timers.map((timer) => timer.due))
      if (next > end) return
      this.time = next
      // One set meanwhile for this same instant is not among these: it gets a round of its own.
      for (const timer of this.timers.filter(({ due }) => due === next)) {
        // An earlier one of this instant may have cancelled it.
        if (!this.timers.includes(timer)) continue
        this.timers = this.timers.filter((other) => other !== timer)
        timer.callback()
      }
      await turn()
    }
  }
}

/** All microtasks, and one turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
