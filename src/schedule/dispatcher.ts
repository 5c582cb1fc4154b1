import { cancelOnAbort } from '../core/cancel-on.ts'
import { cancelAll } from '../core/canceller.ts'
import {
  CANCELLED,
  conclude,
  contentOf,
  driverOf,
  FULFILLED,
  LAZY,
  move,
  REJECTED,
  RUNNING,
  SCHEDULED,
  type Settled,
  settle,
  stateOf,
  subscribe,
  tell,
} from '../core/cell.ts'
import type { Clock } from '../core/clock.ts'
import type { Witness } from '../core/driver.ts'
import { InvalidStateError } from '../core/errors.ts'
import { type AnyFuture, drive } from '../core/future.ts'
import { type ObservedLane, observer } from '../core/observer.ts'
import { callApart, forgetScope } from '../internal/async-context.ts'
import { callSafely } from '../internal/call-safely.ts'
import { Backlog } from './backlog.ts'
import { type Call, recordCall, siteOf } from './call.ts'
import type { Context } from './context.ts'
import type { Definition, Lane } from './definition.ts'
import { Execution, type Slots } from './execution.ts'
import { Executions } from './executions.ts'
import type { Run } from './executor.ts'
import { type Holder, tracker } from './holder.ts'
import type { Lending } from './lending.ts'
import { Pace } from './pace.ts'
import { QuietCall } from './quiet-call.ts'
import type { RateWindow } from './rate.ts'
import { Retrial } from './retrial.ts'
import { Attempts } from './retry.ts'
import type { CheckedSchedulerOptions, StartMode } from './scheduler-options.ts'
import type { SharedSlot } from './shared-slot.ts'
import { Tally } from './tally.ts'

/**
 * The engine of a scheduler: the calls that wait, and the slots in which bodies run.
 *
 * Apart from `Scheduler`, so that who only uses `task` does not pay for the rest of that class.
 */
export class Dispatcher implements Lane, Slots, ObservedLane {
  readonly name: string
  /** The scheduler that it is the engine of. */
  owner: object | undefined
  /** What its user knows it as. */
  kind: 'scheduler' | 'pool' = 'scheduler'
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  readonly mode: StartMode
  concurrency: number
  readonly rate: RateWindow | undefined
  paused = false
  closed = false
  readonly tally: Tally = new Tally()
  /** Lends slots, if this is done. */
  lending: Lending | undefined
  /** Told when calls wait because all slots are taken, and when none do any more. */
  onFull: ((dispatcher: Dispatcher, isFull: boolean) => void) | undefined

  readonly #backlog = new Backlog()
  readonly #executions = new Executions(this)
  readonly #pace: Pace
  #awake = false
  #draining = false
  #wasFull = false
  #idlers: (() => void)[] = []
  /** Whether all there is to a plain call is a slot. */
  readonly #isPlain: boolean

  constructor(options: Omit<CheckedSchedulerOptions, 'reentrant'>) {
    this.name = options.name
    this.concurrency = options.concurrency
    this.clock = options.clock
    this.signal = options.signal
    this.mode = options.start
    this.#pace = new Pace(options.slice, () => this.drain())
    this.rate = options.rate
    this.#isPlain = options.start === 'deferred' && (options.signal ?? options.rate) === undefined
  }

  /** Bodies that have started and not really ended. */
  get running(): number {
    return this.#executions.size
  }

  /** Calls whose futures are not settled. */
  get unsettled(): number {
    return this.#executions.unsettled + this.#backlog.size
  }

  /** Calls that wait to start, between two attempts too. */
  get queued(): number {
    return this.#backlog.size
  }

