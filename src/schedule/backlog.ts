import { contentOf, SCHEDULED, stateOf } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import { BinaryHeap } from '../internal/binary-heap.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import { priorityOf } from './definition.ts'
import { QuietCall } from './quiet-call.ts'
import { Retrial } from './retrial.ts'

/**
 * The calls that wait to start, in the order of the calls among equal priority.
 *
 * One that is retried has started before, so it was called before every call of its priority that
 * is in the queue, and comes first.
 */
export class Backlog {
  /** How many can start: all that wait but those in the delay before another attempt. */
  startable = 0
  #delayed = 0
  readonly #queue = new PriorityQueue<AnyFuture | QuietCall>()
  // Those that can start. Made with the first: most programs have none.
  #retrials: BinaryHeap<Retrial> | undefined
  // Those in a delay, too.
  readonly #waiting = new Set<Retrial>()

  /** How many wait. What is queued may be more: what left leaves holes. */
  get size(): number {
    return this.startable + this.#delayed
  }

  push(call: AnyFuture | QuietCall, priority: number): void {
    this.#queue.push(call, priority)
    this.startable += 1
  }

  /** Takes a call back that is to be tried again; with `stop`, after a delay that it ends. */
  putBack(retrial: Retrial, stop: (() => void) | undefined): void {
    this.#retrials ??= new BinaryHeap(comesFirst)
    this.#waiting.add(retrial)
    if (stop === undefined) return this.#insert(retrial)
    retrial.stop = stop
    this.#delayed += 1
  }

  /** The delay of a call has passed. */
  release(retrial: Retrial): void {
    retrial.stop = undefined
    this.#delayed -= 1
    this.#insert(retrial)
  }

  /** The call that starts next. It is to be taken out with `take` or `drop` then. */
  next(): AnyFuture | QuietCall | undefined {
    for (;;) {
      const retrial = this.#retrials && this.#nextRetrial(this.#retrials)
      if (retrial !== undefined) return retrial
      const call = this.#queue.shift()
      if (call === undefined) return undefined
      const future = call instanceof QuietCall ? call.future : call
      if (future === undefined) return call
      if (this.#isInQueue(future)) return future
    }
  }

  #nextRetrial(retrials: BinaryHeap<Retrial>): AnyFuture | undefined {
    for (;;) {
      const retrial = retrials.peek()
      if (!retrial || priorityOf(retrial.future) < this.#queue.priority) return undefined
      retrials.pop()
      if (contentOf(retrial.future) === retrial) return retrial.future
    }
  }

  /** A call starts. Gives what it is if it was tried before. */
  take(data: unknown): Retrial | undefined {
    this.startable -= 1
    if (this.#retrials === undefined || !(data instanceof Retrial)) return undefined
    this.#waiting.delete(data)
    return data
  }

  /** A call starts out of turn. Otherwise as `take`. */
  pick(data: unknown): Retrial | undefined {
    const retrial = this.take(data)
    // What left from the middle is passed over when its turn comes, but must not pile up behind a
    // body that never ends.
    const holes = this.#queue.size - this.size
    if (holes > 32 && holes > this.size)
      this.#queue.retain((call) => this.#isInQueue(call instanceof QuietCall ? call.future : call))
    return retrial
  }

  /** A call is cancelled, in whatever place it was. */
  drop(data: unknown): Retrial | undefined {
    if (data instanceof Retrial && data.stop !== undefined) {
      this.#delayed -= 1
      this.startable += 1
    }
    return this.pick(data)
  }

  /** All that wait, in the order in which they would start if no delay were left. */
  list(): AnyFuture[] {
    const retrials = [...this.#waiting].sort((a, b) => a.order - b.order)
    const futures = retrials.map(({ future }) => future)
    this.#queue.retain((call) => {
      const future = call instanceof QuietCall ? call.reveal() : call
      return this.#isInQueue(future) && futures.push(future) > 0
    })
    return futures.sort((a, b) => priorityOf(b) - priorityOf(a))
  }

  #insert(retrial: Retrial): void {
    this.startable += 1
    this.#retrials?.push(retrial)
  }

  /** Whether an entry of the queue still stands for its call: one that is retried waits elsewhere. */
  #isInQueue(future: AnyFuture | undefined): boolean {
    if (future === undefined) return true
    if (stateOf(future) !== SCHEDULED) return false
    return this.#retrials === undefined || !(contentOf(future) instanceof Retrial)
  }
}

function comesFirst(a: Retrial, b: Retrial): boolean {
  const [first, second] = [priorityOf(a.future), priorityOf(b.future)]
  return first > second || (first === second && a.order < b.order)
}
