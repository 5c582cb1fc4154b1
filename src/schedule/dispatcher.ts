import { cancelAfter, cancelOnAbort } from '../core/cancel-on.ts'
import { type Clock, systemClock } from '../core/clock.ts'
import { CancelledError, InvalidStateError } from '../core/errors.ts'
import {
  type AnyFuture,
  cancelAll,
  conclude,
  contentOf,
  drive,
  driverOf,
  move,
  REJECTED,
  RUNNING,
  SCHEDULED,
  type Settled,
  settle,
  stateOf,
  subscribe,
} from '../core/future.ts'
import { heldLongerThan, yieldTurn } from '../internal/event-loop.ts'
import { PriorityQueue } from '../internal/priority-queue.ts'
import { Call, recordCall } from './call.ts'
import type { Definition, Lane } from './definition.ts'
import { Execution, type Slots } from './execution.ts'

/** When the body of a call starts. */
export type StartMode = 'deferred' | 'eager' | 'lazy'

/**
 * The engine of a scheduler: a queue of calls, and the slots in which bodies run.
 *
 * Apart from `Scheduler`, so that who only uses `task` does not pay for the rest of that class.
 */
export class Dispatcher implements Lane, Slots {
  name = 'scheduler'
  concurrency: number = Infinity
  start: StartMode = 'deferred'
  slice = 10
  clock: Clock = systemClock
  signal: AbortSignal | undefined
  /** Bodies that have started and not really ended. */
  running = 0
  /** Calls that wait to start. The queue itself may be longer: cancelled calls leave it later. */
  queued = 0
  paused = false
  closed = false

  readonly #queue = new PriorityQueue<AnyFuture>()
  #first: Execution | undefined
  #last: Execution | undefined
  readonly #spare: Execution[] = []
  #awake = false
  #draining = false
  #yielding = false
  #watchingSignal = false
  #idlers: (() => void)[] = []

  /** Takes a call: gives its future, and runs none of its body unless calls start eagerly. */
  submit(definition: Definition, self: unknown, args: readonly unknown[]): AnyFuture {
    if (this.closed) throw this.#closedError()
    const { signal } = definition.options
    if (this.signal?.aborted || signal?.aborted) return this.#refuse(definition, signal)
    if (this.start === 'eager' && this.#mayStartNow()) return this.#startNow(definition, self, args)
    const call = recordCall(self, args)
    const isLazy = this.start === 'lazy'
    const future = drive(definition, SCHEDULED, isLazy ? new Unqueued(call) : call)
    if (signal !== undefined) cancelOnAbort(future, signal)
    if (!isLazy) this.#enqueue(future, definition)
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
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#idlers.push(resolve))
  }

  /** Cancels what runs, in the order of the starts, then what waits, in its order. */
  cancel(reason: unknown = new CancelledError()): void {
    const futures: AnyFuture[] = []
    for (let each = this.#first; each !== undefined; each = each.next) {
      futures.push(each.future as AnyFuture)
    }
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      futures.push(next)
    }
    // A body that ends because of this must not make room for one that is about to be cancelled.
    const wasDraining = this.#draining
    this.#draining = true
    cancelAll(futures, reason)
    this.#draining = wasDraining
    this.drain()
  }