  /** Takes a call: gives its future, and runs none of its body unless calls start eagerly. */
  submit(definition: Definition, self: unknown, args: readonly unknown[]): AnyFuture {
    if (this.closed) throw this.#closedError()
    const call = recordCall(definition, self, args)
    // Most calls: with less to ask, 15 ns.
    if (this.#isPlain && definition.isPlain && observer === undefined && !this.lending) {
      const future = drive(definition, SCHEDULED, call)
      this.tally.call()
      this.#backlog.push(future, definition.priority)
      // Whoever is awake looks again when he is done.
      if (!this.#awake) this.#noteQueued()
      return future
    }
    return this.#submitWith(definition, call, args)
  }

  /** Takes a call that may have more to it. */
  #submitWith(definition: Definition, call: Call, args: readonly unknown[]): AnyFuture {
    const isLazy = this.mode === 'lazy'
    const isAsked = isLazy || definition.executor !== undefined
    const state = isAsked ? SCHEDULED | LAZY : SCHEDULED
    const future = drive(definition, state, isLazy ? new Unqueued(call) : call)
    this.tally.call()
    observer?.called(future, this, args, definition.entry)
    if (!isLazy) this.#enqueue(future, definition)
    const { signal } = definition.options
    if (this.signal !== undefined) cancelOnAbort(future, this.signal)
    if (signal !== undefined) cancelOnAbort(future, signal)
    // The only one that waits is this one, unless it was cancelled at once.
    const isNext = this.mode === 'eager' && this.queued === 1 && !future.done
    if (isNext && nested < MOST_NESTED && this.#mayStart(FEW_EAGER)) {
      nested += 1
      try {
        callApart(this.#startNext, this)
      } finally {
        nested -= 1
      }
    }
    return future
  }

  /** Takes a call without a future, and without any options but a priority. */
  submitQuiet(call: QuietCall): void {
    if (this.closed) throw this.#closedError()
    this.tally.call()
    this.#backlog.push(call, call.definition.priority)
    if (!this.#awake) this.#noteQueued()
  }

  /** Starts bodies while there are free slots, in one microtask for all the calls until then. */
  wake(): void {
    if (!(this.#isOpen() || this.#executions.parked.size > 0)) return
    if (this.#awake || !(this.#executions.hasFree || this.lending)) return
    this.#awake = true
    void resolved.then(this.#drainAwake)
  }

  /** Resolves once nothing runs and nothing waits. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#idlers.push(resolve)
      this.#checkIdle()
    })
  }

  /** What runs, in the order of the starts, then what waits, in its order. */
  list(): AnyFuture[] {
    return this.#executions.list().concat(this.#backlog.list())
  }

  /** What is known of the bodies that run, in no order. */
  holders(): (Holder | undefined)[] {
    return this.#executions.holders()
  }

  /** What they are known to wait for. */
  *waits(): Generator<AnyFuture, void, undefined> {
    for (const holder of this.holders()) yield* holder?.waits ?? []
  }

  trail(cancelled: AnyFuture): Iterable<AnyFuture> {
    return this.#executions.trail(cancelled)
  }

  /** Slots in which nobody executes. */
  get idleSlots(): Iterable<SharedSlot> {
    return this.#executions.idle
  }

  /** Whether calls wait, and could start but for the slots, which are all taken. */
  get isFull(): boolean {
    return this.#isOpen() && !this.#executions.hasFree
  }

  /** Whether a pending call waits for a slot: it does not run, and is neither lazy nor delayed. */
  isWaiting(future: AnyFuture): boolean {
    const data = contentOf(future)
    if (future.done || data instanceof Execution || data instanceof Unqueued) return false
    return !(data instanceof Retrial) || data.stop === undefined
  }

  /** Something may have made a call wanted by a body that holds a slot. */
  noteChange(): void {
    if (this.lending === undefined) return
    this.lending.changes += 1
    this.wake()
  }

  /** Cancels what runs, in the order of the starts, then what waits, in its order. */
  cancel(reason: unknown): void {
    const futures = this.list()
    // A body that ends because of this must not make room for one that is about to be cancelled.
    const { isHeld } = this.#pace
    this.#pace.isHeld = true
    cancelAll(futures, reason)
    this.#pace.isHeld = isHeld
    this.#drainApart()
  }

  /** Takes a call that waits until it is started ahead, in no queue. */
  submitApart(definition: Definition, args: readonly unknown[]): AnyFuture {
    const future = drive(definition, SCHEDULED, recordCall(definition, undefined, args))
    this.tally.call()
    observer?.called(future, this, args, definition.entry)
    // It waits, but has no place in the queue: it starts ahead of it.
    this.#backlog.startable += 1
    return future
  }

  /** Starts a call that waits, slot or none: whoever calls this knows when its body begins. */
  startAhead(future: AnyFuture): void {
    this.#start(future)
  }

  /** As `startAhead`, of a call whose future was just cancelled. Gives what holds its slot. */
  startOrphan(future: AnyFuture, call: Call): Run {
    this.tally.start(true)
    const execution = this.#executions.take(undefined)
    execution.future = future
    execution.call = call
    this.#executions.orphan(future, execution)
    return execution
  }

  drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      if (this.#executions.parked.size > 0) this.#executions.spread()
      while (this.#mayStart()) this.#startNext()
      if (this.lending !== undefined) this.#lend(this.lending)
    } finally {
      // Whatever a hostile signal or clock throws surfaces, and must not stop the rest for ever.
      this.#draining = false
    }
    const isFull = this.#backlog.startable > 0 && !this.#executions.hasFree
    if (isFull !== this.#wasFull) this.#noteFull(isFull)
    this.#checkIdle()
  }

  // Lane: what happens to a future of this dispatcher before its body starts, or by a cancel.

  demanded(future: AnyFuture, data: unknown): void {
    if (!(data instanceof Unqueued)) return
    if (this.closed) return this.#settle(future, REJECTED, this.#closedError())
    move(future, SCHEDULED, data.call)
    observer?.queued(future)
    this.#enqueue(future, driverOf(future) as Definition)
    this.tally.onChange?.()
  }

  withdrawn(future: AnyFuture, data: unknown): Context | undefined {
    this.tally.settle(CANCELLED)
    if (data instanceof Execution) {
      this.#executions.orphan(future, data)
      return data.startedContext
    }
    if (data instanceof Unqueued) return undefined
    this.lending?.forget(future)
    const retrial = this.#backlog.drop(data)
    if (this.#backlog.startable === 0) {
      this.rate?.rest()
      if (this.#wasFull) this.#noteFull(false)
    }
    callSafely(retrial?.stop)
    return retrial?.context
  }

  abort(reason: unknown, context: Context | undefined): void {
    context?.abort(reason)
    this.#checkIdle()
  }

  lingers(future: AnyFuture, witness: Witness): boolean {
    return this.#executions.lingers(future, witness)
  }

  inputs(data: unknown): Iterable<AnyFuture> {
    return (data instanceof Execution && data.holder?.waits) || []
  }

  // Slots: what executions tell.

  fulfilled(execution: Execution, value: unknown): void {
    const { future, quiet } = execution
    const isUsual = quiet === undefined && observer === undefined
    if (!isUsual || conclude(future, FULFILLED, value) === undefined) {
      return this.ended(execution, FULFILLED, value)
    }
    this.#executions.release(execution)
    this.tally.settle(FULFILLED)
    tell(future)
    // A slot is free. Where nobody waits for it, that is nothing to look into.
    const { size, parked } = this.#executions
    if (this.#backlog.startable > 0 || size === 0 || parked.size > 0) this.drain()
  }

  ended(execution: Execution, state: Settled, outcome: unknown): void {
    const { quiet } = execution
    if (quiet !== undefined) return this.#endQuiet(execution, quiet, state, outcome)
    const reason = state === REJECTED ? this.#tryAgain(execution, outcome) : outcome
    if (reason !== AGAIN) {
      const { witnesses } = execution
      this.#settle(this.#executions.release(execution), state, reason)
      if (witnesses !== undefined) tellOfEnd(witnesses, state, reason)
    }
    this.#drainApart()
  }

  endedLike(execution: Execution, result: AnyFuture): AnyFuture | undefined {
    execution.quiet?.reveal()
    const state = stateOf(result) as Settled
    const outcome = contentOf(result)
    const reason = state === REJECTED ? this.#tryAgain(execution, outcome) : outcome
    if (reason === AGAIN) return void this.#drainApart()
    if (execution.future.done) return void this.ended(execution, state, reason)
    const future = this.#executions.release(execution)
    // Last among its subscribers: a slot passes on after the listeners, here as in `ended`.
    subscribe(future, this.#drainAfter)
    this.tally.settle(state)
    return conclude(future, state, reason)
  }

  #endQuiet(execution: Execution, call: QuietCall, state: Settled, outcome: unknown): void {
    if (observer !== undefined) {
      call.reveal()
      return this.ended(execution, state, outcome)
    }
    this.#executions.release(execution)
    this.tally.settle(state)
    call.end(state, outcome)
    this.drain()
  }

  #settle(future: AnyFuture, state: Settled, outcome: unknown): void {
    // Cancelled before, it still makes room by ending.
    if (future.done) return this.tally.onChange?.()
    this.tally.settle(state)
    settle(future, state, outcome)
  }

  /**
   * Puts a call back whose body failed, if it is to be tried again. Gives what it fails with if
   * not.
   */
  #tryAgain(execution: Execution, error: unknown): unknown {
    const { future, call, order, startedContext } = execution
    siteOf(call)?.addTo(error)
    const { retry } = (driverOf(future) as Definition).options
    if (retry === undefined || future.done) return error
    const { retrial } = execution
    const attempts = retrial?.attempts ?? new Attempts()
    const first = retrial?.order ?? order
    try {
      const delay = attempts.delayAfter(error, retry)
      if (delay === undefined) attempts.leaveOn(error)
      // The functions among the options may have cancelled it.
      if (delay === undefined || future.done) return error
      const next = new Retrial(future, retrial?.call ?? call, first, attempts, startedContext)
      const stop = delay === 0 ? undefined : this.clock.callLater(() => this.#delayed(next), delay)
      this.#executions.release(execution)
      move(future, SCHEDULED, next)
      this.#backlog.putBack(next, stop)
      observer?.delayed(future, delay)
      this.lending?.noteCall(future, first)
      this.tally.onChange?.()
      return AGAIN
    } catch (failure) {
      attempts.blame(failure, error)
      return failure
    }
  }

  #delayed(retrial: Retrial): void {
    // A clock may call once more than it should.
    if (retrial.stop === undefined || contentOf(retrial.future) !== retrial) return
    this.#backlog.release(retrial)
    observer?.queued(retrial.future)
    this.#queued(retrial.future)
  }

  /** A call waits for a slot now. */
  #queued(future: AnyFuture): void {
    this.lending?.noteCall(future)
    this.#noteQueued()
  }

  #noteQueued(): void {
    this.wake()
    if (!this.#wasFull && !this.#executions.hasFree) this.#noteFull(true)
  }

  #enqueue(future: AnyFuture, definition: Definition): void {
    this.#backlog.push(future, definition.priority)
    this.#queued(future)
  }

  #noteFull(isFull: boolean): void {
    this.#wasFull = isFull
    this.onFull?.(this, isFull)
  }

  #startNext(): void {
    const call = this.#backlog.next() as AnyFuture | QuietCall
    if (call instanceof QuietCall) return this.#startQuiet(call)
    const definition = driverOf(call) as Definition
    const isPlain = this.#isPlain && definition.isPlain && !this.lending
    if (!isPlain || observer !== undefined || tracker !== undefined) return this.#start(call)
    // Most calls: with less to ask, 15 ns.
    this.#pace.note(definition)
    const data = contentOf(call) as Call
    this.#backlog.startable -= 1
    this.tally.start(true)
    const execution = this.#executions.take(undefined)
    move(call, RUNNING, execution)
    execution.runPlain(call, definition, data)
  }

  #startQuiet(call: QuietCall): void {
    if (observer !== undefined || tracker !== undefined) return this.#start(call.reveal())
    this.#pace.note(call.definition)
    this.#backlog.startable -= 1
    this.tally.start(true)
    const execution = this.#executions.take(undefined)
    this.rate?.count()
    execution.quiet = call
    call.run(execution)
  }

  /** Starts a call that waits; with `lender` in the slot of that body. */
  #start(future: AnyFuture, lender?: Holder): void {
    const definition = driverOf(future) as Definition
    this.#pace.note(definition)
    const signal = this.signal?.aborted ? this.signal : definition.options.signal
    // Others of this signal may be cancelled before it, and have made room for it.
    if (signal?.aborted) return void future.cancel(signal.reason)
    const data = contentOf(future)
    this.lending?.forget(future)
    const retrial = lender ? this.#backlog.pick(data) : this.#backlog.take(data)
    this.tally.start(retrial === undefined)
    const execution = this.#executions.take(lender)
    move(future, RUNNING, execution)
    // As late as can be: by its own clock, too, a body must not see too many starts.
    this.rate?.count()
    execution.run(
      future,
      definition,
      retrial === undefined ? (data as Call) : retrial.call,
      retrial,
    )
  }

  /** Starts calls in the slots of bodies that wait for them. */
  #lend(lending: Lending): void {
    while (this.#isOpen()) {
      const loan = lending.next()
      if (loan === undefined || !this.#isInTime()) return
      this.#start(loan.future, loan.lender)
    }
  }

  readonly #drainAwake = (): void => {
    this.#awake = false
    this.drain()
  }

