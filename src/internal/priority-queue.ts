import { BinaryHeap } from './binary-heap.ts'
import { RingQueue } from './ring-queue.ts'

/**
 * Items of the highest priority come out first, equal ones in the order they came.
 *
 * One ring per priority in use: a program with a single priority, which is nearly every program,
 * pays for a plain queue.
 */
export class PriorityQueue<T> {
  // The next item is in here. Empty only while nothing is left.
  #first: Level<T> = makeLevel(0)
  // All that are not empty, apart from the first.
  readonly #rest = new Map<number, Level<T>>()
  readonly #order = new BinaryHeap<Level<T>>((a, b) => a.priority > b.priority)
  /** How many items there are. Counted, since it is asked for at every cancel of a call. */
  size = 0

  /** The priority of the next item; `-Infinity` if there is none. */
  get priority(): number {
    return this.#first.ring.size === 0 ? -Infinity : this.#first.priority
  }

  push(item: T, priority: number): void {
    const level = priority === this.#first.priority ? this.#first : this.#levelOf(priority)
    level.ring.push(item)
    this.size += 1
  }

  shift(): T | undefined {
    if (this.size === 0) return undefined
    const { ring } = this.#first
    const item = ring.shift()
    this.size -= 1
    if (ring.size === 0 && this.#order.size > 0) {
      this.#first = this.#order.pop() as Level<T>
      this.#rest.delete(this.#first.priority)
    }
    return item
  }

  /** Tests every item in order, and drops those that fail. Costs one pass. */
  retain(test: (item: T) => boolean): void {
    const levels = [this.#first, ...this.#rest.values()].sort((a, b) => b.priority - a.priority)
    for (const { ring } of levels) {
      for (let left = ring.size; left > 0; left--) {
        const item = ring.shift() as T
        if (test(item)) ring.push(item)
        else this.size -= 1
      }
    }
    const [first = makeLevel<T>(0), ...rest] = levels.filter(({ ring }) => ring.size > 0)
    this.#first = first
    this.#rest.clear()
    this.#order.clear()
    for (const level of rest) this.#keep(level)
  }

  /** The level of this priority, which is made if there is none. */
  #levelOf(priority: number): Level<T> {
    const known = this.#rest.get(priority)
    if (known !== undefined) return known
    const level = makeLevel<T>(priority)
    const first = this.#first
    if (first.ring.size > 0 && priority < first.priority) this.#keep(level)
    else {
      if (first.ring.size > 0) this.#keep(first)
      this.#first = level
    }
    return level
  }

  #keep(level: Level<T>): void {
    this.#rest.set(level.priority, level)
    this.#order.push(level)
  }
}

interface Level<T> {
  readonly priority: number
  readonly ring: RingQueue<T>
}

function makeLevel<T>(priority: number): Level<T> {
  return { priority, ring: new RingQueue() }
}
