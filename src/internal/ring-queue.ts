/**
 * A first-in, first-out queue over a ring buffer whose capacity is a power of two. Both ends cost the same however long
 * it is, where `array.shift()` does not finish at 100 000 entries. It grows by doubling and shrinks when emptied.
 */
export class RingQueue<T> {
  #items: (T | undefined)[] = []
  #head = 0
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T): void {
    if (this.#size === this.#items.length) this.#grow()
    this.#items[(this.#head + this.#size) & (this.#items.length - 1)] = item
    this.#size += 1
  }

  peek(): T | undefined {
    return this.#items[this.#head]
  }

  shift(): T | undefined {
    const item = this.#items[this.#head]
    if (this.#size > 0) {
      this.#items[this.#head] = undefined
      this.#head = (this.#head + 1) & (this.#items.length - 1)
      this.#size -= 1
      // A burst of a million must not keep its megabytes for ever.
      if (this.#size === 0 && this.#items.length > SMALL) this.#replace([])
    }
    return item
  }

  /** Drops every item that fails the test, keeping the order of the rest. Costs one pass. */
  retain(test: (item: T) => boolean): void {
    const kept = this.#toArray().filter(test)
    this.#replace([])
    for (const item of kept) this.push(item)
  }

  #grow(): void {
    const items: (T | undefined)[] = this.#toArray()
    const size = this.#size
    items.length = Math.max(SMALL, size * 2)
    this.#replace(items)
    this.#size = size
  }

  #replace(items: (T | undefined)[]): void {
    this.#items = items
    this.#head = 0
    this.#size = 0
  }

  #toArray(): T[] {
    const tail = this.#items.slice(this.#head, this.#head + this.#size)
    return [...tail, ...this.#items.slice(0, this.#size - tail.length)] as T[]
  }
}

/** The smallest capacity; below it there is nothing worth giving back. */
const SMALL = 16
