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

/** What can be wrapped: any function. */
export type TaskBody = (...args: never) => unknown

/** The task that `task` makes of a function. */
export type TaskOf<F extends TaskBody> = Task<Parameters<F>, ReturnType<F>, ThisParameterType<F>>

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
export function task<F extends TaskBody>(body: F, options?: TaskOptions): TaskOf<F> {
  return makeTask(defaultDispatcher(), body, options)
}

/** Makes a task whose calls go to the given dispatcher. */
export function makeTask<F extends TaskBody>(
  dispatcher: Dispatcher,
  body: F,
  options?: TaskOptions,
): TaskOf<F> {
  const definition = new Definition(dispatcher, body as Body, options, false)
  const call = function (this: unknown, ...args: unknown[]) {
    return dispatcher.submit(definition, this, args.length === 0 ? NO_ARGS : args)
  }
  definition.entry = call
  return Object.defineProperties(call, {
    name: { value: definition.name, configurable: true },
    with: {
      value: (changes: TaskOptions) => {
        checkObject(changes)
        return makeTask(dispatcher, body, { ...definition.options, ...changes })
      },
    },
  }) as unknown as TaskOf<F>
}
