import {
  context,
  Future,
  type RetryOptions,
  Scheduler,
  spawn,
  type Task,
  type TaskContext,
  type TaskOptions,
  task,
} from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

interface User {
  readonly id: number
}

declare const signal: AbortSignal

describe('task()', () => {
  test('takes the type of a parameter without one from its default', () => {
    const fetchPage = task((url: string, retries = 3) => `${url} ${retries.toFixed()}`)

    expectTypeOf(fetchPage).parameters.toEqualTypeOf<[url: string, retries?: number | undefined]>()
    expectTypeOf(fetchPage('a', 1)).toEqualTypeOf<Future<string>>()
  })

  test('keeps the parameters, and gives a future of what the body awaits to', () => {
    const load = task(
      async (id: number, fresh?: boolean): Promise<User> => ({ id, ...(fresh && {}) }),
    )

    expectTypeOf(load).parameters.toEqualTypeOf<[id: number, fresh?: boolean | undefined]>()
    expectTypeOf(load(1)).toEqualTypeOf<Future<User>>()
    expectTypeOf(load(1, true)).toEqualTypeOf<Future<User>>()
  })

  test('keeps rest parameters', () => {
    const join = task((separator: string, limit: number | undefined, ...parts: readonly string[]) =>
      parts.slice(0, limit).join(separator),
    )

    expectTypeOf(join('-', undefined, 'a', 'b')).toEqualTypeOf<Future<string>>()
    expectTypeOf(join('-', 5)).toEqualTypeOf<Future<string>>()
  })

  test('unwraps what the body gives: a value, a promise, a thenable, a future', () => {
    expectTypeOf(task(() => 1)()).toEqualTypeOf<Future<number>>()
    expectTypeOf(task(async () => 1)()).toEqualTypeOf<Future<number>>()
    expectTypeOf(task(() => ({}) as PromiseLike<1>)()).toEqualTypeOf<Future<1>>()
    expectTypeOf(task(() => Future.resolve(1))()).toEqualTypeOf<Future<number>>()
    expectTypeOf(task(async () => Future.resolve(1))()).toEqualTypeOf<Future<number>>()
    expectTypeOf(task(() => {})()).toEqualTypeOf<Future<void>>()
    expectTypeOf(
      task((): never => {
        throw new Error('boom')
      })(),
    ).toEqualTypeOf<Future<never>>()
  })

  test('keeps the `this` of the body', () => {
    class Store {
      readonly table = 'users'
      readonly load = task(async function (this: Store, id: number) {
        return `${this.table}/${id}`
      })
    }
    const store = new Store()

    expectTypeOf(store.load(1)).toEqualTypeOf<Future<string>>()
    expectTypeOf(store.load).thisParameter.toEqualTypeOf<Store>()
    const { load } = store
    // @ts-expect-error the body needs its store
    load(1)
    expectTypeOf(load.call(store, 1)).toEqualTypeOf<Future<string>>()
  })

  test('may be called anywhere when the body has no `this`', () => {
    const free = task((id: number) => id)

    expectTypeOf({ free }.free(1)).toEqualTypeOf<Future<number>>()
    expectTypeOf([1, 2].map((id) => free(id))).toEqualTypeOf<Future<number>[]>()
  })

  test('keeps a generic body that is instantiated', () => {
    const first = <T>(list: readonly T[]): T | undefined => list[0]

    const firstUser = task(first<User>)

    expectTypeOf(firstUser([])).toEqualTypeOf<Future<User | undefined>>()
  })

  test('fits where a function that gives a promise is wanted', () => {
    const load = task(async (id: number) => ({ id }))

    expectTypeOf(load).toExtend<(id: number) => Promise<User>>()
    expectTypeOf(load).toEqualTypeOf<Task<[id: number], Promise<{ id: number }>>>()
    expectTypeOf(load.name).toEqualTypeOf<string>()
  })

  test('is the same task again by with()', () => {
    const load = task(async (id: number) => ({ id }))

    expectTypeOf(load.with({ priority: 1 })).toEqualTypeOf(load)
    expectTypeOf(load.with({ timeout: undefined }).with({ name: 'other' })(1)).toEqualTypeOf<
      Future<{ id: number }>
    >()
    // @ts-expect-error the options are needed
    load.with()
    // @ts-expect-error a priority is a number
    load.with({ priority: 'high' })
    // @ts-expect-error no such option
    load.with({ prio: 1 })
  })

  test('refuses wrong arguments', () => {
    const load = task(async (id: number) => ({ id }))

    // @ts-expect-error an id is a number
    load('1')
    // @ts-expect-error an id is needed
    load()
    // @ts-expect-error there is one parameter
    load(1, 2)
    // @ts-expect-error the name is fixed
    load.name = 'other'
  })

  test('refuses what is no function, and wrong options', () => {
    // @ts-expect-error a promise is not a body
    task(Promise.resolve(1))
    // @ts-expect-error a body is needed
    task()
    // @ts-expect-error a name is a string
    task(() => 1, { name: 1 })
    // @ts-expect-error a timeout is a number
    task(() => 1, { timeout: '1s' })
    // @ts-expect-error a controller is not a signal
    task(() => 1, { signal: new AbortController() })
    // @ts-expect-error the limit is the scheduler's
    task(() => 1, { concurrency: 4 })
  })

  test('takes these options', () => {
    expectTypeOf<TaskOptions>().toEqualTypeOf<{
      name?: string | undefined
      signal?: AbortSignal | undefined
      timeout?: number | undefined
      priority?: number | undefined
      retry?: RetryOptions | undefined
    }>()
    expectTypeOf<RetryOptions>().toEqualTypeOf<{
      retries: number
      delay?: number | ((attempt: number, error: unknown) => number) | undefined
      when?: ((error: unknown, attempt: number) => boolean) | undefined
    }>()
    task(() => 1, { name: 'one', signal, timeout: Infinity, priority: -1, retry: { retries: 2 } })
  })
})

