import type { Status } from '../core/cell.ts'
import { isFuture } from '../core/future.ts'
import { check, checkFunction } from '../internal/check.ts'
import type { Recorder } from './recorder.ts'
import type { Span } from './span.ts'
import { type Summary, summarize } from './summary.ts'

/**
 * What happened, recorded: who was active, from when to when. Made by `trace`.
 *
 * It can be looked at while it records; what has not ended is then shown as it is now.
 */
export class Timeline implements Disposable {
  readonly #recorder: Recorder
  readonly #forget: () => void

  constructor(recorder: Recorder, forget: () => void) {
    this.#recorder = recorder
    this.#forget = forget
  }

  /** Ends the recording. What is unfinished stays so. */
  stop(): this {
    this.#forget()
    this.#recorder.stop()
    return this
  }

  /** Ends the recording, so that `using` bounds it. */
  [Symbol.dispose](): void {
    this.stop()
  }

  /**
   * Calls `body` at once and records that as work of main, or of whatever the name says: until it
   * returns, or what it returns has settled. Calls that it makes are known to be its own.
   *
   * @returns What `body` returned; of a native promise one that settles likewise.
   */
  span<T>(name: string, body: () => T): T {
    check(typeof name === 'string', 'name', 'a string', name)
    checkFunction('body', body)
    const { result, end } = this.#recorder.span(name, body)
    if (isFuture(result)) result.onSettled(({ status }) => end(status))
    else if (result instanceof Promise) return whenEnded(result, end) as T
    else end('fulfilled')
    return result
  }

  /** Everything recorded, in the order of the calls; the latest only, if there are more than `limit`. */
  get spans(): readonly Span[] {
    return this.#recorder.spans
  }

  /** What it comes to, and what to do better. */
  get summary(): Summary {
    return summarize(this.#recorder.spans, this.#recorder.calls)
  }
}

function whenEnded<T>(promise: Promise<T>, end: (status: Status) => void): Promise<T> {
  return promise.then(
    (value) => {
      end('fulfilled')
      return value
    },
    (reason) => {
      end('rejected')
      throw reason
    },
  )
}
