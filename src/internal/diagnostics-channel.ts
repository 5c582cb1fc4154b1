/**
 * Node's tracing channels, which tools that watch a program subscribe to. Found at run time, so
 * that browsers and bundlers never see an import of them.
 */

/** A channel that messages are published on. */
export interface Channel {
  readonly hasSubscribers: boolean
  publish(message: object): void
  /** Publishes a message, and calls a function in the stores that were bound to the channel. */
  runStores<R>(message: object, fn: (...args: never[]) => R, self: unknown, ...args: unknown[]): R
}

/** The five channels of one operation. */
export interface TracingChannel {
  readonly start: Channel
  readonly end: Channel
  readonly asyncStart: Channel
  readonly asyncEnd: Channel
  readonly error: Channel
}

interface Host {
  process?: {
    getBuiltinModule?(name: string): { tracingChannel?(name: string): TracingChannel } | undefined
  }
}

/** Gives the tracing channels of an operation; `undefined` where the runtime has none. */
export function tracingChannel(name: string): TracingChannel | undefined {
  const { process } = globalThis as Host
  return process?.getBuiltinModule?.('diagnostics_channel')?.tracingChannel?.(name)
}
