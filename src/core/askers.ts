import { RingQueue } from '../internal/ring-queue.ts'
import { FULFILLED, REJECTED, RUNNING, settle } from './cell.ts'
import type { Driver } from './driver.ts'
import { type AnyFuture, drive, toPromise } from './future.ts'

/** Calls of an async iterator's `next` that have no answer yet, in the order they came. */
export class Askers<T> {
  readonly #driver: Driver<AnyFuture>
  readonly #waiting = new RingQueue<AnyFuture>()

  /** @param driver - Knows what they wait for. */
  constructor(driver: Driver<AnyFuture>) {
    this.#driver = driver
  }

  get size(): number {
    return this.#waiting.size
  }

  ask(): Promise<IteratorResult<T, undefined>> {
    // A future, so that a body which asks is known to wait.
    const asked = drive<IteratorResult<T, undefined>>(this.#driver, RUNNING, undefined)
    this.#waiting.push(asked)
    return toPromise(asked)
  }

  /** Answers the first. */
  give(value: T): void {
    settle(this.#waiting.shift() as AnyFuture, FULFILLED, { done: false, value })
  }

  /** Lets the first fail. */
  fail(reason: unknown): void {
    settle(this.#waiting.shift() as AnyFuture, REJECTED, reason)
  }

  /** Tells all that nothing more comes. */
  end(): void {
    while (this.#waiting.size > 0) {
      const result = { done: true, value: undefined }
      settle(this.#waiting.shift() as AnyFuture, FULFILLED, result)
    }
  }
}
