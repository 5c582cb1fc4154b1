import type { AnyFuture } from '../core/future.ts'
import { setCurrentWaiter, type Waiter } from '../core/waiter.ts'
import { makeStore } from '../internal/async-context.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import { noteWait } from './bottleneck.ts'
import type { Body } from './definition.ts'
import { SharedSlot, type SlotOwner } from './shared-slot.ts'

/** A body that holds a slot, and what it is known to wait for. */
export class Holder implements Waiter<AnyFuture> {
  /** Pending futures that it awaits. */
  readonly waits: Set<AnyFuture> = new Set()
  readonly slot: SharedSlot
  /** Calls that it waits for and that may start in its slot, as of `seen`. */
  readonly wanted: PriorityQueue<AnyFuture> = new PriorityQueue()
  seen = -1

  constructor(slot: SharedSlot) {
    this.slot = slot
    slot.join(this)
  }

  wait(future: AnyFuture): void {
    this.waits.add(future)
    this.slot.pass()
    noteWait()
  }

  resume(future: AnyFuture, goOn: () => void): void {
    this.waits.delete(future)
    this.slot.resume(this, goOn)
  }

  /** The body has ended. */
  end(): void {
    this.slot.leave(this)
  }
}

/** What keeps track of bodies, once somebody needs it. */
interface Tracker {
  /** Makes the record of a body that is about to start, in the slot of `lender` if there is one. */
  hold(owner: SlotOwner, lender: Holder | undefined): Holder
  /** Gives a body that is known by its record. */
  wrap(holder: Holder, body: Body): Body
}

/** Absent unless needed: it makes every body, and all that bodies await, slower. */
export let tracker: Tracker | undefined

/**
 * Keeps track, from now on and in the whole program, of which body awaits which future.
 *
 * @returns Whether the runtime can: it takes `AsyncLocalStorage`.
 */
export function trackHolders(): boolean {
  if (tracker !== undefined) return true
  const store = makeStore()
  if (store === undefined) return false
  setCurrentWaiter(() => store.getStore() as Holder | undefined)
  tracker = {
    hold: (owner, lender) => new Holder(lender?.slot ?? new SharedSlot(owner)),
    // However often it awaits, its waits are known to be its own.
    wrap: (holder, body) =>
      function callTracked(this: unknown, ...args) {
        return store.run(holder, Reflect.apply, body, this, args)
      },
  }
  return true
}
