import type { Clock } from '../../src/core/clock.ts'
import { sleep } from './clock.ts'
import { callIn, type TaskContext } from './context.ts'
import { Future, follow, type Settle } from './future.ts'
import { cancelAfter } from './limits.ts'

export interface TaskOptions {
  name?: string | undefined
  signal?: AbortSignal | undefined
  timeout?: number | undefined
  priority?: number | undefined
}

type Body = (context: TaskContext) => unknown

/** One call of a body, and the future that stands for it. */
export class Call {
  readonly future: Future<unknown>
  readonly priority: number
  readonly signal: AbortSignal | undefined
  private readonly body: Body
  private readonly timeout: number
  private readonly clock: Clock
  private readonly controller = new AbortController()

  constructor(name: string, body: Body, options: TaskOptions, clock: Clock, onCancel: () => void) {
    this.body = body
    this.priority = options.priority ?? 0
    this.signal = options.signal
    this.timeout = options.timeout ?? Infinity
    this.clock = clock
    const { future } = Future.withResolvers<unknown>({
      name: options.name ?? (name || 'anonymous'),
      onCancel: (reason) => {
        this.controller.abort(reason)
        onCancel()
      },
    })
    future.status = 'scheduled'
    this.future = future
  }

  /** Runs the body. `end` is called when it has really ended, whatever has become of the future meanwhile. */
  run(end: Settle): void {
    const { future, timeout, clock } = this
    future.status = 'running'
    // Set before the body can set a timer of its own: of two at the same instant this one comes first.
    cancelAfter(future, timeout, clock)
    let result: unknown
    try {
      result = callIn(this.context(), this.body)
    } catch (error) {
      return end('rejected', error)
    }
    follow(result, future, end)
  }

  private context(): TaskContext {
    const { clock, future } = this
    const { signal } = this.controller
    return {
      name: future.name,
      signal,
      sleep: (milliseconds) => sleep(milliseconds, { signal, clock }),
    }
  }
}
