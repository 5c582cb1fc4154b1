import { BinaryHeap } from './binary-heap.ts'
import { RingQueue } from './ring-queue.ts'

/**
 * Items of the highest priority come out first, equal ones in the order they came.
 *
 * One ring per priority in use: a program with a single priority, which is nearly every program, pays for a plain queue.
 */
export class PriorityQueue<T> {
  // Every level in the heap is in the map, and has items; only the last one stays when it is empty.
  readonly #levels = new Map<number, Level<T>>()
  readonly #order = new BinaryHeap<Level<T>>((a, b) => a.priority > b.priority)
  #size = 0

  get size(): number {
    return this.#size
  }

  push(item: T, priority: number): void {
    this.#level(priority).ring.push(item)
    this.#size += 1
  }

  shift(): T | undefined {
    const first = this.#order.peek()
    if (first === undefined || this.#size === 0) return undefined
    const item = first.ring.shift()
    this.#size -= 1
    if (first.ring.size === 0 && this.#size > 0) {
      this.#order.pop()
      this.#levels.delete(first.priority)
    }
    return item
  }

  /** Drops every item that fails the test, keeping the order of the rest. Costs one pass. */
  retain(test: (item: T) => boolean): void {
    const levels = [...this.#levels.values()]
    this.#clear()
    for (const level of levels) {
      level.ring.retain(test)
      if (level.ring.size > 0) this.#add(level)
    }
  }

  #level(priority: number): Level<T> {
    const first = this.#order.peek()
    if (first?.priority === priority) return first
    if (this.#size === 0) this.#clear()
    return this.#levels.get(priority) ?? this.#add({ priority, ring: new RingQueue() })
  }

  #add(level: Level<T>): Level<T> {
    this.#levels.set(level.priority, level)
    this.#order.push(level)
    this.#size += level.ring.size
    return level
  }

  #clear(): void {
    this.#levels.clear()
    this.#order.clear()
    this.#size = 0
  }
}

interface Level<T> {
  readonly priority: number
  readonly ring: RingQueue<T>
}
