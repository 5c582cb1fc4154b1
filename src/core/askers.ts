import { RingQueue } from '../internal/ring-queue.ts'
import { FULFILLED, REJECTED, RUNNING, settle } from './cell.ts'
import type { Driver } from './driver.ts'
import { type AnyFuture, drive, toPromise } from './future.ts'
import { currentWaiter } from './waiter.ts'

/** Calls of an async iterator's `next` that have no answer yet, in the order they came. */
export class Askers<T> {
  readonly #driver: Driver<AnyFuture>
  readonly #waiting = new RingQueue<Asker<Answer<T>>>()

  /** @param driver - Knows what they wait for. */
  constructor(driver: Driver<AnyFuture>) {
    this.#driver = driver
  }

  get size(): number {
    return this.#waiting.size
  }

  ask(): Promise<Answer<T>> {
    if (currentWaiter === undefined) {
      const promise = new Promise<Answer<T>>(takeResolvers)
      this.#waiting.push(taken as AnyAsker)
      taken = undefined
      return promise
    }
    // A future, so that a body which asks is known to wait.
    const asked = drive<Answer<T>>(this.#driver, RUNNING, undefined)
    this.#waiting.push({
      resolve: (answer) => settle(asked, FULFILLED, answer),
      reject: (reason) => settle(asked, REJECTED, reason),
    })
    return toPromise(asked)
  }

  /** Answers the first. */
  give(value: T): void {
    this.#waiting.shift()?.resolve({ value, done: false })
  }

  /** Lets the first fail. */
  fail(reason: unknown): void {
    this.#waiting.shift()?.reject(reason)
  }

  /** Tells all that nothing more comes. */
  end(): void {
    while (this.#waiting.size > 0) this.#waiting.shift()?.resolve({ value: undefined, done: true })
  }
}

interface Asker<A> {
  resolve(answer: A): void
  reject(reason: unknown): void
}

type Answer<T> = IteratorResult<T, undefined>

// biome-ignore lint/suspicious/noExplicitAny: of a promise of anything
type AnyAsker = Asker<any>

// Not a closure for every promise: that costs 40 ns. Nor kept, as it keeps the answer.
let taken: AnyAsker | undefined

function takeResolvers(resolve: AnyAsker['resolve'], reject: AnyAsker['reject']): void {
  taken = { resolve, reject }
}
