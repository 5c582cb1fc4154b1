/**
 * A binary heap: the first item in the order of `before` is always at hand, adding and taking cost
 * O(log n). Items that compare equal come out in no particular order; give them a sequence number
 * where that matters.
 *
 * Source: J. W. J. Williams, "Algorithm 232: Heapsort", Communications of the ACM 7 (6), 1964.
 */
export class BinaryHeap<T> {
  readonly #before: (a: T, b: T) => boolean
  // No item comes before its parent: `items[(i - 1) >> 1]` is the parent of `items[i]`.
  readonly #items: T[] = []

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
  }

  get size(): number {
    return this.#items.length
  }

  peek(): T | undefined {
    return this.#items[0]
  }

  push(item: T): void {
    const items = this.#items
    let index = items.length
    items.push(item)
    while (index > 0) {
      const parent = (index - 1) >> 1
      if (!this.#before(item, items[parent] as T)) break
      items[index] = items[parent] as T
      index = parent
    }
    items[index] = item
  }

  pop(): T | undefined {
    const items = this.#items
    const first = items[0]
    const last = items.pop()
    if (items.length > 0) this.#sink(last as T)
    return first
  }

  clear(): void {
    this.#items.length = 0
  }

  #sink(item: T): void {
    const items = this.#items
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      if (child >= items.length) break
      const right = child + 1
      if (right < items.length && this.#before(items[right] as T, items[child] as T)) child = right
      if (!this.#before(items[child] as T, item)) break
      items[index] = items[child] as T
      index = child
    }
    items[index] = item
  }
}
