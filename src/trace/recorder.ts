import type { Status } from '../core/cell.ts'
import { systemClock } from '../core/clock.ts'
import type { Observed, ObservedBody, ObservedLane, Observer } from '../core/observer.ts'
import { endStore, makeStore, type Store } from '../internal/async-context.ts'
import { HeldThread } from './held-thread.ts'
import { RecentResults, weak } from './recent-results.ts'
import { Lane, type LaneClock, SpanRecord } from './span.ts'

/** How a recorder is made: the options of `trace`, checked. */
export interface RecorderOptions {
  /** Only calls of these, if given. */
  readonly owners: ReadonlySet<object> | undefined
  readonly limit: number
  readonly stacks: boolean
  readonly callers: boolean
  readonly clock: LaneClock | undefined
}

/** Told of everything that changes. */
export type SpanListener = (span: SpanRecord, event: 'called' | 'started' | 'settled') => void

/** Writes down what it observes, as spans. */
export class Recorder implements Observer {
  isStopped = false
  /** Told of calls, starts and ends. */
  readonly listeners: Set<SpanListener> = new Set()
  /** When it began, on the clock of `performance.now()`. */
  readonly began: number = performance.now()
  readonly #options: RecorderOptions
  readonly #store: Store | undefined
  // In the order of the calls; at most twice as many as the limit.
  readonly #spans: SpanRecord[] = []
  readonly #known = new WeakMap<Observed, SpanRecord>()
  readonly #lanes = new WeakMap<ObservedLane, Lane>()
  readonly #thread = new HeldThread()
  readonly #results = new RecentResults<SpanRecord>()
  // The lane of what belongs to no scheduler. Not known before the first call, unless it was given.
  #ownLane: Lane | undefined
  // Stands for whoever makes calls outside of all bodies.
  readonly #outside: SpanRecord
  #ids = 0
  #calls = 0

  constructor(options: RecorderOptions) {
    this.#options = options
    this.#store = options.callers ? makeStore() : undefined
    const clock = options.clock ?? systemClock
    const lane = new Lane(undefined, clock, clock.now())
    if (options.clock !== undefined) this.#ownLane = lane
    this.#outside = new SpanRecord(0, '', 'main', lane, 0, undefined)
  }

  /** Those that are kept, in the order of the calls. */
  get spans(): readonly SpanRecord[] {
    this.#thread.share()
    return this.#spans.slice(Math.max(0, this.#spans.length - this.#options.limit))
  }

  /** How many calls were recorded, those included that are not kept. */
  get calls(): number {
    return this.#calls
  }

