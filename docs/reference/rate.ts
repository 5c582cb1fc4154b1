import type { Clock } from '../../src/core/clock.ts'

/** How many bodies may start in a span of time. */
export interface RateOptions {
  limit: number
  interval: number
}

/** Never lets more than `limit` bodies start in any half-open `interval`, wherever that begins. */
export class Rate {
  private readonly limit: number
  private readonly interval: number
  private readonly clock: Clock
  private starts: number[] = []
  private stopWaiting: (() => void) | undefined

  constructor({ limit, interval }: RateOptions, clock: Clock) {
    this.limit = limit
    this.interval = interval
    this.clock = clock
  }

  /** Whether a body may start now. If not, `goOn` is called when one may. */
  admits(goOn: () => void): boolean {
    const last = this.starts.slice(-this.limit)
    const [oldest = 0] = last
    const now = this.clock.now()
    if (last.length < this.limit || oldest + this.interval <= now) return true
    this.stopWaiting ??= this.clock.callLater(
      () => {
        this.stopWaiting = undefined
        goOn()
      },
      oldest + this.interval - now,
    )
    return false
  }

  count(): void {
    this.starts.push(this.clock.now())
  }

  /** Nobody waits any more. */
  rest(): void {
    this.stopWaiting?.()
    this.stopWaiting = undefined
  }
}
