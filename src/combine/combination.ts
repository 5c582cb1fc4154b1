import { cancelAfter, cancelOnAbort } from '../core/cancel-on.ts'
import { Canceller } from '../core/canceller.ts'
import {
  conclude,
  contentOf,
  FULFILLED,
  orderOf,
  REJECTED,
  RUNNING,
  type Settled,
  stateOf,
  subscribe,
  tell,
  unsubscribe,
} from '../core/cell.ts'
import { systemClock } from '../core/clock.ts'
import type { Driver, Witness } from '../core/driver.ts'
import { CancelledError } from '../core/errors.ts'
import { type AnyFuture, drive } from '../core/future.ts'
import { witnessAll } from '../core/linger.ts'
import { observer } from '../core/observer.ts'
import { type Subscriber, tellNext } from '../core/subscriber.ts'
import type { GatherOptions } from './gather-options.ts'
import { type Inputs, readInputs } from './inputs.ts'

/** What a record of futures is not: a future, a function. */
export interface NoCollection {
  readonly then?: never
  readonly call?: never
}

/**
 * One future made of many: what `gather`, `gatherSettled`, `race` and `any` have in common.
 *
 * It subscribes itself to every pending input, without a record per input: who has settled does not
 * matter, only how many are left, since values are read off the inputs in argument order at the
 * end.
 */
export abstract class Combination implements Driver<AnyFuture>, Subscriber<AnyFuture>, Inputs {
  items: AnyFuture[] = []
  keys?: PropertyKey[]
  options: GatherOptions = {}
  readonly future: AnyFuture = drive(this, RUNNING, undefined)
  /** How many inputs have not settled. */
  protected left = 0

  readonly #kind: string

  constructor(kind: string) {
    this.#kind = kind
  }

  get name(): string {
    return this.options.name ?? this.#kind
  }

  /**
   * Looks whether the whole settles, with `finish`: because of an input that has, or at the start
   * because there is none.
   */
  protected abstract look(input?: AnyFuture): AnyFuture | undefined

  settled(input: AnyFuture): AnyFuture | undefined {
    this.left -= 1
    return this.look(input)
  }

  inputs(): readonly AnyFuture[] {
    return this.items
  }

  /** Reads the arguments, follows the inputs, and gives the future of the whole. */
  combine(args: readonly unknown[]): AnyFuture {
    const { future } = this
    try {
      readInputs(this, args, this.#kind)
      observer?.combined(future, this.items)
      const { signal, timeout, clock = systemClock } = this.options
      cancelOnAbort(future, signal)
      this.#follow()
      cancelAfter(future, timeout, clock)
    } catch (error) {
      tell(this.finish(REJECTED, error))
    }
    return future
  }

  /** Settles the whole without telling its subscribers, as `Subscriber.settled` wants it. */
  protected finish(state: Settled, outcome: unknown): AnyFuture | undefined {
    if (this.future.done) return undefined
    // All have been heard of, then, which need not be looked for once more.
    const rest = state === FULFILLED && this.left === 0 ? this.#letGo() : this.abort()
    // Last among the subscribers of the whole: its own listeners come first.
    if (rest.length > 0 && this.options.cancelRest) {
      const cause = state === FULFILLED ? undefined : { cause: outcome }
      const reason = new CancelledError(`"${this.name}" has its outcome without it`, cause)
      subscribe(this.future, { settled: () => tellNext(new Canceller(reason), rest) })
    }
    return conclude(this.future, state, outcome)
  }

  /**
   * Gives the whole the outcome of the first in time among the inputs that have settled in such a
   * state. It need not be the one that was heard of first: a listener of one input may have settled
   * another.
   */
  protected finishLikeFirst(isSuch: (state: number) => boolean): AnyFuture | undefined {
    const such = this.items.filter((input) => input.done && isSuch(stateOf(input)))
    const [first] = such.sort((a, b) => orderOf(a) - orderOf(b))
    return first && this.finish(stateOf(first) as Settled, contentOf(first))
  }

  /** Values in the form of the arguments: a list, or a record with the same keys. */
  protected shape(values: unknown[]): unknown {
    return this.keys ? Object.fromEntries(this.keys.map((key, i) => [key, values[i]])) : values
  }

  /** Lets go of the inputs, and gives those that are not done. */
  abort(): AnyFuture[] {
    const rest = this.items.filter((input) => !input.done)
    for (const input of rest) unsubscribe(input, this)
    this.#letGo()
    return rest
  }

  #letGo(): AnyFuture[] {
    this.items = []
    return this.items
  }

  /** Asked before `abort`, which cancels the inputs. */
  lingers(_future: AnyFuture, witness: Witness): boolean {
    const rest = this.items.filter((input) => !input.done)
    witnessAll(rest, witness)
    return rest.length > 0
  }

  #follow(): void {
    const { items } = this
    this.left = items.length
    for (const input of items) if (input.done) tell(this.settled(input))
    tell(this.look())
    for (const input of items) if (!input.done && !this.future.done) subscribe(input, this)
  }
}