  stop(): void {
    if (this.isStopped) return
    this.isStopped = true
    this.#thread.stop()
    if (this.#store !== undefined) endStore(this.#store)
    for (const { lane } of this.#spans) lane.stoppedAt ??= lane.clock.now()
  }

  // What is told of calls.

  called(future: Observed, source: ObservedLane, args: readonly unknown[], entry: unknown): void {
    const { owners, stacks } = this.#options
    if (this.isStopped) return
    if (owners !== undefined && (!source.owner || !owners.has(source.owner))) return
    const lane = this.#laneOf(source)
    const at = lane.clock.now()
    const by = this.#caller()
    if (!lane.clock.isVirtual) this.#thread.watch()
    this.#thread.notice(by)
    const span = new SpanRecord(++this.#ids, future.name, 'task', lane, at, by)
    this.#add(future, span)
    span.queuedSince = at
    this.#calls += 1
    lane.concurrency = Math.max(lane.concurrency, source.concurrency)
    if (stacks) span.stack = stackAbove(entry)
    this.#line(span, args)
    this.#tell(span, 'called')
  }

  queued(future: Observed): void {
    const span = this.#find(future)
    if (span !== undefined) span.queuedSince = span.lane.clock.now()
  }

  started(future: Observed, thread?: string, at?: number): void {
    const span = this.#find(future)
    if (thread === undefined) this.#thread.enter(span)
    if (span === undefined) return
    if (span.isRunning) {
      if (at !== undefined) span.correct(at)
    } else {
      span.open(at ?? span.lane.clock.now())
      span.status = 'running'
      this.#tell(span, 'started')
    }
    if (thread !== undefined) span.thread = thread
  }

  wrap(future: Observed, body: ObservedBody): ObservedBody {
    const store = this.#store
    const span = store && this.#find(future)
    if (span === undefined) return body
    return function callTraced(this: unknown, ...args) {
      return store?.run(span, Reflect.apply, body, this, args)
    }
  }

  yielded(): void {
    if (!this.isStopped) this.#thread.leave()
  }

  ended(future: Observed, at?: number): void {
    const span = this.#find(future)
    if (at === undefined) this.#thread.notice(span)
    if (span?.isRunning) span.close(at ?? span.lane.clock.now())
  }

  delayed(future: Observed, delay: number): void {
    const span = this.#find(future)
    if (span === undefined) return
    span.reopen()
    if (delay === 0) span.queuedSince = span.lane.clock.now()
  }

  // What is told of all futures.

  collected(future: Observed): void {
    const span = this.#find(future)
    if (span === undefined) return
    span.collected = span.lane.clock.now()
    this.#thread.notice(this.#caller())
  }

  combined(future: Observed, inputs: readonly Observed[]): void {
    if (this.isStopped) return
    const spans = inputs.flatMap((input) => this.#known.get(input) ?? [])
    const [first] = spans
    if (first === undefined && this.#options.owners !== undefined) return
    const lane = first?.lane ?? this.#own
    const at = lane.clock.now()
    const by = this.#caller()
    this.#thread.notice(by)
    const wait = new SpanRecord(++this.#ids, future.name, 'wait', lane, at, by)
    wait.inputs = spans
    wait.start = at
    wait.status = 'running'
    this.#add(future, wait)
  }

  settled(future: Observed): void {
    const span = this.#find(future)
    if (span === undefined) return
    const at = span.lane.clock.now()
    span.settled = at
    span.status = future.status as Status
    if (span.kind === 'task') {
      if (span.queuedSince !== undefined) span.queued += at - span.queuedSince
      span.queuedSince = undefined
      const by = span.by ?? this.#outside
      by.pendingCalls -= 1
      if (span.isAlone && span.status === 'fulfilled') {
        this.#results.add(span, future.value, span.args)
      }
    }
    if (!span.isRunning && span.end === undefined) span.end = at
    this.#tell(span, 'settled')
  }

  // Main's own work.

  /** Calls `body` as a span of its own; gives what it gave, and a function that ends the span. */
  span<T>(name: string, body: () => T): { result: T; end: (status: Status) => void } {
    const lane = this.#own
    const at = lane.clock.now()
    if (!lane.clock.isVirtual) this.#thread.watch()
    const span = new SpanRecord(++this.#ids, name, 'main', lane, at, this.#caller())
    this.#add(undefined, span)
    span.open(at)
    span.status = 'running'
    this.#tell(span, 'started')
    const end = (status: Status): void => {
      if (this.isStopped) return
      this.#thread.notice(span)
      span.close(span.lane.clock.now())
      span.settled = span.end
      span.status = status
      this.#tell(span, 'settled')
    }
    this.#thread.enter(span)
    try {
      return { result: this.#store ? this.#store.run(span, body) : body(), end }
    } catch (error) {
      end('rejected')
      throw error
    } finally {
      this.yielded()
    }
  }

  // Its books.

  #tell(...event: Parameters<SpanListener>): void {
    for (const listener of this.listeners) listener(...event)
  }

  /** Notes what a call has to do with the one that its caller made before. */
  #line(span: SpanRecord, args: readonly unknown[]): void {
    const by = span.by ?? this.#outside
    const before = by.lastCall
    if (by.pendingCalls > 0) {
      span.isAlone = false
      if (before?.isAlone) before.isAlone = false
    } else {
      span.args = weak(args)
      const sources = this.#results.sourcesOf(args)
      if (sources.length > 0) span.needs = sources
      else if (before?.isAlone) span.follows = before
    }
    by.lastCall = span
    by.pendingCalls += 1
  }

  #find(future: Observed): SpanRecord | undefined {
    return this.isStopped ? undefined : this.#known.get(future)
  }

  #caller(): SpanRecord | undefined {
    return (this.#store?.getStore() as SpanRecord | undefined) ?? this.#thread.current
  }

  #add(future: Observed | undefined, span: SpanRecord): void {
    if (future !== undefined) this.#known.set(future, span)
    const { limit } = this.#options
    if (this.#spans.push(span) >= 2 * limit) {
      // Cut loose from what came before, or the oldest would be kept by the latest.
      for (const old of this.#spans.splice(0, this.#spans.length - limit)) old.forget()
    }
  }

  #laneOf(source: ObservedLane): Lane {
    const known = this.#lanes.get(source)
    if (known !== undefined) return known
    const { name, clock, rate } = source
    if (this.#ownLane === undefined) this.#adopt(clock)
    const lane = new Lane(name, clock, this.#zeroOf(clock), rate)
    this.#lanes.set(source, lane)
    return lane
  }

  /** The lane of what belongs to no scheduler. */
  get #own(): Lane {
    return this.#ownLane ?? this.#outside.lane
  }

  /** The first scheduler has been seen: main's own work goes by its clock. */
  #adopt(clock: LaneClock): void {
    const { lane } = this.#outside
    const now = clock.now()
    // Under a virtual clock no time has passed until now; another one goes on at the same pace.
    const passed = clock.isVirtual ? 0 : lane.clock.now() - lane.zero
    this.#ownLane = new Lane(undefined, clock, now - passed)
    for (const span of this.#spans) span.moveTo(this.#ownLane)
  }

  /** What a clock shows at the zero of the timeline. */
  #zeroOf(clock: LaneClock): number {
    const own = this.#own
    return clock === own.clock ? own.zero : clock.now() - (own.clock.now() - own.zero)
  }
}

/** The stack of the call, without what is below the function that the user called. */
function stackAbove(entry: unknown): string | undefined {
  const holder: { stack?: string } = {}
  ;(Error as { captureStackTrace?(target: object, above?: unknown): void }).captureStackTrace?.(
    holder,
    entry,
  )
  // Without frames where the function is not on the stack: a mapping calls later, from nowhere.
  const [, frames] = holder.stack?.split(/\n(.*)/s) ?? []
  return frames
}
