import { contentOf, driverOf, SCHEDULED, stateOf } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import { BinaryHeap } from '../internal/binary-heap.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import type { Call } from './call.ts'
import type { Context } from './context.ts'
import type { Definition } from './definition.ts'
import type { Attempts } from './retry.ts'

/** The data of a call between two attempts: in the delay, or waiting for a slot again. */
export class Retrial {
  readonly future: AnyFuture
  readonly call: Call
  /** Its place in the order of the first starts. */
  readonly order: number
  readonly attempts: Attempts
  /** The context of its attempts, if it was asked for. */
  readonly context: Context | undefined
  /** Ends the delay, while there is one. */
  stop: (() => void) | undefined

  constructor(
    future: AnyFuture,
    call: Call,
    order: number,
    attempts: Attempts,
    context: Context | undefined,
  ) {
    this.future = future
    this.call = call
    this.order = order
    this.attempts = attempts
    this.context = context
  }
}

/**
 * The calls that wait to start, in the order of the calls among equal priority.
 *
 * One that is retried has started before, so it was called before every call of its priority that
 * is in the queue, and comes first.
 */
export class Backlog {
  /** How many wait, delayed ones included. What is queued may be more: what left leaves holes. */
  size = 0
  /** How many of them cannot start yet: they are in the delay before another attempt. */
  delayed = 0
  readonly #queue = new PriorityQueue<AnyFuture>()
  #retrials: BinaryHeap<Retrial> | undefined
  // All of them, those in a delay included.
  readonly #waiting = new Set<Retrial>()

  push(future: AnyFuture, priority: number): void {
    this.#queue.push(future, priority)
    this.size += 1
  }

  /** Takes a call back that is to be tried again; with `stop`, after a delay that it ends. */
  putBack(retrial: Retrial, stop: (() => void) | undefined): void {
    this.size += 1
    this.#waiting.add(retrial)
    if (stop === undefined) return this.#insert(retrial)
    retrial.stop = stop
    this.delayed += 1
  }

  /** The delay of a call has passed. */
  release(retrial: Retrial): void {
    retrial.stop = undefined
    this.delayed -= 1
    this.#insert(retrial)
  }

  /** The call that starts next. It is to be taken with `remove` then. */
  next(): AnyFuture | undefined {
    for (;;) {
      const retrial = this.#retrials?.peek()
      if (retrial !== undefined && priorityOf(retrial.future) >= this.#queue.priority) {
        this.#retrials?.pop()
        if (contentOf(retrial.future) === retrial) return retrial.future
      } else {
        const future = this.#queue.shift()
        if (future === undefined || isWaiting(future)) return future
      }
    }
  }

  /** A call starts, or is cancelled: in whatever place it was. */
  remove(data: unknown): void {
    this.size -= 1
    if (data instanceof Retrial) {
      this.#waiting.delete(data)
      if (data.stop !== undefined) this.delayed -= 1
    }
    // What left from the middle is dropped when its turn comes, but must not pile up behind a body
    // that never ends.
    const holes = this.#queue.size - this.size
    if (holes > 32 && holes > this.size) this.#queue.retain(isWaiting)
  }

  /** All that wait, in the order in which they would start if no delay were left. */
  list(): AnyFuture[] {
    const retrials = [...this.#waiting].sort((a, b) => a.order - b.order)
    const futures = retrials.map(({ future }) => future)
    this.#queue.retain((future) => isWaiting(future) && futures.push(future) > 0)
    return futures.sort((a, b) => priorityOf(b) - priorityOf(a))
  }

  #insert(retrial: Retrial): void {
    this.#retrials ??= new BinaryHeap((a, b) => {
      const [first, second] = [priorityOf(a.future), priorityOf(b.future)]
      return first > second || (first === second && a.order < b.order)
    })
    this.#retrials.push(retrial)
  }
}

/** Whether an entry of the queue still stands for its call: one that is retried waits elsewhere. */
function isWaiting(future: AnyFuture): boolean {
  return stateOf(future) === SCHEDULED && !(contentOf(future) instanceof Retrial)
}

function priorityOf(future: AnyFuture): number {
  return (driverOf(future) as Definition).options.priority ?? 0
}
