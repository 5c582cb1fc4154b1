import type { AnyFuture } from '../core/future.ts'
import { setCurrentWaiter, type Waiter } from '../core/waiter.ts'
import { makeStore } from '../internal/async-context.ts'
import { noteWait } from './bottleneck.ts'
import type { Body } from './definition.ts'
import { SharedSlot, type SlotMember, type SlotOwner } from './shared-slot.ts'

/** A body that holds a slot, and what it is known to wait for. */
export class Holder implements Waiter<AnyFuture>, SlotMember {
  /** Pending futures that it awaits. */
  readonly waits: Set<AnyFuture> = new Set()
  slot: SharedSlot
  lender: SlotMember | undefined
  /** Calls that it waits for and that may start in its slot, the first one last; as of `seen`. */
  wanted: AnyFuture[] = NONE
  seen = -1
  #hasEnded = false

  constructor(owner: SlotOwner, lender: Holder | undefined) {
    this.lender = lender
    this.slot = lender?.slot ?? new SharedSlot(owner)
    this.slot.join(this)
  }

  // What its body has left running may still await something when it has ended: that is nobody's.

  wait(future: AnyFuture): void {
    if (this.#hasEnded) return
    this.waits.add(future)
    this.slot.pass()
    noteWait()
  }

  resume(future: AnyFuture, goOn: () => void): void {
    if (this.#hasEnded) return goOn()
    this.waits.delete(future)
    if (this.waits.size === 0) this.#forget()
    this.slot.resume(this, goOn)
  }

  /** The body has ended. */
  end(): void {
    this.#hasEnded = true
    this.waits.clear()
    this.#forget()
    this.slot.leave(this)
  }

  #forget(): void {
    this.wanted = NONE
    this.seen = -1
  }
}

const NONE: AnyFuture[] = []

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
    hold: (owner, lender) => new Holder(owner, lender),
    // However often it awaits, its waits are known to be its own.
    wrap: (holder, body) =>
      function callTracked(this: unknown, ...args) {
        return store.run(holder, Reflect.apply, body, this, args)
      },
  }
  return true
}
