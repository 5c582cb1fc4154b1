import type { AnyFuture } from '../core/future.ts'
import { setCurrentWaiter, type Waiter } from '../core/waiter.ts'
import { makeStore } from '../internal/async-context.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import { noteWait } from './bottleneck.ts'
import type { Dispatcher } from './dispatcher.ts'
import { setTracker, tracker } from './tracker.ts'

/** A body that holds a slot, and what it is known to wait for. */
export class Holder implements Waiter<AnyFuture> {
  readonly dispatcher: Dispatcher
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

  constructor(dispatcher: Dispatcher) {
    this.dispatcher = dispatcher
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

  /** The slot is its own again. */
  takeBack(): void {
    this.borrower = undefined
    for (const goOn of this.#goOn.splice(0)) goOn()
  }

  /** The body has ended. What it had lent stays with the borrower, what it had borrowed goes back. */
  end(): void {
    const { lender, borrower, dispatcher } = this
    if (lender === undefined && borrower === undefined) return
    dispatcher.lent -= 1
    if (borrower !== undefined) borrower.lender = lender
    if (lender === undefined) return
    if (borrower !== undefined) lender.borrower = borrower
    else lender.takeBack()
  }
}

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
  setTracker({
    hold: (dispatcher) => new Holder(dispatcher),
    // However often it awaits, its waits are known to be its own.
    wrap: (holder, body) =>
      function (this: unknown, ...args) {
        return store.run(holder, () => Reflect.apply(body, this, args))
      },
  })
  return true
}
