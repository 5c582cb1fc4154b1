import type { AnyFuture } from '../core/future.ts'
import type { Call } from './call.ts'
import type { Context } from './context.ts'
import type { Attempts } from './retry.ts'

/** The data of a call between two attempts: in the delay, or waiting for a slot again. */
export class Retrial {
  readonly future: AnyFuture
  readonly call: Call
  /** Its place in the order of the first starts. */
  readonly order: number
  readonly attempts: Attempts
  /** The context of its attempts, if it was asked for. */
  readonly context: Context | undefined
  /** Ends the delay, while there is one. */
  stop: (() => void) | undefined

  constructor(
    future: AnyFuture,
    call: Call,
    order: number,
    attempts: Attempts,
    context: Context | undefined,
  ) {
    this.future = future
    this.call = call
    this.order = order
    this.attempts = attempts
    this.context = context
  }
}
