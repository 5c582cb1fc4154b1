import { check, checkNumber, checkOptions } from '../internal/check.ts'
import type { TaskOptions } from './task-options.ts'

/** How a source is mapped. `name`, `timeout`, `priority` and `retry` are those of each call. */
export interface MapOptions extends TaskOptions {
  /**
   * Whether results are streamed in the order of the items; otherwise in that of completion.
   * Awaited, the array has the order of the items in any case. Default `true`.
   */
  ordered?: boolean | undefined
  /**
   * How many items may be pulled from the source and not yet be handed over: a whole number from 1
   * up, or `Infinity`. Default: the scheduler's concurrency, 16 when that is infinite.
   */
  buffer?: number | undefined
  /**
   * Whether the first failure ends it. Otherwise all failures are thrown at the end, as an
   * `AggregateError`. Default `true`.
   */
  stopOnError?: boolean | undefined
  /** Cancels the whole when it aborts. */
  signal?: AbortSignal | undefined
}

/**
 * Gives a copy, which the caller cannot change any more.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 */
export function copyMapOptions(options: MapOptions): CheckedMapOptions {
  checkOptions(options)
  const { ordered = true, buffer, stopOnError = true, signal } = options
  const { name, timeout, priority, retry } = options
  check(typeof ordered === 'boolean', 'ordered', 'true or false', ordered)
  check(typeof stopOnError === 'boolean', 'stopOnError', 'true or false', stopOnError)
  const isSize = (n: number): boolean => n >= 1 && (Number.isInteger(n) || n === Infinity)
  if (buffer !== undefined) {
    checkNumber('buffer', 'a whole number from 1 up, or Infinity', buffer, isSize)
  }
  return { ordered, buffer, stopOnError, signal, call: { name, timeout, priority, retry } }
}

/** The options, those of the calls apart. */
export interface CheckedMapOptions {
  readonly ordered: boolean
  readonly buffer: number | undefined
  readonly stopOnError: boolean
  readonly signal: AbortSignal | undefined
  readonly call: TaskOptions
}
