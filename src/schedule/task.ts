import type { Future } from '../core/future.ts'
import { checkObject } from '../internal/check.ts'
import { NO_ARGS } from './call.ts'
import { defaultDispatcher } from './default-dispatcher.ts'
import { type Body, Definition } from './definition.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { TaskOptions } from './task-options.ts'

/**
 * A body wrapped by `task`: a call schedules the body and returns its future at once.
 *
 * TypeScript keeps the type parameters of a generic body only for functions without members, which
 * a task has: give it an instantiated one, `task(first<User>)`.
 */
export interface Task<Args extends unknown[], Result, This = unknown> {
  /** Schedules the body. Never throws, save `InvalidStateError` once the scheduler is closed. */
  (this: This, ...args: Args): Future<Awaited<Result>>
  /** Gives the same task with these options over its own; `undefined` resets one. */
  with(options: TaskOptions): Task<Args, Result, This>
  readonly name: string
}

/**
 * Wraps a function, synchronous or async, as a task: calling it returns a `Future` at once, and the
 * body starts in the next microtask. Runs on the default scheduler, which has no limit.
 *
 * @param body - Gets the arguments and the `this` of the call.
 * @throws {TypeError | RangeError} for a body that is no function, or wrong options.
 *
 * @example
 * const loadUser = task(async (id: number) => (await fetch(`/users/${id}`)).json())
 * const user = loadUser(1) // a Future: scheduled, none of the body has run
 * await user
 */
export function task<Args extends unknown[], Result, This = unknown>(
  body: (this: This, ...args: Args) => Result,
  options?: TaskOptions,
): Task<Args, Result, This> {
  return makeTask(defaultDispatcher(), body, options)
}

/** Makes a task whose calls go to the given dispatcher. */
export function makeTask<Args extends unknown[], Result, This>(
  dispatcher: Dispatcher,
  body: (this: This, ...args: Args) => Result,
  options?: TaskOptions,
): Task<Args, Result, This> {
  const definition = new Definition(dispatcher, body as Body, options, false)
  const call = function (this: unknown, ...args: unknown[]) {
    return dispatcher.submit(definition, this, args.length === 0 ? NO_ARGS : args)
  }
  return Object.defineProperties(call, {
    name: { value: definition.name, configurable: true },
    with: {
      value: (changes: TaskOptions) => {
        checkObject(changes)
        return makeTask(dispatcher, body, { ...definition.options, ...changes })
      },
    },
  }) as unknown as Task<Args, Result, This>
}
