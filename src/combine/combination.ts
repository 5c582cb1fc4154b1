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

/** What sets `gather`, `gatherSettled`, `race` and `any` apart. */
export interface Kind {
  readonly name: string
  /** Whether one of the inputs may be enough, rather than all. */
  readonly takesOne: boolean
  /**
   * Looks whether the whole settles, with `finish`: because of an input that has, or at the start
   * because there is none.
   */
  look(combination: Combination, input: AnyFuture | undefined): AnyFuture | undefined
}

/**
 * One future made of many.
 *
 * It subscribes itself to every pending input, without a record per input: who has settled does not
 * matter, only how many are left, since values are read off the inputs in argument order at the
 * end.
 */
export class Combination implements Driver<AnyFuture>, Subscriber<AnyFuture>, Inputs {
  items: AnyFuture[] = NOTHING
  keys: PropertyKey[] | undefined
  options: GatherOptions = DEFAULTS
  readonly future: AnyFuture = drive(this, RUNNING, undefined)
  /** How many inputs have not settled. */
  left = 0
  // Not a class for each: one that extends another is made for 40 ns more.
  readonly #kind: Kind

  constructor(kind: Kind) {
    this.#kind = kind
  }

  get name(): string {
    return this.options.name ?? this.#kind.name
  }

  get takesOne(): boolean {
    return this.#kind.takesOne
  }

  settled(input: AnyFuture): AnyFuture | undefined {
    this.left -= 1
    return this.#kind.look(this, input)
  }

  inputs(): readonly AnyFuture[] {
    return this.items
  }

  /** Reads the arguments, follows the inputs, and gives the future of the whole. */
  combine(args: readonly unknown[]): AnyFuture {
    const { future } = this
    try {
      readInputs(this, args, this.#kind.name)
      observer?.combined(future, this.items)
      if (this.options === DEFAULTS) this.#follow()
      else {
        const { signal, timeout, clock = systemClock } = this.options
        cancelOnAbort(future, signal)
        this.#follow()
        cancelAfter(future, timeout, clock)
      }
    } catch (error) {
      tell(this.finish(REJECTED, error))
    }
    return future
  }

  /** Settles the whole without telling its subscribers, as `Subscriber.settled` wants it. */
  finish(state: Settled, outcome: unknown): AnyFuture | undefined {
    if (this.future.done) return undefined
    // All have been heard of, then, which need not be looked for once more.
    const rest = state === FULFILLED && this.left === 0 ? NOTHING : this.abort()
    this.items = NOTHING
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
  finishLikeFirst(isSuch: (state: number) => boolean): AnyFuture | undefined {
    const such = this.items.filter((input) => input.done && isSuch(stateOf(input)))
    const [first] = such.sort((a, b) => orderOf(a) - orderOf(b))
    return first && this.finish(stateOf(first) as Settled, contentOf(first))
  }

  /**
   * Fulfils the whole with the outcomes of all inputs, which have settled: with a list, or a record
   * with the keys of the arguments.
   */
  finishWith(outcome: (input: AnyFuture) => unknown): AnyFuture | undefined {
    // Cancelled, it is about to let go of the inputs, and needs to know them for that.
    if (this.future.done) return undefined
    // Into their own list, which is of no more use: another one is a tenth of a large gather.
    const values: unknown[] = this.items
    for (let i = 0; i < values.length; i++) values[i] = outcome(values[i] as AnyFuture)
    const { keys } = this
    const record = keys && Object.fromEntries(keys.map((key, i) => [key, values[i]]))
    return this.finish(FULFILLED, record ?? values)
  }

  /** Lets go of the inputs, and gives those that are not done. */
  abort(): AnyFuture[] {
    const rest = this.items.filter((input) => !input.done)
    for (const input of rest) unsubscribe(input, this)
    this.items = NOTHING
    return rest
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
    let isAnySettled = items.length === 0
    for (const input of items) {
      if (stateOf(input) < FULFILLED) subscribe(input, this)
      else isAnySettled = true
    }
    if (isAnySettled) this.#lookAtSettled()
  }

  #lookAtSettled(): void {
    // A copy: of what settles the whole, the list is used for its values.
    for (const input of [...this.items]) {
      if (stateOf(input) >= FULFILLED) tell(this.settled(input))
    }
    tell(this.#kind.look(this, undefined))
  }
}

// Shared, so that a gather does not make its own. Nobody adds anything.
const NOTHING: AnyFuture[] = []
const DEFAULTS: GatherOptions = {}
