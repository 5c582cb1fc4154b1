import type { AnyFuture } from '../core/future.ts'
import { setCurrentWaiter, type Waiter } from '../core/waiter.ts'
import { makeStore } from '../internal/async-context.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import { noteWait } from './bottleneck.ts'
import type { Body } from './definition.ts'

/** Whose slots they are. */
interface Slots {
  /** Bodies that wait while another uses their slot. */
  lent: number
}

/** A body that holds a slot, and what it is known to wait for. */
export class Holder implements Waiter<AnyFuture> {
  readonly #slots: Slots
  /** Pending futures that it awaits. */
  readonly waits: Set<AnyFuture> = new Set()
  /** Whose slot it uses, if it has none of its own. */
  lender: Holder | undefined
  /** Who uses its slot while it waits. */
  borrower: Holder | undefined
  /** Calls that it waits for and that may use its slot, as of `seen`. */
  readonly wanted: PriorityQueue<AnyFuture> = new PriorityQueue()
  seen = -1
  readonly #goOn: (() => void)[] = []

  constructor(slots: Slots) {
    this.#slots = slots
  }

  wait(future: AnyFuture): void {
    this.waits.add(future)
    noteWait()
  }

  /** A body whose slot is lent goes on when it is given back: no more execute than there are slots. */
  resume(future: AnyFuture, goOn: () => void): void {
    this.waits.delete(future)
    if (this.borrower === undefined) goOn()
    else this.#goOn.push(goOn)
  }

  /** Its slot is used by another body, while it waits. */
  lendTo(borrower: Holder): void {
    this.borrower = borrower
    borrower.lender = this
    this.#slots.lent += 1
  }

  /** The slot is its own again. */
  takeBack(): void {
    this.borrower = undefined
    for (const goOn of this.#goOn.splice(0)) goOn()
  }

  /** The body has ended. What it had lent stays with the borrower, what it had borrowed goes back. */
  end(): void {
    const { lender, borrower } = this
    if (lender === undefined && borrower === undefined) return
    this.#slots.lent -= 1
    if (borrower !== undefined) borrower.lender = lender
    if (lender === undefined) return
    if (borrower !== undefined) lender.borrower = borrower
    else lender.takeBack()
  }
}

/** What keeps track of bodies, once somebody needs it. */
interface Tracker {
  /** Makes the record of a body that is about to start. */
  hold(slots: Slots): Holder
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
    hold: (slots) => new Holder(slots),
    // However often it awaits, its waits are known to be its own.
    wrap: (holder, body) =>
      function callTracked(this: unknown, ...args) {
        return store.run(holder, Reflect.apply, body, this, args)
      },
  }
  return true
}
