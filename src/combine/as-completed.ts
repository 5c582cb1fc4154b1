import { Askers } from '../core/askers.ts'
import { collect, demand, orderOf, subscribe, unsubscribe } from '../core/cell.ts'
import type { Driver } from '../core/driver.ts'
import { type AnyFuture, Future } from '../core/future.ts'
import type { Subscriber } from '../core/subscriber.ts'
import { RingQueue } from '../internal/ring-queue.ts'
import { toIterable } from './inputs.ts'

/**
 * A future that `asCompleted` gives out. It is the future itself, but without `then` in the types:
 * what `for await` gives, TypeScript takes for awaited, and a `Future<number>` would be a `number`
 * there, which it is not.
 */
export type CompletedFuture<T> = Omit<Future<T>, 'then' | 'catch' | 'finally'>

/**
 * Gives the futures one by one as they settle, in order of completion: those that have settled
 * before come first, in the order in which they did. Promises and other thenables come as futures
 * of them.
 *
 * A failure is collected when its future is given out, not before: what a loop that was left never
 * saw is reported like any failure nobody collected. Leaving the loop cancels nothing.
 *
 * @param futures - Read at once, in full.
 * @throws {TypeError} at the call, for anything but an iterable of them; what the iterator throws.
 *
 * @example
 * for await (const page of asCompleted(urls.map((url) => fetchPage(url)))) show(page.result())
 *
 * Source: `asyncio.as_completed` of Python.
 */
export function asCompleted<T>(
  futures: Iterable<T> & object,
): AsyncIterableIterator<CompletedFuture<Awaited<T>>> {
  const list = [...toIterable(futures, 'asCompleted')].map((item) => Future.resolve(item))
  return new Completions(list)
}

class Completions<T>
  implements AsyncIterableIterator<CompletedFuture<T>>, Driver<AnyFuture>, Subscriber<AnyFuture>
{
  readonly name = 'asCompleted'
  readonly takesOne = true
  // Those that have settled are left out now and then: what a loop is through with can be forgotten.
  #unfinished: readonly AnyFuture[]
  /** How many are yet to settle. A future that was given twice counts, and comes, twice. */
  #left: number
  // Settled and not yet given out, in order of completion.
  readonly #settled = new RingQueue<AnyFuture>()
  readonly #askers = new Askers<CompletedFuture<T>>(this)

  constructor(futures: readonly AnyFuture[]) {
    const settled = futures.filter((future) => future.done)
    for (const future of settled.sort((a, b) => orderOf(a) - orderOf(b))) this.#settled.push(future)
    this.#unfinished = futures.filter((future) => !future.done)
    this.#left = this.#unfinished.length
    for (const future of this.#unfinished) {
      demand(future)
      // A lazy future of a closed scheduler fails when it is asked for.
      if (future.done) this.settled(future)
      else subscribe(future, this)
    }
  }

  settled(future: AnyFuture): undefined {
    // Left by `return` while the subscribers were being told.
    if (this.#left === 0) return
    this.#left -= 1
    this.#settled.push(future)
    if (this.#left * 2 < this.#unfinished.length) {
      this.#unfinished = this.#unfinished.filter(({ done }) => !done)
    }
    this.#answer()
  }

  inputs(): readonly AnyFuture[] {
    return this.#unfinished
  }

  next(): Promise<IteratorResult<CompletedFuture<T>, undefined>> {
    const answer = this.#askers.ask()
    this.#answer()
    return answer
  }

  return(): Promise<IteratorResult<CompletedFuture<T>, undefined>> {
    for (const future of this.#unfinished) unsubscribe(future, this)
    while (this.#settled.size > 0) this.#settled.shift()
    this.#left = 0
    this.#answer()
    return Promise.resolve({ done: true, value: undefined })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #answer(): void {
    while (this.#askers.size > 0 && this.#settled.size > 0) {
      const future = this.#settled.shift() as AnyFuture
      collect(future)
      this.#askers.give(future)
    }
    if (this.#left === 0 && this.#settled.size === 0) this.#askers.end()
  }
}
