import {
  CANCELLED,
  collect,
  contentOf,
  FULFILLED,
  RUNNING,
  SCHEDULED,
  type Settled,
  stateOf,
  subscribe,
} from '../core/cell.ts'
import { type AnyFuture, drive } from '../core/future.ts'
import { adopt } from '../core/resolution.ts'
import type { Subscriber } from '../core/subscriber.ts'
import { callIn, isCurrent } from '../internal/async-context.ts'
import { enterContext, type TaskContext } from './context.ts'
import type { Definition } from './definition.ts'
import { QuietCall, type QuietExecution } from './quiet-call.ts'

/** What is told of items. */
export interface ItemOwner {
  /** What its body is called with. */
  readonly definition: Definition
  /** The item is there: calls the body. */
  call(item: Item, value: unknown): void
  /** The body of the item has an outcome, or the item itself has failed. */
  itemDone(item: Item): void
}

/** The items of a mapping that were pulled and not handed over. */
export class Items {
  /** How many there are. */
  size = 0
  readonly #owner: ItemOwner
  // In no order, and with them those that are free, and some that were handed over.
  #all: Item[] = []
  // To be used again: 10 ns less than to make another. Each knows the next.
  #free: Item | undefined
  #pulled = 0

  constructor(owner: ItemOwner) {
    this.#owner = owner
  }

  /** Gives the next item. */
  add(): Item {
    const item = this.#free ?? this.#make()
    this.#free = item.next
    item.index = this.#pulled++
    item.state = PULLED
    this.size += 1
    return item
  }

  #make(): Item {
    // What cannot be used again must not pile up.
    if (this.#all.length > 2 * this.size + 32) this.#all = this.#all.filter(isUnfinished)
    const item = new Item(this.#owner)
    this.#all.push(item)
    return item
  }

  /** Gives the outcome of an item, which may be used again. */
  take(item: Item): unknown {
    const outcome = item.content
    this.size -= 1
    item.content = undefined
    // Cancelled, it may be in the queue still, where its future tells that it has left.
    if (item.state !== CANCELLED) {
      item.future = undefined
      item.next = this.#free
      this.#free = item
    }
    return outcome
  }

  /** Those that are not done, in the order of the source. */
  unfinished(): Item[] {
    return this.#all.filter(isUnfinished).sort((a, b) => a.index - b.index)
  }
}

function isUnfinished({ state }: Item): boolean {
  return state < FULFILLED
}

/**
 * An item that was pulled: first the promise of it, if it is one, then the call of the body, with a
 * future only where one is needed.
 */
export class Item extends QuietCall implements Subscriber<AnyFuture> {
  /** Its place in the source. */
  index = 0
  /** The promise of the item, then the future of the call, if there is one. */
  future: AnyFuture | undefined
  /** That of the call; `PULLED` before there is one. */
  state: number = PULLED
  /** What the body is called with, while it runs its execution, in the end the outcome. */
  content: unknown
  /** While it is free: the one that is free after it. */
  next: Item | undefined
  readonly #owner: ItemOwner

  constructor(owner: ItemOwner) {
    super()
    this.#owner = owner
  }

  /** What it waits for: its promise, or the call. */
  get known(): AnyFuture | undefined {
    return this.state === PULLED ? this.future : this.reveal()
  }

  /** It waits for a slot from now on, with its future if it has one. */
  wait(value: unknown, future?: AnyFuture): void {
    this.state = SCHEDULED
    this.content = value
    this.future = future
  }

  settled(future: AnyFuture): undefined {
    const state = stateOf(future) as Settled
    if (this.state === PULLED && state === FULFILLED) this.#owner.call(this, contentOf(future))
    else this.end(state, contentOf(future))
  }

  // QuietCall: what the dispatcher knows it as.

  get definition(): Definition {
    return this.#owner.definition
  }

  reveal(): AnyFuture {
    if (this.future !== undefined) return this.future
    const { state, content } = this
    const execution = state === RUNNING ? (content as QuietExecution) : undefined
    const future = drive(this.definition, state, execution ?? [content, this.index])
    this.future = future
    collect(future)
    subscribe(future, this)
    execution?.reveal(future)
    return future
  }

  run(execution: QuietExecution): void {
    const { content } = this
    this.state = RUNNING
    this.content = execution
    const outer = enterContext(execution)
    let result: unknown
    try {
      result = this.replayCall(content, execution.context)
    } catch (error) {
      enterContext(outer)
      return execution.reject(error)
    }
    enterContext(outer)
    adopt(result, this.future, execution)
  }

  replayCall(value: unknown, context: TaskContext): unknown {
    const { body } = this.definition
    if (isCurrent(undefined)) return body(value, this.index, context)
    return callIn(undefined, body, undefined, [value, this.index], context)
  }

  end(state: Settled, outcome: unknown): undefined {
    this.state = state
    this.content = outcome
    this.#owner.itemDone(this)
  }

  get name(): string {
    return this.definition.name
  }
}

/** The state of an item whose promise has not settled, and of one that is about to be called. */
export const PULLED = -1
