import {
  checkName,
  checkNumber,
  checkOptions,
  checkSignal,
  checkTimeout,
} from '../internal/check.ts'

/** How calls of a task are treated. */
export interface TaskOptions {
  /** What reports and timelines call it. Default: the body's name, else `anonymous`. */
  name?: string | undefined
  /** Cancels the future when it aborts. If it has already, the body never runs. */
  signal?: AbortSignal | undefined
  /** Cancels the future with a `TimeoutError` so many milliseconds after its body started. Above 0. Default `Infinity`: none. */
  timeout?: number | undefined
  /** Among calls that wait for a slot, higher numbers start first. Default 0. */
  priority?: number | undefined
}

/** Throws unless the options of a task are what they should be. */
export function checkTaskOptions(options: TaskOptions): void {
  checkOptions(options)
  const { name, signal, timeout = Infinity, priority = 0 } = options
  checkName(name)
  checkSignal(signal)
  checkTimeout(timeout)
  checkNumber(!Number.isNaN(priority), 'priority', 'a number', priority)
}
