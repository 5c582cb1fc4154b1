import { FULFILLED, REJECTED, type Settled } from '../core/cell.ts'

/** Counts what has become of the calls of a scheduler. */
export class Tally {
  called = 0
  /** Calls whose body has started at least once. */
  started = 0
  fulfilled = 0
  rejected = 0
  cancelled = 0
  /** Told of every change, if somebody wants to know. */
  onChange: (() => void) | undefined

  call(): void {
    this.called += 1
    this.onChange?.()
  }

  /** A body starts; `isFirst` unless its call is tried again. */
  start(isFirst: boolean): void {
    if (isFirst) this.started += 1
    this.onChange?.()
  }

  settle(state: Settled): void {
    if (state === FULFILLED) this.fulfilled += 1
    else if (state === REJECTED) this.rejected += 1
    else this.cancelled += 1
    this.onChange?.()
  }
}
