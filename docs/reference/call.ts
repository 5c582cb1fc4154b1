import type { Clock } from '../../src/core/clock.ts'
import { sleep } from './clock.ts'
import { callIn, type TaskContext } from './context.ts'
import { Future, follow, type Settle, type Status } from './future.ts'
import { cancelAfter } from './limits.ts'
import { Attempts, type RetryOptions } from './retry.ts'

export interface TaskOptions {
  name?: string | undefined
  signal?: AbortSignal | undefined
  timeout?: number | undefined
  priority?: number | undefined
  retry?: RetryOptions | undefined
}

type Body = (context: TaskContext) => unknown

/** One call of a body, and the future that stands for it. */
export class Call {
  readonly future: Future<unknown>
  readonly priority: number
  readonly signal: AbortSignal | undefined
  /** Whether its body has started, however often. */
  started = false
  /** Whether it is in the delay before another attempt. */
  delayed = false
  private readonly body: Body
  private readonly timeout: number
  private readonly clock: Clock
  private readonly controller = new AbortController()
  private readonly context: TaskContext
  private readonly attempts: Attempts
  private executing = false
  // Who waits until the body has really ended, although the future was cancelled before.
  private whenEnded: Settle[] = []

  constructor(name: string, body: Body, options: TaskOptions, clock: Clock, onCancel: () => void) {
    this.body = body
    this.priority = options.priority ?? 0
    this.signal = options.signal
    this.timeout = options.timeout ?? Infinity
    this.clock = clock
    this.attempts = new Attempts(options.retry ?? { retries: 0 })
    const { future } = Future.withResolvers<unknown>({
      name: options.name ?? (name || 'anonymous'),
      onCancel: (reason) => {
        this.controller.abort(reason)
        onCancel()
      },
    })
    future.status = 'scheduled'
    future.lingers = (ended, threw) => {
      this.whenEnded.push((status, outcome) => {
        if (status === 'rejected') threw(outcome)
        ended()
      })
      return this.executing
    }
    this.future = future
    const { signal } = this.controller
    this.context = {
      name: future.name,
      signal,
      sleep: (milliseconds) => sleep(milliseconds, { signal, clock }),
    }
  }

  /** Runs the body. `end` is called when it has really ended, whatever has become of the future meanwhile. */
  run(end: Settle): void {
    const { future, timeout, clock } = this
    future.status = 'running'
    this.executing = true
    // Set before the body can set a timer of its own: of two at the same instant this one comes first.
    if (!this.started) {
      cancelAfter(future, timeout, clock, (error) => this.attempts.leaveOn(error))
    }
    this.started = true
    let result: unknown
    try {
      result = callIn(this.context, this.body)
    } catch (error) {
      return end('rejected', error)
    }
    follow(result, future, end)
  }

  /** The body has ended. How long to wait before it runs again, or what its end means for the future. */
  judge(status: Status, outcome: unknown): { delay: number } | { end: [Status, unknown] } {
    const end: { end: [Status, unknown] } = { end: [status, outcome] }
    // A cancel is never retried, neither that of the future nor that of one that the body gave.
    if (status !== 'rejected' || this.future.done) return end
    try {
      const delay = this.attempts.delayAfter(outcome)
      // The functions among the options may have cancelled it.
      return delay === undefined || this.future.done ? end : { delay }
    } catch (thrown) {
      this.attempts.blame(thrown, outcome)
      return { end: ['rejected', thrown] }
    }
  }

  /** Back to where it was before it started, but for a delay. */
  waitAgain(delay: number, goOn: () => void): void {
    this.executing = false
    this.future.status = 'scheduled'
    if (delay === 0) return
    this.delayed = true
    const stop = this.clock.callLater(() => {
      this.delayed = false
      goOn()
    }, delay)
    this.future.onSettled(stop)
  }

  end(status: Status, outcome: unknown): void {
    this.executing = false
    this.future.settle(status, outcome)
    for (const tell of this.whenEnded) tell(status, outcome)
  }
}
