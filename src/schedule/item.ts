import {
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

/** Items that are not done. */
export class Items {
  // In no order. Not a set: to add an item and to take it out again costs 30 ns more there.
  readonly #all: Item[] = []

  add(item: Item): void {
    item.place = this.#all.push(item) - 1
  }

  delete(item: Item): void {
    const last = this.#all.pop() as Item
    if (last === item) return
    last.place = item.place
    this.#all[item.place] = last
  }

  /** In the order of the source. */
  list(): Item[] {
    return this.#all.toSorted((a, b) => a.index - b.index)
  }
}

/**
 * An item that was pulled: first the promise of it, if it is one, then the call of the body, with a
 * future only where one is needed.
 */
export class Item extends QuietCall implements Subscriber<AnyFuture> {
  readonly index: number
  /** The promise of the item, then the future of the call, if there is one. */
  future: AnyFuture | undefined
  /** That of the call; `PULLED` before there is one. */
  state: number = PULLED
  /** What the body is called with, while it runs its execution, in the end the outcome. */
  content: unknown
  /** Where it is among the items that are not done. */
  place = 0
  readonly #owner: ItemOwner

  constructor(owner: ItemOwner, index: number) {
    super()
    this.#owner = owner
    this.index = index
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

  // What a context looks at. While there is no future, nobody can have cancelled it.

  get name(): string {
    return this.definition.name
  }

  get status(): string {
    return this.future?.status ?? 'running'
  }

  get reason(): unknown {
    return this.future?.reason
  }
}

/** The state of an item whose promise has not settled, and of one that is about to be called. */
export const PULLED = -1
