import type { AnyFuture } from '../core/future.ts'
import { type Lane, priorityOf } from './definition.ts'
import type { Holder } from './holder.ts'
import { waitingCalls } from './waiting-calls.ts'

/** A lane that knows its bodies. */
interface TrackedLane extends Lane {
  holders(): readonly (Holder | undefined)[]
}

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
  readonly #lane: TrackedLane

  constructor(lane: TrackedLane) {
    this.#lane = lane
  }

  /** The next call that can start in a slot that is not its own. */
  next(): Loan | undefined {
    for (const lender of this.#lane.holders()) {
      if (lender === undefined || lender.waits.size === 0 || !lender.slot.canLend(lender)) continue
      const future = this.#wantedBy(lender)
      if (future !== undefined) return { lender, future }
    }
    return undefined
  }

  /** A call cannot start for now: it is still wanted. */
  keep({ lender, future }: Loan): void {
    lender.wanted.push(future, priorityOf(future))
  }

  #wantedBy(lender: Holder): AnyFuture | undefined {
    const { wanted } = lender
    for (;;) {
      if (wanted.size === 0 && lender.seen !== this.changes) {
        lender.seen = this.changes
        for (const future of waitingCalls(lender.waits, this.#lane)) {
          wanted.push(future, priorityOf(future))
        }
      }
      const future = wanted.shift()
      if (future === undefined || this.#lane.isWaiting(future)) return future
    }
  }
}
