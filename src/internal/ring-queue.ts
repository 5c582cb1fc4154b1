/**
 * A first-in, first-out queue over a ring buffer whose capacity is a power of two. Both ends cost
 * the same however long it is, where `array.shift()` does not finish at 100 000 entries. It grows
 * by doubling, and starts anew when emptied.
 */
export class RingQueue<T> {
  #items: (T | undefined)[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    const capacity = this.#items.length
    if (this.#size === capacity) {
      this.#items = this.#items.splice(this.#head).concat(this.#items)
      this.#items.length = capacity * 2 || SMALLEST
      this.#head = 0
    }
    this.#items[(this.#head + this.#size++) & (this.#items.length - 1)] = item
  }

  /** The item that comes next. */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#items[this.#head]
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#items[this.#head]
    this.#items[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#items.length - 1)
    // A burst of a million must not keep its megabytes for ever.
    if (--this.#size === 0 && this.#items.length > LARGEST_KEPT) this.#items = []
    return item
  }
}

const SMALLEST = 16
const LARGEST_KEPT = 2 ** 14
