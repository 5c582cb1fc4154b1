import type { Clock } from '../../src/core/clock.ts'
import { Call, type TaskOptions } from './call.ts'
import { systemClock } from './clock.ts'
import type { TaskContext } from './context.ts'
import { InvalidStateError } from './errors.ts'
import type { Future } from './future.ts'
import { cancelOnAbort } from './limits.ts'

export interface SchedulerOptions {
  concurrency?: number
  start?: 'deferred' | 'eager' | 'lazy'
  clock?: Clock
  signal?: AbortSignal
}

export interface Task {
  (...args: unknown[]): Future<unknown>
  with(options: TaskOptions): Task
}

/** Decides when bodies start. */
export class Scheduler {
  paused = false
  private readonly options: SchedulerOptions
  private limit = Infinity
  private closed = false
  // In the order of the calls; under "lazy" in that of collection. Some may have been cancelled since.
  private calls: Call[] = []
  // In the order in which they started.
  private executing = new Set<Call>()
  private whenIdle: (() => void)[] = []
  private drainComes = false
  private draining = false
  private cancelling = false

  constructor(options: SchedulerOptions = {}) {
    this.options = options
    this.concurrency = options.concurrency ?? Infinity
  }

  get running(): number {
    return this.executing.size
  }

  get queued(): number {
    return this.waiting().length
  }

  get concurrency(): number {
    return this.limit
  }

  set concurrency(limit: number) {
    const wholeNumber = 'Expected `concurrency` to be a whole number from 1 up, or Infinity'
    if (typeof limit !== 'number') throw new TypeError(wholeNumber)
    if (limit !== Infinity && !(Number.isInteger(limit) && limit >= 1)) {
      throw new RangeError(wholeNumber)
    }
    this.limit = limit
    this.drainSoon()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.drainSoon()
  }

  /** Resolves when nothing runs and nothing waits. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.whenIdle.push(resolve)
      this.tellIfIdle()
    })
  }

  close(): Promise<void> {
    this.closed = true
    return this.idle()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** First what runs, in the order of the starts; then what waits, in its order. Nothing starts meanwhile. */
  cancel(reason?: unknown): void {
    const calls = [...this.executing, ...this.waiting()]
    const { cancelling } = this
    this.cancelling = true
    for (const { future } of calls) future.cancel(reason)
    this.cancelling = cancelling
    this.drain()
  }

  spawn<T>(body: (context: TaskContext) => T, options: TaskOptions = {}): Future<Awaited<T>> {
    checkBody(body)
    return this.call(body.name, body, options) as Future<Awaited<T>>
  }

  task(body: (...args: never[]) => unknown, options: TaskOptions = {}): Task {
    checkBody(body)
    const scheduler = this
    function task(this: unknown, ...args: unknown[]): Future<unknown> {
      return scheduler.call(body.name, () => body.apply(this, args as never[]), options)
    }
    const refine = (more: TaskOptions): Task => this.task(body, { ...options, ...more })
    Object.defineProperty(task, 'name', { value: options.name ?? (body.name || 'anonymous') })
    return Object.assign(task, { with: refine })
  }

  private call(
    name: string,
    body: (context: TaskContext) => unknown,
    options: TaskOptions,
  ): Future<unknown> {
    if (this.closed) throw closedError()
    const { clock = systemClock, start = 'deferred', signal } = this.options
    const call = new Call(name, body, options, clock, () => this.tellIfIdle())
    const { future } = call
    if (start === 'lazy') future.onBegin = () => this.enqueueLate(call)
    else this.enqueue(call)
    cancelOnAbort(future, signal)
    cancelOnAbort(future, options.signal)
    const [first, second] = this.waiting()
    if (start === 'eager' && first === call && !second && this.hasFreeSlot()) this.start(call)
    return future
  }

  /** A lazy call was made in time, but much may have happened until somebody collected it. */
  private enqueueLate(call: Call): void {
    if (this.closed) call.future.settle('rejected', closedError())
    if (!call.future.done) this.enqueue(call)
  }

  private enqueue(call: Call): void {
    this.calls.push(call)
    this.drainSoon()
  }

  /** Those that wait, in the order in which they will start. `sort` leaves equals as they come. */
  private waiting(): Call[] {
    return this.calls.filter(({ future }) => !future.done).sort((a, b) => b.priority - a.priority)
  }

  private hasFreeSlot(): boolean {
    return this.running < this.limit && !this.paused && !this.cancelling
  }

  /** One microtask, however many ask for it, and none for nothing. */
  private drainSoon(): void {
    if (this.drainComes || this.queued === 0 || !this.hasFreeSlot()) return
    this.drainComes = true
    queueMicrotask(() => {
      this.drainComes = false
      this.drain()
    })
  }

  /** Starts what may start. A body that ends while this goes on leaves its slot to this loop. */
  private drain(): void {
    if (this.draining) return
    this.draining = true
    while (this.hasFreeSlot()) {
      const [next] = this.waiting()
      if (!next) break
      this.start(next)
    }
    this.draining = false
    this.tellIfIdle()
  }

  private start(call: Call): void {
    // The signal is just telling others, and has not come to this one yet.
    const aborted = [this.options.signal, call.signal].find((signal) => signal?.aborted)
    if (aborted) return void call.future.cancel(aborted.reason)
    this.calls = this.waiting().filter((other) => other !== call)
    this.executing.add(call)
    call.run((status, outcome) => {
      this.executing.delete(call)
      call.future.settle(status, outcome)
      this.drain()
    })
  }

  private tellIfIdle(): void {
    if (this.running > 0 || this.queued > 0) return
    for (const tell of this.whenIdle.splice(0)) tell()
  }
}

function closedError(): InvalidStateError {
  return new InvalidStateError('The scheduler is closed')
}

function checkBody(body: unknown): void {
  if (typeof body !== 'function') throw new TypeError('Expected the body to be a function')
}

const anywhere = new Scheduler()
export const task: Scheduler['task'] = (...args) => anywhere.task(...args)
export const spawn: Scheduler['spawn'] = (...args) => anywhere.spawn(...args)
