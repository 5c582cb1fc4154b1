import { cancelOnAbort } from '../core/cancel-on.ts'
import { cancelAll } from '../core/canceller.ts'
import {
  concludeLike,
  contentOf,
  driverOf,
  move,
  REJECTED,
  RUNNING,
  SCHEDULED,
  type Settled,
  settle,
  subscribe,
} from '../core/cell.ts'
import type { Clock } from '../core/clock.ts'
import { InvalidStateError } from '../core/errors.ts'
import { type AnyFuture, drive } from '../core/future.ts'
import { Burst, yieldTurn } from '../internal/event-loop.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import { type Call, recordCall } from './call.ts'
import type { Context } from './context.ts'
import type { Definition, Lane } from './definition.ts'
import { Execution, type Slots } from './execution.ts'
import type { CheckedSchedulerOptions, StartMode } from './scheduler-options.ts'

/**
 * The engine of a scheduler: a queue of calls, and the slots in which bodies run.
 *
 * Apart from `Scheduler`, so that who only uses `task` does not pay for the rest of that class.
 */
export class Dispatcher implements Lane, Slots {
  readonly name: string
  readonly clock: Clock
  concurrency: number
  /** Bodies that have started and not really ended. */
  running = 0
  /** Calls that wait to start. The queue itself may be longer: cancelled calls leave it later. */
  queued = 0
  paused = false
  closed = false

  readonly #queue = new PriorityQueue<AnyFuture>()
  // The first `running` executions hold bodies, in no order; those behind are free, for the next
  // ones.
  readonly #executions: Execution[] = []
  readonly #burst = new Burst()
  #starts = 0
  #awake = false
  #draining = false
  #isHeld = false
  #idlers: (() => void)[] = []
  readonly #start: StartMode
  readonly #slice: number
  readonly #signal: AbortSignal | undefined

  constructor(options: CheckedSchedulerOptions) {
    this.name = options.name
    this.concurrency = options.concurrency
    this.clock = options.clock
    this.#start = options.start
    this.#slice = options.slice
    this.#signal = options.signal
  }