  drain(): void {
    if (this.#draining) return
    this.#draining = true
    while (this.queued > 0 && this.#hasSlot()) {
      if (this.#heldTooLong()) {
        this.#yield()
        break
      }
      this.#startNext()
    }
    this.#draining = false
    this.#checkIdle()
  }

  // Lane: what happens to a future of this dispatcher before its body starts, or by a cancel.

  demanded(future: AnyFuture, data: unknown): void {
    if (!(data instanceof Unqueued)) return
    if (this.closed) return settle(future, REJECTED, this.#closedError())
    if (this.signal?.aborted) return void future.cancel(this.signal.reason)
    move(future, SCHEDULED, data.call)
    this.#enqueue(future, driverOf(future) as Definition)
  }

  withdrawn(data: unknown): void {
    if (data instanceof Execution || data instanceof Unqueued) return
    this.queued -= 1
    // Cancelled calls are dropped when their turn comes, but must not pile up behind a body that never ends.
    const dead = this.#queue.size - this.queued
    if (dead > 32 && dead > this.queued) this.#queue.retain((future) => !future.done)
  }

  abort(reason: unknown, data: unknown): void {
    if (data instanceof Execution) data.abort(reason)
    else this.#checkIdle()
  }

  // Slots: what executions tell.

  ended(execution: Execution, state: Settled, outcome: unknown): void {
    settle(this.#release(execution), state, outcome)
    this.drain()
  }

  endedWith(execution: Execution, result: AnyFuture): AnyFuture | undefined {
    const future = this.#release(execution)
    if (future.done) {
      this.drain()
      return undefined
    }
    // Last among its subscribers: a slot passes on after the listeners, here as in `ended`.
    subscribe(future, this.#drainAfter)
    return conclude(future, stateOf(result) as Settled, contentOf(result))
  }

  /** The scheduler's signal has aborted. */
  handleEvent(): void {
    this.cancel(this.signal?.reason)
  }

  #refuse(definition: Definition, signal: AbortSignal | undefined): AnyFuture {
    const future = drive(definition, SCHEDULED, new Unqueued(undefined))
    future.cancel((this.signal?.aborted ? this.signal : signal)?.reason)
    return future
  }

  #enqueue(future: AnyFuture, definition: Definition): void {
    this.#watchSignal()
    this.#queue.push(future, definition.options.priority ?? 0)
    this.queued += 1
    this.wake()
  }

  #startNow(definition: Definition, self: unknown, args: readonly unknown[]): AnyFuture {
    this.#watchSignal()
    const future = drive(definition, SCHEDULED, undefined)
    const { signal } = definition.options
    if (signal !== undefined) cancelOnAbort(future, signal)
    // No scope: the body runs inside the call.
    const isBare = self === undefined && args.length === 0
    this.#run(future, definition, isBare ? undefined : new Call(self, args, undefined))
    return future
  }

  #startNext(): void {
    const future = this.#queue.shift() as AnyFuture
    if (future.done) return
    this.queued -= 1
    this.#run(future, driverOf(future) as Definition, contentOf(future) as Call | undefined)
  }

  #run(future: AnyFuture, definition: Definition, call: Call | undefined): void {
    const execution = this.#spare.pop() ?? new Execution(this)
    this.#link(execution)
    this.running += 1
    move(future, RUNNING, execution)
    const { timeout } = definition.options
    if (timeout !== undefined) cancelAfter(future, timeout, this.clock)
    execution.run(future, definition, call)
  }

  #release(execution: Execution): AnyFuture {
    const future = execution.future as AnyFuture
    this.#unlink(execution)
    this.running -= 1
    // Not used again after a cancel: its context may be about to abort.
    if (future.status !== 'cancelled') {
      execution.clear()
      if (this.#spare.length < MOST_SPARE) this.#spare.push(execution)
    }
    return future
  }

  #link(execution: Execution): void {
    execution.previous = this.#last
    if (this.#last === undefined) this.#first = execution
    else this.#last.next = execution
    this.#last = execution
  }

  #unlink(execution: Execution): void {
    const { previous, next } = execution
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next === undefined) this.#last = previous
    else next.previous = previous
    execution.previous = undefined
    execution.next = undefined
  }

  readonly #drainAwake = (): void => {
    this.#awake = false
    this.drain()
  }

  readonly #drainAfter = { settled: (): undefined => void this.drain() }

  /** Rule 7: a flood of short bodies lets the event loop turn. */
  #yield(): void {
    this.#yielding = true
    yieldTurn(() => {
      this.#yielding = false
      this.drain()
    })
  }

  #heldTooLong(): boolean {
    return this.slice !== Infinity && heldLongerThan(this.slice)
  }

  #hasSlot(): boolean {
    return this.running < this.concurrency && !this.paused && !this.#yielding
  }

  #mayStartNow(): boolean {
    return this.queued === 0 && this.#hasSlot() && !this.#heldTooLong()
  }

  #isIdle(): boolean {
    return this.running === 0 && this.queued === 0
  }

  #checkIdle(): void {
    if (!this.#isIdle()) return
    if (this.#watchingSignal) this.#unwatchSignal()
    if (this.#idlers.length === 0) return
    const idlers = this.#idlers
    this.#idlers = []
    for (const resolve of idlers) resolve()
  }

  // Listened to only while there is something to cancel: the signal may live much longer than the scheduler.
  #watchSignal(): void {
    if (this.signal === undefined || this.#watchingSignal) return
    this.#watchingSignal = true
    this.signal.addEventListener('abort', this)
  }

  #unwatchSignal(): void {
    this.#watchingSignal = false
    this.signal?.removeEventListener('abort', this)
  }

  #closedError(): InvalidStateError {
    return new InvalidStateError(`The scheduler "${this.name}" is closed`)
  }
}

const resolved = Promise.resolve()

/** How many executions are kept for the next bodies. */
const MOST_SPARE = 1024

/** The data of a future that is not in the queue: lazy and not asked for yet, or cancelled from the start. */
class Unqueued {
  readonly call: Call | undefined

  constructor(call: Call | undefined) {
    this.call = call
  }
}
