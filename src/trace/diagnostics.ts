import type { Observed, ObservedBody, ObservedLane, Observer } from '../core/observer.ts'
import { type TracingChannel, tracingChannel } from '../internal/diagnostics-channel.ts'
import { observe } from './observers.ts'

/** What is published of a call, one object through all its events. */
export interface TaskMessage {
  readonly name: string
  readonly scheduler: string
  /** How often the body has started. */
  attempt: number
  /** What it gave, once it has. */
  result?: unknown
  /** What it failed with, or why it was cancelled. */
  error?: unknown
}

/**
 * Publishes every call from now on to Node's `diagnostics_channel`, as tracing channels do, so that
 * whatever watches the program can subscribe to them: `tracing:gatherly:task:start` and `:end`
 * around the body up to its first `await`, once for each attempt; `:asyncStart` and `:asyncEnd`
 * when the future settles; `:error` before that if it failed or was cancelled. Stores bound to
 * `start` are entered for the body.
 *
 * Does nothing where there are no such channels, and costs little while nobody subscribes. Called
 * again it publishes no event twice.
 *
 * @returns A function that ends it, unless it was called again since: then the last does.
 *
 * @example
 * publishDiagnostics()
 * diagnostics_channel.tracingChannel('gatherly:task').subscribe({ start({ name }) { count(name) } })
 */
export function publishDiagnostics(): () => void {
  const channel = tracingChannel('gatherly:task')
  if (channel === undefined) return () => {}
  if (wanted++ === 0) stop = observe(new Publisher(channel))
  let isWanted = true
  return () => {
    if (isWanted && --wanted === 0) stop?.()
    isWanted = false
  }
}

/** How many want it published. */
let wanted = 0
let stop: (() => void) | undefined

class Publisher implements Observer {
  readonly #channel: TracingChannel
  readonly #messages = new WeakMap<Observed, TaskMessage>()

  constructor(channel: TracingChannel) {
    this.#channel = channel
  }

  called(future: Observed, { name: scheduler }: ObservedLane): void {
    const { start, end, asyncStart, asyncEnd, error } = this.#channel
    const isHeard = [start, end, asyncStart, asyncEnd, error].some((one) => one.hasSubscribers)
    if (isHeard) this.#messages.set(future, { name: future.name, scheduler, attempt: 0 })
  }

  wrap(future: Observed, body: ObservedBody): ObservedBody {
    const message = this.#messages.get(future)
    if (message === undefined) return body
    const { start, end } = this.#channel
    const published: ObservedBody = function callPublished(this: unknown, ...args) {
      try {
        return Reflect.apply(body, this, args)
      } finally {
        end.publish(message)
      }
    }
    return function callPublisher(this: unknown, ...args) {
      message.attempt += 1
      return start.runStores(message, published, this, ...args)
    }
  }

  settled(future: Observed): void {
    const message = this.#messages.get(future)
    if (message === undefined) return
    this.#messages.delete(future)
    const { asyncStart, asyncEnd, error } = this.#channel
    if (future.status === 'fulfilled') message.result = future.value
    else {
      message.error = future.reason
      error.publish(message)
    }
    asyncStart.publish(message)
    asyncEnd.publish(message)
  }

  queued(): void {}
  started(): void {}
  yielded(): void {}
  ended(): void {}
  delayed(): void {}
  collected(): void {}
  combined(): void {}
}
