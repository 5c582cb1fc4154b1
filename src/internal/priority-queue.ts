import { RingQueue } from './ring-queue.ts'

/**
 * Items of the highest priority come out first, equal ones in the order they came.
 *
 * One ring per priority in use: a program with a single priority, which is nearly every program,
 * pays for a plain queue.
 */
export class PriorityQueue<T> {
  // By rising priority: the next item is in the last level. None is empty, save one that is alone.
  #levels: Level<T>[] = []
  #size = 0

  get size(): number {
    return this.#size
  }

  /** The priority of the next item; `-Infinity` if there is none. */
  get priority(): number {
    return this.#size === 0
      ? -Infinity
      : (this.#levels[this.#levels.length - 1] as Level<T>).priority
  }

  push(item: T, priority: number): void {
    const levels = this.#levels
    let level = levels[levels.length - 1]
    if (level?.priority !== priority) {
      if (this.#size === 0) levels.length = 0
      const index = this.#indexOf(priority)
      level = levels[index]
      if (level?.priority !== priority) {
        level = { priority, ring: new RingQueue() }
        levels.splice(index, 0, level)
      }
    }
    level.ring.push(item)
    this.#size += 1
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined
    const { ring } = this.#levels[this.#levels.length - 1] as Level<T>
    const item = ring.shift()
    this.#size -= 1
    if (ring.size === 0 && this.#size > 0) this.#levels.pop()
    return item
  }

  /** Tests every item in order, and drops those that fail. Costs one pass. */
  retain(test: (item: T) => boolean): void {
    const levels = this.#levels
    this.#levels = []
    this.#size = 0
    for (const { ring, priority } of levels.reverse()) {
      for (let left = ring.size; left > 0; left--) {
        const item = ring.shift() as T
        if (test(item)) this.push(item, priority)
      }
    }
  }

  /** Where the first level of this priority or a higher one is, or would be. */
  #indexOf(priority: number): number {
    let low = 0
    let high = this.#levels.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#levels[middle] as Level<T>).priority < priority) low = middle + 1
      else high = middle
    }
    return low
  }
}

interface Level<T> {
  readonly priority: number
  readonly ring: RingQueue<T>
}
