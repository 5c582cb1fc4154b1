import type { Clock } from '../../src/core/clock.ts'
import { Call, type TaskOptions } from './call.ts'
import { systemClock } from './clock.ts'
import type { TaskContext } from './context.ts'
import { InvalidStateError } from './errors.ts'
import type { Future, Status } from './future.ts'
import { cancelOnAbort } from './limits.ts'
import { type MapBody, type MapOptions, Mapping } from './map.ts'
import { Rate, type RateOptions } from './rate.ts'

export interface SchedulerOptions {
  concurrency?: number
  start?: 'deferred' | 'eager' | 'lazy'
  rate?: RateOptions
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
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  private readonly startMode: SchedulerOptions['start']
  private readonly rate: Rate | undefined
  private limit = Infinity
  private closed = false
  // All futures it has made: what `progress` counts.
  private readonly made: Call[] = []
  // Those that were to start, in the order of the calls; under "lazy" in that of collection. A call that is retried
  // waits in its old place, before all that have not started.
  private calls: Call[] = []
  // In the order in which they started.
  private executing = new Set<Call>()
  private whenIdle: (() => void)[] = []
  private drainComes = false
  private draining = false
  private cancelling = false

  constructor(options: SchedulerOptions = {}) {
    const { start, rate, clock = systemClock, signal } = options
    this.startMode = start
    this.clock = clock
    this.signal = signal
    this.rate = rate && new Rate(rate, clock)
    this.concurrency = options.concurrency ?? Infinity
  }

  get running(): number {
    return this.executing.size
  }

  get queued(): number {
    return this.waiting().length
  }

  /** What has become of all calls, as of now. */
  get progress(): Record<string, number> {
    const { made, queued, running } = this
    const count = (...statuses: Status[]): number =>
      made.filter(({ future }) => statuses.includes(future.status)).length
    return {
      called: made.length,
      started: made.filter(({ started }) => started).length,
      fulfilled: count('fulfilled'),
      rejected: count('rejected'),
      cancelled: count('cancelled'),
      settled: count('fulfilled', 'rejected', 'cancelled'),
      queued,
      running,
    }
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

  map(source: unknown, body: MapBody, options: MapOptions = {}): Mapping {
    checkBody(body)
    return new Mapping(this, source, body, options)
  }

  private call(
    name: string,
    body: (context: TaskContext) => unknown,
    options: TaskOptions,
  ): Future<unknown> {
    if (this.closed) throw closedError()
    const call = new Call(name, body, options, this.clock, () => this.tellIfIdle())
    const { future } = call
    this.made.push(call)
    if (this.startMode === 'lazy') future.onBegin = () => this.enqueueLate(call)
    else this.enqueue(call)
    cancelOnAbort(future, this.signal)
    cancelOnAbort(future, options.signal)
    const isAlone = this.queued === 1 && future.status === 'scheduled'
    if (this.startMode === 'eager' && isAlone && this.mayStart()) this.start(call)
    return future
  }

  /** A lazy call was made in time, but much may have happened until somebody collected it. */
  private enqueueLate(call: Call): void {
    if (this.closed) call.future.settle('rejected', closedError())
    if (!call.future.done) this.enqueue(call)
  }

  private enqueue(call: Call): void {
    this.calls.push(call)
    call.future.onSettled(() => {
      this.calls = this.calls.filter((other) => other !== call)
      if (!this.next()) this.rate?.rest()
    })
    this.drainSoon()
  }

  /** Those that wait, in the order in which they will start. `sort` leaves equals as they come. */
  private waiting(): Call[] {
    const scheduled = this.calls.filter(({ future }) => future.status === 'scheduled')
    return scheduled.sort((a, b) => b.priority - a.priority)
  }

  private next(): Call | undefined {
    return this.waiting().find(({ delayed }) => !delayed)
  }

  private hasFreeSlot(): boolean {
    return this.running < this.limit && !this.paused && !this.cancelling
  }

  private mayStart(): boolean {
    if (!this.next() || !this.hasFreeSlot()) return false
    return this.rate?.admits(() => this.drain()) ?? true
  }

  /** One microtask, however many ask for it, and none for nothing. */
  private drainSoon(): void {
    if (this.drainComes || !this.next() || !this.hasFreeSlot()) return
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
    while (this.mayStart()) this.start(this.next() as Call)
    this.draining = false
    this.tellIfIdle()
  }

  private start(call: Call): void {
    // The signal is just telling others, and has not come to this one yet.
    const aborted = [this.signal, call.signal].find((signal) => signal?.aborted)
    if (aborted) return void call.future.cancel(aborted.reason)
    this.executing.add(call)
    this.rate?.count()
    call.run((status, outcome) => {
      // While the body still counts as running: this may ask the functions among the options.
      const verdict = call.judge(status, outcome)
      this.executing.delete(call)
      if ('end' in verdict) call.end(...verdict.end)
      else call.waitAgain(verdict.delay, () => this.drainSoon())
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

export const anywhere: Scheduler = new Scheduler()
export const task: Scheduler['task'] = (...args) => anywhere.task(...args)
export const spawn: Scheduler['spawn'] = (...args) => anywhere.spawn(...args)