  readonly #drainAfter = { settled: (): undefined => void this.#drainApart() }

  /** As `drain`, where somebody may be on the stack who has called in the end. */
  #drainApart(): void {
    if (this.#backlog.startable > 0) callApart(this.drain, this)
    else this.drain()
  }

  /** Whether there is a call that can start, and starts are not held back. */
  #isOpen(): boolean {
    return this.#backlog.startable > 0 && !this.paused && !this.#pace.isHeld
  }

  #mayStart(few = 0): boolean {
    return this.#isOpen() && this.#executions.hasFree && this.#isInTime(few)
  }

  /** Whether the rate allows another start, and the event loop needs no turn. */
  #isInTime(few = 0): boolean {
    return this.rate?.admits(this.#drainAwake) !== false && this.#pace.allows(few)
  }

  #checkIdle(): void {
    if (this.#executions.size > 0 || this.#backlog.size > 0) return
    this.#pace.pause()
    forgetScope()
    if (this.#idlers.length > 0) for (const resolve of this.#idlers.splice(0)) resolve()
  }

  #closedError(): InvalidStateError {
    return new InvalidStateError(`The ${this.kind} "${this.name}" is closed`)
  }
}

// Not a closure inside `ended`, as `#drainAfterTurn`.
function tellOfEnd(witnesses: readonly Witness[], state: Settled, reason: unknown): void {
  for (const witness of witnesses) {
    if (state === REJECTED) witness.threw(reason)
    witness.ended()
  }
}

/** The call that a pending future stands for, by its data. */
export function callOf(data: unknown): Call {
  const isMore = data instanceof Execution || data instanceof Unqueued || data instanceof Retrial
  return isMore ? data.call : (data as Call)
}

/** The data of a lazy future that nobody has asked for. */
class Unqueued {
  readonly call: Call

  constructor(call: Call) {
    this.call = call
  }
}

const resolved = Promise.resolve()

/** Instead of what a call fails with: it does not, for now. */
const AGAIN = Symbol('again')

/**
 * How many eager calls are being made inside each other. Many more would use up the stack, and that
 * at whatever line it ends: in the middle of keeping count, too.
 */
let nested = 0
const MOST_NESTED = 200

/** So many eager calls start inside the call, even if the machine stalls between two of them. */
const FEW_EAGER = 16
