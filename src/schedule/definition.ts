import type { Driver } from '../core/driver.ts'
import type { AnyFuture } from '../core/future.ts'
import { checkFunction } from '../internal/check.ts'
import { checkTaskOptions, type TaskOptions } from './task-options.ts'

/** What a definition needs of the dispatcher its calls go to. */
export interface Lane {
  demanded(future: AnyFuture, data: unknown): void
  withdrawn(data: unknown): void
  abort(reason: unknown, data: unknown): void
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters are checked where the task is made
export type Body = (this: any, ...args: any[]) => unknown

/** A body with its options: the driver of the futures of all its calls. */
export class Definition implements Driver<AnyFuture> {
  readonly body: Body
  readonly options: TaskOptions
  /** Whether the body takes its context as its argument, as with `spawn`. */
  readonly takesContext: boolean
  readonly #lane: Lane

  constructor(lane: Lane, body: Body, options: TaskOptions = DEFAULTS, takesContext = false) {
    checkFunction('body', body)
    if (options !== DEFAULTS) checkTaskOptions(options)
    this.#lane = lane
    this.body = body
    this.options = options
    this.takesContext = takesContext
  }

  get name(): string {
    return this.options.name ?? (this.body.name || 'anonymous')
  }

  demanded(future: AnyFuture, data: unknown): void {
    this.#lane.demanded(future, data)
  }

  withdrawn(_future: AnyFuture, data: unknown): void {
    this.#lane.withdrawn(data)
  }

  abort(_future: AnyFuture, reason: unknown, data: unknown): undefined {
    this.#lane.abort(reason, data)
  }
}

// Shared, so that a call of `spawn` without options does not make any.
const DEFAULTS: TaskOptions = {}
