import { cancelAfter, cancelOnAbort } from '../core/cancel-on.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import type { Driver } from '../core/driver.ts'
import { CancelledError } from '../core/errors.ts'
import {
  type AnyFuture,
  cancelAll,
  conclude,
  contentOf,
  drive,
  FULFILLED,
  Future,
  orderOf,
  REJECTED,
  RUNNING,
  type Settled,
  stateOf,
  subscribe,
  tell,
  unsubscribe,
} from '../core/future.ts'
import type { Subscriber } from '../core/subscriber.ts'
import {
  checkClock,
  checkName,
  checkOptions,
  checkSignal,
  checkTimeout,
  checkType,
} from '../internal/check.ts'
import { readInputs } from './inputs.ts'

/** How many futures are made into one. */
export interface GatherOptions {
  /** Whether the inputs that are not done are cancelled as soon as the outcome stands. Default `false`: they run on. */
  cancelRest?: boolean | undefined
  /** Cancels the gather, and with it every unfinished input, when it aborts. */
  signal?: AbortSignal | undefined
  /** Cancels likewise after so many milliseconds, with a `TimeoutError`. Above 0. Default `Infinity`: none. */
  timeout?: number | undefined
  /** The clock of `timeout`. Default: `systemClock`. */
  clock?: Clock | undefined
  /** What reports and timelines call it. Default: the function's name. */
  name?: string | undefined
}

/**
 * One future made of many: what `gather`, `gatherSettled`, `race` and `any` have in common.
 *
 * It subscribes itself to every pending input, without a record per input: who has settled does not matter, only how many
 * are left, since values are read off the inputs in argument order at the end.
 */
export abstract class Combination implements Driver<AnyFuture>, Subscriber<AnyFuture> {
  name: string
  readonly future: AnyFuture = drive(this, RUNNING, undefined)
  /** Futures, and plain values as they came. */
  protected inputs: unknown[] = []
  protected keys: PropertyKey[] | undefined
  /** How many inputs have not settled. */
  protected left = 0
  #cancelRest = false

  constructor(name: string) {
    this.name = name
  }

  /** Looks at an input that settled: may settle the whole with `finish`. */
  abstract settled(input: AnyFuture): AnyFuture | undefined

  /** Looks at the whole once, after the inputs that had settled before: nothing else may be coming. */
  protected abstract begun(): AnyFuture | undefined

  /** Reads the arguments, follows the inputs, and gives the future of the whole. */
  combine(args: readonly unknown[]): AnyFuture {
    const { items, keys, options, failure } = readInputs(args, this.name)
    this.inputs = items
    this.left = items.length
    this.keys = keys
    try {
      const { signal, timeout, clock } = this.#check(options as GatherOptions | undefined)
      if (failure !== undefined) throw failure.error
      if (signal?.aborted) this.future.cancel(signal.reason)
      else this.#follow()
      if (this.future.done) return this.future
      if (signal !== undefined) cancelOnAbort(this.future, signal)
      if (timeout !== undefined) cancelAfter(this.future, timeout, clock ?? systemClock)
    } catch (error) {
      tell(this.finish(REJECTED, error))
    }
    return this.future
  }

  /** Settles the whole without telling its subscribers, as `Subscriber.settled` wants it. */
  protected finish(state: Settled, outcome: unknown): AnyFuture | undefined {
    const { future, inputs } = this
    if (future.done) return undefined
    const rest = this.left > 0 ? inputs.filter(isPending) : []
    for (const input of rest) unsubscribe(input, this)
    // Last among the subscribers of the whole: its own listeners come first.
    if (this.#cancelRest && rest.length > 0) {
      const cause = state === FULFILLED ? undefined : { cause: outcome }
      const reason = new CancelledError(`"${this.name}" needs no more results`, cause)
      subscribe(future, { settled: () => void cancelAll(rest, reason) })
    }
    this.inputs = []
    return conclude(future, state, outcome)
  }

  /** The outcome of the input as the outcome of the whole. */
  protected finishLike(input: AnyFuture): AnyFuture | undefined {
    return this.finish(stateOf(input) as Settled, contentOf(input))
  }

  /** Values in the form of the arguments: a list, or a record with the same keys. */
  protected shape(values: unknown[]): unknown {
    const { keys } = this
    return keys === undefined ? values : Object.fromEntries(keys.map((key, i) => [key, values[i]]))
  }

  /** The first input that is a plain value has been there from the start. */
  protected finishWithPlainValue(): AnyFuture | undefined {
    return this.hasPlainValue() ? this.finish(FULFILLED, this.inputs.find(isPlain)) : undefined
  }

  protected hasPlainValue(): boolean {
    return this.inputs.some(isPlain)
  }

  withdrawn(): void {
    for (const input of this.inputs) if (isPending(input)) unsubscribe(input, this)
  }

  abort(): readonly AnyFuture[] {
    const pending = this.inputs.filter(isPending)
    this.inputs = []
    return pending
  }

  #follow(): void {
    const futures = this.inputs.filter((input) => input instanceof Future)
    this.left = futures.length
    // In time, not by position: the first failure is the one that happened first.
    const settled = futures.filter((future) => future.done).sort((a, b) => orderOf(a) - orderOf(b))
    for (const future of settled) tell(this.settled(future))
    if (!this.future.done) tell(this.begun())
    if (this.future.done) return
    for (const future of futures) if (!future.done) subscribe(future, this)
  }

  #check(options: GatherOptions | undefined = {}): GatherOptions {
    checkOptions(options)
    const { cancelRest = false, signal, timeout = Infinity, clock, name } = options
    checkType(typeof cancelRest === 'boolean', 'cancelRest', 'true or false', cancelRest)
    checkSignal(signal)
    checkTimeout(timeout)
    checkClock(clock)
    checkName(name)
    this.#cancelRest = cancelRest
    this.name = name ?? this.name
    return { signal, timeout, clock }
  }
}

function isPending(input: unknown): input is AnyFuture {
  return input instanceof Future && !input.done
}

function isPlain(input: unknown): boolean {
  return !(input instanceof Future)
}
