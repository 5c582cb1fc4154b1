import type { Future } from '../core/future.ts'
import { NO_ARGS } from './call.ts'
import type { TaskContext } from './context.ts'
import { defaultDispatcher } from './default-dispatcher.ts'
import { type Body, Definition } from './definition.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { TaskOptions } from './task-options.ts'

/**
 * Schedules a body once, and returns its future at once. Runs on the default scheduler, which has
 * no limit.
 *
 * @param body - Gets its context: name, signal, and a `sleep` that a cancel ends.
 * @throws {TypeError | RangeError} for a body that is no function, or wrong options.
 *
 * @example
 * const tick = spawn(async ({ sleep }) => {
 *   await sleep(1000)
 *   return 'tick'
 * }, { name: 'tick', timeout: 5000 })
 */
export function spawn<T>(
  body: (context: TaskContext) => T | PromiseLike<T>,
  options?: TaskOptions,
): Future<T> {
  return spawnOn(defaultDispatcher(), body, options, spawn)
}

/** Schedules a body on the given dispatcher; `entry` is the function that the user called. */
export function spawnOn<T>(
  dispatcher: Dispatcher,
  body: (context: TaskContext) => T | PromiseLike<T>,
  options: TaskOptions | undefined,
  entry: unknown,
): Future<T> {
  const definition = new Definition(dispatcher, body as Body, options, true)
  definition.entry = entry
  return dispatcher.submit(definition, undefined, NO_ARGS)
}
