import {
  type Awaitable,
  Future,
  type FutureOptions,
  type FutureResolvers,
  type Status,
} from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

declare const future: Future<number>

describe('Future', () => {
  test('is assignable where a promise is expected', () => {
    expectTypeOf<Future<number>>().toExtend<Promise<number>>()
    expectTypeOf<Future<number>>().toExtend<PromiseLike<number>>()
    expectTypeOf<Future<number>>().toExtend<Awaitable<number>>()
    expectTypeOf<Future<number>>().toExtend<Promise<number | string>>()
    expectTypeOf<Future<number>>().toExtend<Future<unknown>>()
    expectTypeOf<Future<never>>().toExtend<Future<number>>()
  })

  test('is not taken for a future of something else, nor a promise for a future', () => {
    expectTypeOf<Future<number>>().not.toExtend<Promise<string>>()
    expectTypeOf<Future<number>>().not.toExtend<Future<string>>()
    expectTypeOf<Promise<number>>().not.toExtend<Future<number>>()
  })

  test('is disposable', () => {
    expectTypeOf<Future<number>>().toExtend<Disposable>()
  })

  test('awaits to its value', async () => {
    expectTypeOf(await future).toEqualTypeOf<number>()
    expectTypeOf<Awaited<Future<Future<number>>>>().toEqualTypeOf<number>()
    expectTypeOf(await Promise.all([future, 'a'])).toEqualTypeOf<[number, string]>()
  })

  test('has a name, a state, a value and a reason', () => {
    expectTypeOf(future.name).toEqualTypeOf<string>()
    expectTypeOf(future.status).toEqualTypeOf<Status>()
    expectTypeOf<Status>().toEqualTypeOf<
      'scheduled' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'
    >()
    expectTypeOf(future.done).toEqualTypeOf<boolean>()
    expectTypeOf(future.value).toEqualTypeOf<number | undefined>()
    expectTypeOf(future.reason).toEqualTypeOf<unknown>()
    expectTypeOf(future.result()).toEqualTypeOf<number>()
    expectTypeOf(future[Symbol.toStringTag]).toEqualTypeOf<'Future'>()
  })

  test('cannot be written to', () => {
    // @ts-expect-error the state is its own affair
    future.status = 'fulfilled'
    // @ts-expect-error so is the value
    future.value = 1
    // @ts-expect-error so is the reason
    future.reason = 1
    // @ts-expect-error so is the name
    future.name = 'other'
    // @ts-expect-error so is whether it is done
    future.done = true
  })
})

describe('new Future()', () => {
  test('takes the type of its value from the annotation', () => {
    expectTypeOf(new Future<number>((resolve) => resolve(1))).toEqualTypeOf<Future<number>>()
    expectTypeOf(new Future<number>((resolve) => resolve(Promise.resolve(1)))).toEqualTypeOf<
      Future<number>
    >()
    new Future<number>((resolve, reject) => {
      expectTypeOf(resolve).toEqualTypeOf<(value: Awaitable<number>) => void>()
      expectTypeOf(reject).toEqualTypeOf<(reason?: unknown) => void>()
    })
  })

  test('takes a name and onCancel', () => {
    new Future<number>(() => {}, { name: 'answer', onCancel: (reason: unknown) => void reason })
    new Future<number>(() => {}, { name: undefined, onCancel: undefined })
    expectTypeOf<FutureOptions>().toEqualTypeOf<{
      name?: string | undefined
      onCancel?: ((reason: unknown) => void) | undefined
    }>()
  })

  test('takes nothing else', () => {
    // @ts-expect-error an executor is needed
    new Future<number>()
    // @ts-expect-error a value is not an executor
    new Future<number>(1)
    // @ts-expect-error the value is a number
    new Future<number>((resolve) => resolve('1'))
    // @ts-expect-error a name is a string
    new Future<number>(() => {}, { name: 1 })
    // @ts-expect-error a plain future has no timeout
    new Future<number>(() => {}, { timeout: 1 })
    // @ts-expect-error onCancel is a function
    new Future<number>(() => {}, { onCancel: true })
  })
})

describe('Future.withResolvers()', () => {
  test('gives a future and its functions', () => {
    const made = Future.withResolvers<string>({ name: 'answer' })

    expectTypeOf(made).toEqualTypeOf<FutureResolvers<string>>()
    expectTypeOf(made.future).toEqualTypeOf<Future<string>>()
    expectTypeOf(made.resolve).toEqualTypeOf<(value: Awaitable<string>) => void>()
    expectTypeOf(made.reject).toEqualTypeOf<(reason?: unknown) => void>()
  })
})

describe('Future.resolve() and Future.reject()', () => {
  test('give a future of what the value awaits to', () => {
    expectTypeOf(Future.resolve(1)).toEqualTypeOf<Future<number>>()
    expectTypeOf(Future.resolve()).toEqualTypeOf<Future<void>>()
    expectTypeOf(Future.resolve(Promise.resolve(Promise.resolve('a')))).toEqualTypeOf<
      Future<string>
    >()
    expectTypeOf(Future.resolve(future)).toEqualTypeOf<Future<number>>()
    expectTypeOf(Future.resolve({} as PromiseLike<1 | 2>)).toEqualTypeOf<Future<1 | 2>>()
  })

  test('give a future of nothing that fits everywhere', () => {
    expectTypeOf(Future.reject(new Error('boom'))).toEqualTypeOf<Future<never>>()
    expectTypeOf(Future.reject<number>('boom')).toEqualTypeOf<Future<number>>()
  })
})

describe('then(), catch() and finally()', () => {
  test('give native promises of what the callbacks give', () => {
    expectTypeOf(future.then()).toEqualTypeOf<Promise<number>>()
    expectTypeOf(future.then((value) => `${value}`)).toEqualTypeOf<Promise<string>>()
    expectTypeOf(future.then(null, () => 'caught' as string)).toEqualTypeOf<
      Promise<number | string>
    >()
    expectTypeOf(future.catch(async () => true as boolean)).toEqualTypeOf<
      Promise<number | boolean>
    >()
    expectTypeOf(future.finally(() => {})).toEqualTypeOf<Promise<number>>()
  })

  test('know the value, and take callbacks for whatever reason, as those of a promise', () => {
    void future.then((value) => expectTypeOf(value).toEqualTypeOf<number>())
    void future.then(null, (reason: RangeError) => reason.message)
    void future.catch((reason: unknown) => reason)
    // @ts-expect-error the value is a number
    void future.then((value: string) => value)
    // @ts-expect-error a callback is a function
    void future.catch('caught')
  })
})

describe('cancel() and onSettled()', () => {
  test('take any reason, and say whether that settled the future', () => {
    expectTypeOf(future.cancel()).toEqualTypeOf<boolean>()
    expectTypeOf(future.cancel(new Error('enough'))).toEqualTypeOf<boolean>()
    expectTypeOf(future.cancel(null)).toEqualTypeOf<boolean>()
  })

  test('hand the future on, and give what stops listening', () => {
    const stop = future.onSettled((settled) => {
      expectTypeOf(settled).toExtend<Future<number>>()
      expectTypeOf(settled.value).toEqualTypeOf<number | undefined>()
    })

    expectTypeOf(stop).toEqualTypeOf<() => void>()
    // @ts-expect-error a listener is needed
    future.onSettled()
  })
})
