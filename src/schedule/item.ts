import { contentOf, FULFILLED, stateOf } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import type { Subscriber } from '../core/subscriber.ts'

/** What is told of items. */
export interface ItemOwner {
  /** The item is there: calls the body. */
  call(item: Item, value: unknown): void
  /** The body of the item has an outcome, or the item itself has failed. */
  itemDone(item: Item, future: AnyFuture): void
}

/** An item that was pulled: first the promise of it, if it is one, then the call of the body. */
export class Item implements Subscriber<AnyFuture> {
  readonly index: number
  future: AnyFuture | undefined
  isCalled = false
  readonly #owner: ItemOwner

  constructor(owner: ItemOwner, index: number) {
    this.#owner = owner
    this.index = index
  }

  /** What has settled: the call, or a promise that has failed. */
  get outcome(): AnyFuture | undefined {
    const { future } = this
    if (!future?.done) return undefined
    return this.isCalled || stateOf(future) !== FULFILLED ? future : undefined
  }

  settled(future: AnyFuture): undefined {
    if (this.isCalled || stateOf(future) !== FULFILLED) this.#owner.itemDone(this, future)
    else this.#owner.call(this, contentOf(future))
  }
}