describe('spawn()', () => {
  test('gives a future of what the body awaits to', () => {
    expectTypeOf(spawn(() => 1)).toEqualTypeOf<Future<number>>()
    expectTypeOf(spawn(async () => 'a')).toEqualTypeOf<Future<string>>()
    expectTypeOf(spawn(() => Future.resolve(true))).toEqualTypeOf<Future<boolean>>()
    expectTypeOf(spawn(() => {})).toEqualTypeOf<Future<void>>()
    expectTypeOf(spawn<1 | 2>(() => 1)).toEqualTypeOf<Future<1 | 2>>()
  })

  test('gives the body its context', () => {
    spawn((given) => expectTypeOf(given).toEqualTypeOf<TaskContext>())
    spawn(async ({ name, signal, sleep }) => {
      expectTypeOf(name).toEqualTypeOf<string>()
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      expectTypeOf(sleep).toEqualTypeOf<(milliseconds: number) => Promise<void>>()
    })
    expectTypeOf(context()).toEqualTypeOf<TaskContext>()
  })

  test('refuses a body with other parameters, and wrong options', () => {
    // @ts-expect-error a body gets its context, not a number
    spawn((id: number) => id)
    // @ts-expect-error a future is not a body
    spawn(Future.resolve(1))
    // @ts-expect-error no such option
    spawn(() => 1, { retries: true })
    // @ts-expect-error a signal is no reason
    spawn(() => 1, { signal: 'abort' })
  })

  test('keeps the context as it is', () => {
    spawn((given) => {
      // @ts-expect-error the signal is fixed
      given.signal = signal
    })
  })
})

describe('The task() and spawn() of a scheduler', () => {
  test('are those of the package', () => {
    const scheduler = new Scheduler()

    expectTypeOf(scheduler.task((id: number) => `${id}`)(1)).toEqualTypeOf<Future<string>>()
    expectTypeOf(scheduler.task).parameters.toEqualTypeOf<Parameters<typeof task>>()
    expectTypeOf(scheduler.spawn(async ({ name }) => name)).toEqualTypeOf<Future<string>>()
    // @ts-expect-error a body gets its context, not a number
    scheduler.spawn((id: number) => id)
    // @ts-expect-error a body is needed
    scheduler.task('body')
  })
})