  /** Takes a call: gives its future, and runs none of its body unless calls start eagerly. */
  submit(definition: Definition, self: unknown, args: readonly unknown[]): AnyFuture {
    if (this.closed) throw this.#closedError()
    const call = recordCall(self, args)
    const isLazy = this.#start === 'lazy'
    const future = drive(definition, SCHEDULED, isLazy ? new Unqueued(call) : call)
    if (!isLazy) this.#enqueue(future, definition)
    cancelOnAbort(future, this.#signal)
    cancelOnAbort(future, definition.options.signal)
    // The only one that waits is this one, unless it was cancelled at once.
    const isNext = this.#start === 'eager' && this.queued === 1 && !future.done
    if (isNext && this.#mayStart(FEW_EAGER)) this.#startNext()
    return future
  }

  /** Starts bodies while there are free slots, in one microtask for all the calls until then. */
  wake(): void {
    if (this.#awake || this.queued === 0 || !this.#hasSlot()) return
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

  /** Cancels what runs, in the order of the starts, then what waits, in its order. */
  cancel(reason: unknown): void {
    const running = this.#executions.slice(0, this.running).sort((a, b) => a.order - b.order)
    const futures = running.map((execution) => execution.future)
    this.#queue.retain((future) => futures.push(future) > 0)
    // A body that ends because of this must not make room for one that is about to be cancelled.
    const isHeld = this.#isHeld
    this.#isHeld = true
    cancelAll(futures, reason)
    this.#isHeld = isHeld
    this.drain()
  }

  drain(): void {
    if (this.#draining) return
    this.#draining = true
    try {
      while (this.queued > 0 && this.#mayStart()) this.#startNext()
    } finally {
      // Whatever a hostile signal or clock throws surfaces, and must not stop the rest for ever.
      this.#draining = false
    }
    this.#checkIdle()
  }

  // Lane: what happens to a future of this dispatcher before its body starts, or by a cancel.

  demanded(future: AnyFuture, data: unknown): void {
    if (!(data instanceof Unqueued)) return
    if (this.closed) return settle(future, REJECTED, this.#closedError())
    move(future, SCHEDULED, data.call)
    this.#enqueue(future, driverOf(future) as Definition)
  }

  withdrawn(data: unknown): Context | undefined {
    if (data instanceof Execution) return data.startedContext
    if (data instanceof Unqueued) return undefined
    this.queued -= 1
    // Cancelled calls are dropped when their turn comes, but must not pile up behind a body that
    // never ends.
    const dead = this.#queue.size - this.queued
    if (dead > 32 && dead > this.queued) this.#queue.retain((future) => !future.done)
    return undefined
  }

  abort(reason: unknown, context: Context | undefined): void {
    context?.abort(reason)
    this.#checkIdle()
  }

  // Slots: what executions tell.

  ended(execution: Execution, state: Settled, outcome: unknown): void {
    settle(this.#release(execution), state, outcome)
    this.drain()
  }

  endedLike(execution: Execution, result: AnyFuture): AnyFuture | undefined {
    const future = this.#release(execution)
    // Last among its subscribers: a slot passes on after the listeners, here as in `ended`.
    if (!future.done) subscribe(future, this.#drainAfter)
    else this.drain()
    return concludeLike(future, result)
  }

  #enqueue(future: AnyFuture, definition: Definition): void {
    this.#queue.push(future, definition.options.priority ?? 0)
    this.queued += 1
    this.wake()
  }

  #startNext(): void {
    let future = this.#queue.shift() as AnyFuture
    while (future.done) future = this.#queue.shift() as AnyFuture
    const definition = driverOf(future) as Definition
    const signal = this.#signal?.aborted ? this.#signal : definition.options.signal
    // Others of this signal may be cancelled before it, and have made room for it.
    if (signal?.aborted) return void future.cancel(signal.reason)
    this.queued -= 1
    const call = contentOf(future) as Call
    const execution = this.#take()
    move(future, RUNNING, execution)
    execution.run(future, definition, call)
  }

  #take(): Execution {
    const execution = this.#executions[this.running] ?? new Execution(this)
    this.#executions[this.running] = execution
    execution.slot = this.running++
    execution.order = this.#starts++
    return execution
  }

  #release(execution: Execution): AnyFuture {
    const executions = this.#executions
    const last = executions[--this.running] as Execution
    last.slot = execution.slot
    executions[last.slot] = last
    executions[this.running] = execution
    if (executions.length > MOST_KEPT) executions.pop()
    return execution.clear()
  }

  readonly #drainAwake = (): void => {
    this.#awake = false
    this.drain()
  }

  readonly #drainAfter = { settled: (): undefined => void this.drain() }

  #hasSlot(): boolean {
    return this.running < this.concurrency && !this.paused && !this.#isHeld
  }

  /**
   * Whether a slot is free and, rule 7, the event loop needs no turn: a flood of short bodies lets
   * it turn.
   */
  #mayStart(few = 0): boolean {
    if (!this.#hasSlot()) return false
    if (this.#slice === Infinity || !this.#burst.hasLasted(this.#slice, few)) return true
    this.#isHeld = true
    yieldTurn(this.#drainAfterTurn)
    return false
  }

  // Not a closure inside `#mayStart`: it would cost every start a context of its own, a sixth of
  // the whole.
  readonly #drainAfterTurn = (): void => {
    this.#isHeld = false
    this.drain()
  }

  #checkIdle(): void {
    if (this.running > 0 || this.queued > 0) return
    this.#burst.pause()
    if (this.#idlers.length === 0) return
    for (const resolve of this.#idlers.splice(0)) resolve()
  }

  #closedError(): InvalidStateError {
    return new InvalidStateError(`The scheduler "${this.name}" is closed`)
  }
}

/** The data of a lazy future that nobody has asked for. */
class Unqueued {
  readonly call: Call

  constructor(call: Call) {
    this.call = call
  }
}

const resolved = Promise.resolve()

/** So many eager calls start inside the call, even if the machine stalls between two of them. */
const FEW_EAGER = 16

/** How many executions are kept for the next bodies. */
const MOST_KEPT = 1024
