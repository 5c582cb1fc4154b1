import { driverOf } from '../core/cell.ts'
import type { Driver, Witness } from '../core/driver.ts'
import type { AnyFuture } from '../core/future.ts'
import type { Scope } from '../internal/async-context.ts'
import { checkFunction } from '../internal/check.ts'
import type { CallSite } from './call-site.ts'
import type { Context } from './context.ts'
import type { Executor } from './executor.ts'
import { copyTaskOptions, type TaskOptions } from './task-options.ts'

/** What a definition needs of the dispatcher its calls go to. */
export interface Lane {
  demanded(future: AnyFuture, data: unknown): void
  withdrawn(future: AnyFuture, data: unknown): Context | undefined
  lingers(future: AnyFuture, witness: Witness): boolean
  inputs(data: unknown): Iterable<AnyFuture>
  /** Whether a call waits for a slot: it does not run, and is neither lazy nor delayed. */
  isWaiting(future: AnyFuture): boolean
  /** What the bodies that run are known to wait for. */
  waits(): Iterable<AnyFuture>
  /** What the body of a cancelled future is known to wait for, while it still runs. */
  trail(cancelled: AnyFuture): Iterable<AnyFuture>
  abort(reason: unknown, context: Context | undefined): void
}

// biome-ignore lint/suspicious/noExplicitAny: the parameters are checked where the task is made
export type Body = (this: any, ...args: any[]) => unknown

/** A body with its options: the driver of the futures of all its calls. */
export class Definition implements Driver<AnyFuture> {
  /** No two have the same. */
  readonly id: number = ++made
  readonly body: Body
  readonly options: TaskOptions
  readonly priority: number
  /** Whether the body takes its context as its last argument, as with `spawn`. */
  readonly takesContext: boolean
  /** The function that its user calls: what is above it on the stack is the place of the call. */
  entry: unknown
  /** Where all its calls come from, if that is one place. */
  site: CallSite | undefined
  /** In which async context they all are made, if not in that of the moment. */
  origin: { readonly scope: Scope | undefined } | undefined
  readonly lane: Lane
  /** Where the body runs, if not on this thread. */
  readonly executor: Executor | undefined
  /** Whether all there is to a call is that its body is called, at some time. */
  readonly isPlain: boolean

  constructor(
    lane: Lane,
    body: Body,
    options: TaskOptions | undefined,
    takesContext: boolean,
    executor?: Executor,
  ) {
    checkFunction('body', body)
    this.lane = lane
    this.executor = executor
    this.body = body
    this.options = options === undefined ? DEFAULTS : copyTaskOptions(options)
    this.takesContext = takesContext
    const { signal, timeout, retry, priority = 0 } = this.options
    this.priority = priority
    this.isPlain = (signal ?? timeout ?? retry ?? executor) === undefined
  }

  get name(): string {
    const { name = nameOf(this.body) } = this.options
    return name
  }

  demanded(future: AnyFuture, data: unknown): void {
    this.lane.demanded(future, data)
  }

  withdrawn(future: AnyFuture, data: unknown): Context | undefined {
    return this.lane.withdrawn(future, data)
  }

  lingers(future: AnyFuture, witness: Witness): boolean {
    return this.lane.lingers(future, witness)
  }

  inputs(data: unknown): Iterable<AnyFuture> {
    return this.lane.inputs(data)
  }

  abort(reason: unknown, context: unknown): undefined {
    this.lane.abort(reason, context as Context | undefined)
  }
}

let made = 0

/** The priority of a call. */
export function priorityOf(future: AnyFuture): number {
  return (driverOf(future) as Definition).priority
}

function nameOf(body: Body): string {
  try {
    // Anything may have been put in its place.
    const name: unknown = body.name
    if (typeof name === 'string' && name !== '') return name
  } catch {}
  return 'anonymous'
}

// Shared, so that a call of `spawn` without options does not make any. Of the shape that copies
// have: reading them costs less where there is only one.
const DEFAULTS: TaskOptions = {
  name: undefined,
  signal: undefined,
  timeout: undefined,
  priority: 0,
  retry: undefined,
}
