import { checkNumber, checkObject, checkOptions } from '../internal/check.ts'
import { copyRetryOptions, type RetryOptions } from './retry.ts'

/** How calls of a task are treated. */
export interface TaskOptions {
  /** What reports and timelines call it. Default: the body's name, else `anonymous`. */
  name?: string | undefined
  /** Cancels the future when it aborts. If it has already, the body never runs. */
  signal?: AbortSignal | undefined
  /**
   * Cancels the future with a `TimeoutError` so many milliseconds after its body started. Above 0.
   * Default `Infinity`: none.
   */
  timeout?: number | undefined
  /** Among calls that wait for a slot, higher numbers start first. Default 0. */
  priority?: number | undefined
  /** Runs a body that failed again. `timeout` counts over all attempts. Default: not. */
  retry?: RetryOptions | undefined
}

/**
 * Gives a copy, which the caller cannot change any more.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 */
export function copyTaskOptions(options: TaskOptions): TaskOptions {
  checkObject(options)
  const { name, signal, timeout, priority = 0, retry } = options
  const retrying = retry === undefined ? undefined : copyRetryOptions(retry)
  const copy = { name, signal, timeout, priority, retry: retrying }
  checkOptions(copy)
  checkNumber('priority', 'a number', priority, (n) => !Number.isNaN(n))
  return copy
}
