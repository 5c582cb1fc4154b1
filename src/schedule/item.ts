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

/** Items that are not done. */
export class Items {
  // In no order. Not a set: to add an item and to take it out again costs 30 ns more there.
  readonly #all: Item[] = []

  add(item: Item): void {
    item.place = this.#all.push(item) - 1
  }

  delete(item: Item): void {
    const last = this.#all.pop() as Item
    if (last === item) return
    last.place = item.place
    this.#all[item.place] = last
  }

  /** In the order of the source. */
  list(): Item[] {
    return this.#all.toSorted((a, b) => a.index - b.index)
  }
}

/** An item that was pulled: first the promise of it, if it is one, then the call of the body. */
export class Item implements Subscriber<AnyFuture> {
  readonly index: number
  future: AnyFuture | undefined
  isCalled = false
  /** Where it is among the items that are not done. */
  place = 0
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
