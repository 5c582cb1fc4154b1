import { type Clock, Future } from 'gatherly'

/** A future that is fulfilled with `value` after so many milliseconds of `clock`. */
export function valueAfter<T>(clock: Clock, milliseconds: number, value: T): Future<T> {
  const { future, resolve } = Future.withResolvers<T>({ name: `value after ${milliseconds}` })
  clock.callLater(() => resolve(value), milliseconds)
  return future
}

/** A future that fails with `reason` after so many milliseconds of `clock`. */
export function failAfter(clock: Clock, milliseconds: number, reason: unknown): Future<never> {
  const { future, reject } = Future.withResolvers<never>({ name: `fails after ${milliseconds}` })
  clock.callLater(() => reject(reason), milliseconds)
  return future
}

/** Lets every microtask run, and the event loop turn once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
