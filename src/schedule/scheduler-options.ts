import { type Clock, systemClock } from '../core/clock.ts'
import { check, checkNumber, checkObject, checkOptions } from '../internal/check.ts'
import { type RateOptions, RateWindow } from './rate.ts'

/** When the body of a call starts. */
export type StartMode = 'deferred' | 'eager' | 'lazy'

/** What a scheduler is made with. */
export interface SchedulerOptions {
  /** What reports call it. Default: `scheduler`. */
  name?: string | undefined
  /**
   * How many bodies may run at once: a whole number from 1 up, or `Infinity`. Default `Infinity`.
   */
  concurrency?: number | undefined
  /**
   * When the body of a call starts. `deferred` (the default): in the next microtask. `eager`:
   * inside the call, up to its first await, when a slot is free and nobody waits (and no flood
   * holds the event loop: see `slice`). `lazy`: as deferred, but not before its future is first
   * collected.
   */
  start?: StartMode | undefined
  /**
   * How many bodies may start in a span of time, attempts that are repeated included. Default: no
   * limit.
   */
  rate?: RateOptions | undefined
  /**
   * How long bodies may be starting, in milliseconds of real time, before the event loop is let
   * turn: a flood of short bodies does not freeze timers, I/O and rendering. Default 10; `Infinity`
   * for never.
   */
  slice?: number | undefined
  /** The clock of timeouts and of the contexts' `sleep`. Default: `systemClock`. */
  clock?: Clock | undefined
  /**
   * Whether a body that awaits calls of this same scheduler lends them its slot until it goes on,
   * so that nested calls cannot wait for each other for ever. Takes `AsyncLocalStorage`, and makes
   * all bodies of the program slower. Default `false`.
   */
  reentrant?: boolean | undefined
  /** Cancels everything queued or running when it aborts, and every call from then on. */
  signal?: AbortSignal | undefined
}

/**
 * Gives a copy with the defaults filled in.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 */
export function copySchedulerOptions(options: SchedulerOptions): CheckedSchedulerOptions {
  checkObject(options)
  const { name = 'scheduler', concurrency = Infinity, start = 'deferred', slice = 10 } = options
  const { clock = systemClock, signal, rate, reentrant = false } = options
  checkOptions({ name, clock, signal })
  checkConcurrency(concurrency)
  checkStartMode(start)
  checkNumber('slice', 'milliseconds from 0 up, or Infinity', slice, (n) => n >= 0)
  check(typeof reentrant === 'boolean', 'reentrant', 'true or false', reentrant)
  const window = rate === undefined ? undefined : new RateWindow(rate, clock)
  return { name, concurrency, start, slice, clock, signal, rate: window, reentrant }
}

/** The options of a scheduler, all of them. */
export interface CheckedSchedulerOptions {
  readonly name: string
  readonly concurrency: number
  readonly start: StartMode
  readonly slice: number
  readonly clock: Clock
  readonly signal: AbortSignal | undefined
  readonly rate: RateWindow | undefined
  readonly reentrant: boolean
}

/** Throws unless so many bodies may run at once. */
export function checkConcurrency(concurrency: number): void {
  checkNumber(
    'concurrency',
    'a whole number from 1 up, or Infinity',
    concurrency,
    (n) => n >= 1 && (Number.isInteger(n) || n === Infinity),
  )
}

const START_MODES: readonly string[] = ['deferred', 'eager', 'lazy'] satisfies StartMode[]

/** Throws unless calls can start so. */
export function checkStartMode(start: StartMode): void {
  check(START_MODES.includes(start), 'start', '"deferred", "eager" or "lazy"', start)
}
