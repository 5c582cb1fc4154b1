import type { Clock } from '../core/clock.ts'
import {
  type AnyFuture,
  adopt,
  FULFILLED,
  REJECTED,
  type Settled,
  type Taker,
} from '../core/future.ts'
import type { Call } from './call.ts'
import { Context, type ContextSource, enterContext } from './context.ts'
import type { Definition } from './definition.ts'

/** What an execution tells its dispatcher. */
export interface Slots {
  readonly clock: Clock
  /** The body has ended: settles its future, frees the slot. */
  ended(execution: Execution, state: Settled, outcome: unknown): void
  /** The body's result was a future, which has settled: as `Subscriber.settled`. */
  endedWith(execution: Execution, result: AnyFuture): AnyFuture | undefined
}

/**
 * One slot while a body holds it, from its start until it has really ended.
 *
 * Used again for one body after the other: its two callbacks, and not two closures a call, are what a body's promise gets.
 */
export class Execution implements Taker, ContextSource {
  future: AnyFuture | undefined
  // The executions in progress form a list, in the order of their starts.
  previous: Execution | undefined
  next: Execution | undefined
  readonly #slots: Slots
  #context: Context | undefined

  constructor(slots: Slots) {
    this.#slots = slots
  }

  readonly fulfil = (value: unknown): void => this.#slots.ended(this, FULFILLED, value)
  readonly reject = (reason: unknown): void => this.#slots.ended(this, REJECTED, reason)

  settled(result: AnyFuture): AnyFuture | undefined {
    return this.#slots.endedWith(this, result)
  }

  /** Runs the body up to its first await, and follows what it gave. */
  run(future: AnyFuture, definition: Definition, call: Call | undefined): void {
    const { body, takesContext } = definition
    this.future = future
    const outer = enterContext(this)
    let result: unknown
    try {
      if (takesContext) result = invoke(body, undefined, [this.context()], call)
      else if (call === undefined) result = body.call(undefined)
      else result = invoke(body, call.self, call.args, call)
    } catch (error) {
      enterContext(outer)
      return this.reject(error)
    }
    enterContext(outer)
    adopt(result, future, this)
  }

  context(): Context {
    this.#context ??= new Context(this.future as AnyFuture, this.#slots.clock)
    return this.#context
  }

  abort(reason: unknown): void {
    this.#context?.abort(reason)
  }

  /** Lets go of everything that belonged to the body, so that another may follow. */
  clear(): void {
    this.future = undefined
    this.#context = undefined
  }
}

function invoke(
  body: Definition['body'],
  self: unknown,
  args: readonly unknown[],
  call: Call | undefined,
): unknown {
  const scope = call?.scope
  return scope === undefined
    ? body.apply(self, args as unknown[])
    : scope.runInAsyncScope(body, self, ...args)
}
