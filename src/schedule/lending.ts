import type { AnyFuture } from '../core/future.ts'
import { type Lane, priorityOf } from './definition.ts'
import type { Holder } from './holder.ts'
import type { SharedSlot } from './shared-slot.ts'
import { waitingCalls } from './waiting-calls.ts'

/** A call that may start in the slot of a body that waits for it. */
export interface Loan {
  readonly lender: Holder
  readonly future: AnyFuture
}

/**
 * Finds out which slots of a dispatcher are idle because their bodies wait for calls that have
 * none: such a body shares its slot with the calls it waits for, one after the other.
 */
export class Lending {
  /** How often something has changed that may have made a call wanted. */
  changes = 0
  readonly #lane: Lane
  readonly #idle: Iterable<SharedSlot>
  // Of the calls that wait for a slot: their places in the order in which they start.
  readonly #places = new Map<AnyFuture, number>()

  /** @param idle - The slots in which nobody executes, as of any moment. */
  constructor(lane: Lane, idle: Iterable<SharedSlot>) {
    this.#lane = lane
    this.#idle = idle
  }

  /**
   * A call waits for a slot from now on.
   *
   * @param start - Its place in the order of the starts, if it is tried again: before all others.
   */
  noteCall(future: AnyFuture, start?: number): void {
    this.changes += 1
    const place = start === undefined ? this.changes : start - Number.MAX_SAFE_INTEGER
    // After a delay it has its place.
    if (!this.#places.has(future)) this.#places.set(future, place)
  }

  /** It waits no longer. */
  forget(future: AnyFuture): void {
    this.#places.delete(future)
  }

  /** The next call that can start in a slot that is not its own; the same until it has started. */
  next(): Loan | undefined {
    let best: Loan | undefined
    for (const { current } of this.#idle) {
      const lender = current as Holder
      const future = this.#wantedBy(lender)
      if (future === undefined) continue
      if (best === undefined || this.#compare(future, best.future) < 0) best = { lender, future }
    }
    return best
  }

  #wantedBy(lender: Holder): AnyFuture | undefined {
    for (;;) {
      const future = lender.wanted.at(-1)
      if (future !== undefined) {
        if (this.#lane.isWaiting(future)) return future
        lender.wanted.pop()
      } else {
        if (lender.seen === this.changes) return undefined
        lender.seen = this.changes
        const calls = [...waitingCalls(lender.waits, this.#lane)]
        lender.wanted = calls.sort((a, b) => this.#compare(b, a))
      }
    }
  }

  /** Below 0 if the first starts first: by priority, then in the order of the calls. */
  #compare(a: AnyFuture, b: AnyFuture): number {
    return priorityOf(b) - priorityOf(a) || this.#placeOf(a) - this.#placeOf(b)
  }

  #placeOf(future: AnyFuture): number {
    return this.#places.get(future) ?? 0
  }
}
