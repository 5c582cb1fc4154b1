import { Future } from './future.ts'
import { inOrderOfSettling } from './gather.ts'

/**
 * Gives the futures as they settle: those that have settled already first, in the order in which they did.
 *
 * An async generator would be shorter, but `yield` awaits what it is given, and would give values instead of futures.
 */
export function asCompleted(inputs: Iterable<unknown>): AsyncIterableIterator<Future<unknown>> {
  const futures = [...inputs].map((input) => Future.resolve(input))
  const settled: Future<unknown>[] = []
  const waiting: ((result: IteratorResult<Future<unknown>>) => void)[] = []
  let left = futures.length

  // Whoever waits first gets what settled first; when nothing is left, everybody else goes home.
  const serve = (): void => {
    while (waiting.length > 0 && settled.length > 0) {
      const future = settled.shift() as Future<unknown>
      left -= 1
      future.collect()
      waiting.shift()?.({ done: false, value: future })
    }
    if (left > 0) return
    for (const goHome of waiting.splice(0)) goHome({ done: true, value: undefined })
  }
  const stops = inOrderOfSettling(futures).map((future) => {
    future.begin()
    return future.onSettled(() => {
      settled.push(future)
      serve()
    })
  })

  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        serve()
      }),
    async return() {
      for (const stop of stops) stop()
      settled.length = 0
      left = 0
      serve()
      return { done: true, value: undefined }
    },
  }
}
