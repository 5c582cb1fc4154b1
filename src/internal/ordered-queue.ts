import { BinaryHeap } from './binary-heap.ts'
import { RingQueue } from './ring-queue.ts'

/**
 * A queue in the order of `before`, for items most of which come in that order: those cost no more
 * than in a plain queue, the others as much as in a heap.
 */
export class OrderedQueue<T> {
  readonly #before: (a: T, b: T) => boolean
  // Each came when it was the last in the order.
  readonly #run = new RingQueue<T>()
  #last: T | undefined
  readonly #rest: BinaryHeap<T>

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before
    this.#rest = new BinaryHeap(before)
  }

  get size(): number {
    return this.#run.size + this.#rest.size
  }

  push(item: T): void {
    if (this.#run.size > 0 && this.#before(item, this.#last as T)) return this.#rest.push(item)
    this.#last = item
    this.#run.push(item)
  }

  peek(): T | undefined {
    return this.#isRunFirst() ? this.#run.peek() : this.#rest.peek()
  }

  pop(): T | undefined {
    if (!this.#isRunFirst()) return this.#rest.pop()
    const item = this.#run.shift()
    if (this.#run.size === 0) this.#last = undefined
    return item
  }

  #isRunFirst(): boolean {
    if (this.#run.size === 0 || this.#rest.size === 0) return this.#rest.size === 0
    return !this.#before(this.#rest.peek() as T, this.#run.peek() as T)
  }
}
