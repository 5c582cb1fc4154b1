import type { Status } from '../core/cell.ts'
import type { ObservedLane } from '../core/observer.ts'
import type { Weak } from './recent-results.ts'

/** One attempt of a body: from its start until it really ended. */
export interface Run {
  readonly start: number
  /** `undefined` while it runs. */
  readonly end: number | undefined
}

/**
 * What became of one call, of a piece of main's own work, or of a wait for other futures. All times
 * are milliseconds on the clock of its scheduler.
 */
export interface Span {
  /** Its place in the order of the calls, from 1 up. */
  readonly id: number
  readonly name: string
  /** `wait` is that of a gather, a race, a mapping or a group that is being joined. */
  readonly kind: 'task' | 'main' | 'wait'
  /** The name of the scheduler; `undefined` of what has none. */
  readonly scheduler: string | undefined
  /** When it was called. */
  readonly scheduled: number
  /** When the body started, for the first time. `undefined` if it never has. */
  readonly start: number | undefined
  /** When the future settled. */
  readonly settled: number | undefined
  /** When the body had really ended, which a cancel does not hasten; of all others when it settled. */
  readonly end: number | undefined
  readonly status: Status
  /** Where the body ran: `main`, or the name of a worker thread. */
  readonly thread: string
  /** The attempts, in their order: several only if it was retried. */
  readonly runs: readonly Run[]
  /** How long it waited to start, delays before another attempt not counted. */
  readonly queued: number
  /**
   * The longest it held the thread in one go: always in real time. Exact up to its first `await`;
   * after that at least so long, as far as can be told.
   */
  readonly held: number
  /** When somebody first attached to its outcome. */
  readonly collected: number | undefined
  /** Whose body made the call; `undefined` of calls from outside. */
  readonly by: Span | undefined
  /** What a wait waited for. */
  readonly inputs: readonly Span[]
  /** Where it was called, if stacks are recorded. */
  readonly stack: string | undefined
}

/** What the spans of one scheduler have in common. */
export class Lane {
  readonly name: string | undefined
  readonly clock: LaneClock
  /** What its clock shows at the zero of the timeline. */
  readonly zero: number
  /** The most bodies that could run at once while calls were made. */
  concurrency = 0
  /** How many bodies may start in any `interval`, if that is limited. */
  readonly rate: ObservedLane['rate']
  /** What its clock showed when the recording ended. */
  stoppedAt: number | undefined = undefined

  constructor(
    name: string | undefined,
    clock: LaneClock,
    zero: number,
    rate?: ObservedLane['rate'],
  ) {
    this.name = name
    this.clock = clock
    this.zero = zero
    this.rate = rate && { limit: rate.limit, interval: rate.interval }
  }

  /** How long after the first the start that follows so many others can come at the earliest. */
  earliestStart(others: number): number {
    return this.rate ? Math.floor(others / this.rate.limit) * this.rate.interval : 0
  }

  /** Now, or when the recording ended. */
  get now(): number {
    return this.stoppedAt ?? this.clock.now()
  }
}

/** All that is needed of a clock. */
export interface LaneClock {
  now(): number
  readonly isVirtual?: boolean
}

/** A span as it is written. Made for every call, so it has no lists until they are needed. */
export class SpanRecord implements Span {
  readonly id: number
  readonly name: string
  readonly kind: Span['kind']
  scheduled: number
  start: number | undefined = undefined
  settled: number | undefined = undefined
  end: number | undefined = undefined
  status: Status = 'scheduled'
  thread = 'main'
  queued = 0
  held = 0
  collected: number | undefined = undefined
  by: SpanRecord | undefined
  inputs: readonly SpanRecord[] = NO_INPUTS
  stack: string | undefined = undefined
  lane: Lane
  /** How many of the calls that its body made are not done. */
  pendingCalls = 0
  /** The call that was made last by its body. */
  lastCall: SpanRecord | undefined = undefined
  /** With what it was called, if that may tell something later. */
  args: readonly Weak[] = NO_ARGS
  /** Whether its caller has no other call that was not done at the same time. */
  isAlone = true
  /**
   * The call that its caller made before, if that was awaited first although this one does not need
   * its result, as far as can be told.
   */
  follows: SpanRecord | undefined = undefined
  /** How long it held the thread in all, in real time. */
  heldInAll = 0
  /** When its body began to hold the thread, in real time. */
  entered = 0
  /** The calls that gave what it was called with, as far as can be told. */
  needs: readonly SpanRecord[] = NO_INPUTS
  /** Whether a body runs now. */
  isRunning = false
  /** Since when it waits to start; `undefined` when it does not. */
  queuedSince: number | undefined = undefined
  // The last attempt, if there was one, and the next is not yet waited for.
  #hasRun = false
  #runStart = 0
  #runEnd: number | undefined = undefined
  #earlier: Run[] | undefined = undefined

  constructor(
    id: number,
    name: string,
    kind: Span['kind'],
    lane: Lane,
    scheduled: number,
    by: SpanRecord | undefined,
  ) {
    this.id = id
    this.name = name
    this.kind = kind
    this.lane = lane
    this.scheduled = scheduled
    this.by = by
  }

  get scheduler(): string | undefined {
    return this.lane.name
  }

  get runs(): readonly Run[] {
    const runs = [...(this.#earlier ?? [])]
    if (this.#hasRun) runs.push({ start: this.#runStart, end: this.#runEnd })
    return runs
  }

  /** A body starts. */
  open(at: number): void {
    this.isRunning = true
    this.#hasRun = true
    this.#runStart = at
    this.#runEnd = undefined
    this.start ??= at
    this.end = undefined
    if (this.queuedSince !== undefined) this.queued += Math.max(0, at - this.queuedSince)
    this.queuedSince = undefined
  }

  /** The start of the body that runs is known more exactly. */
  correct(at: number): void {
    this.queued = Math.max(0, this.queued + at - this.#runStart)
    if (this.start === this.#runStart) this.start = at
    this.#runStart = at
  }

  /** It has held the thread for so long in one go. */
  hold(ms: number): void {
    this.held = Math.max(this.held, ms)
    this.heldInAll += ms
  }

  /** The body has ended. */
  close(at: number): void {
    this.isRunning = false
    this.#runEnd = at
    this.end = at
  }

  /** The body that has ended will run again. */
  reopen(): void {
    this.#earlier ??= []
    this.#earlier.push({ start: this.#runStart, end: this.#runEnd })
    this.#hasRun = false
    this.end = undefined
    this.status = 'scheduled'
  }

  /** The clock of its lane was not known when it was written: its times are of another one. */
  moveTo(lane: Lane): void {
    const { zero, clock } = this.lane
    const move = (at: number): number => lane.zero + (lane.clock.isVirtual ? 0 : at - zero)
    if (clock === lane.clock && zero === lane.zero) return
    this.lane = lane
    this.scheduled = move(this.scheduled)
    this.#runStart = move(this.#runStart)
    if (this.start !== undefined) this.start = move(this.start)
    if (this.#runEnd !== undefined) this.#runEnd = move(this.#runEnd)
    if (this.settled !== undefined) this.settled = move(this.settled)
    if (this.end !== undefined) this.end = move(this.end)
  }

  /** It is not kept any longer. */
  forget(): void {
    this.by = undefined
    this.inputs = NO_INPUTS
    this.needs = NO_INPUTS
    this.lastCall = undefined
    this.follows = undefined
    this.args = NO_ARGS
  }
}

const NO_INPUTS: readonly SpanRecord[] = []
const NO_ARGS: readonly Weak[] = []
