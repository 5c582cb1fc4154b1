import {
  any,
  asCompleted,
  type CompletedFuture,
  type Future,
  type GatherOptions,
  race,
  type Status,
} from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

declare const number: Future<number>
declare const text: Promise<string>
declare const signal: AbortSignal

describe('race() and any()', () => {
  test('give a future of what any of the inputs awaits to', () => {
    expectTypeOf(race([number, text])).toEqualTypeOf<Future<number | string>>()
    expectTypeOf(any([number, text])).toEqualTypeOf<Future<number | string>>()
    expectTypeOf(race(new Set([number]))).toEqualTypeOf<Future<number>>()
    expectTypeOf(any([] as Future<number>[])).toEqualTypeOf<Future<number>>()
    expectTypeOf(race([number, null])).toEqualTypeOf<Future<number | null>>()
  })

  test('take options', () => {
    expectTypeOf(race([number], { cancelRest: true, signal })).toEqualTypeOf<Future<number>>()
    expectTypeOf(any([number], { timeout: 5, name: 'fastest' })).toEqualTypeOf<Future<number>>()
  })

  test('refuse wrong options', () => {
    // @ts-expect-error no such option
    race([number], { cancelLosers: true })
    // @ts-expect-error a timeout is a number
    any([number], { timeout: '5' })
  })

  test('take one list, and nothing else', () => {
    // @ts-expect-error one by one is the form of gather
    race(number, number)
    // @ts-expect-error one by one is the form of gather
    any(number, number)
    // @ts-expect-error a string is no list of futures
    race('abc')
    // @ts-expect-error a list is needed
    any()
    // @ts-expect-error a number is no list of futures
    any(3)
  })
})

describe('asCompleted()', () => {
  test('gives the settled futures, not their values, to `for await`', async () => {
    for await (const future of asCompleted([number, number])) {
      expectTypeOf(future.result()).toEqualTypeOf<number>()
      expectTypeOf(future.status).toEqualTypeOf<Status>()
      expectTypeOf(future.reason).toEqualTypeOf<unknown>()
    }
  })

  test('gives them without what makes a promise of them', () => {
    type Given = CompletedFuture<number>

    expectTypeOf(asCompleted([number])).toEqualTypeOf<AsyncIterableIterator<Given>>()
    expectTypeOf<Awaited<Given>>().toEqualTypeOf<Given>()
    expectTypeOf<Future<number>>().toExtend<Given>()
  })

  test('gives them to next(), too', async () => {
    const { done, value } = await asCompleted([number]).next()

    if (done !== true) expectTypeOf(value.result()).toEqualTypeOf<number>()
  })

  test('takes any iterable of futures, promises and plain values, of different types, too', async () => {
    for await (const future of asCompleted(new Set([text]))) {
      expectTypeOf(future.result()).toEqualTypeOf<string>()
    }
    for await (const future of asCompleted([number, text, true as boolean])) {
      expectTypeOf(future.result()).toEqualTypeOf<number | string | boolean>()
    }
  })

  test('takes one list, and nothing else', () => {
    // @ts-expect-error a string is no list of futures
    asCompleted('abc')
    // @ts-expect-error one by one is the form of gather
    asCompleted(number, number)
    // @ts-expect-error a list is needed
    asCompleted()
    // @ts-expect-error it cancels nothing, and so has no options
    asCompleted([number], { cancelRest: true })
  })
})

describe('GatherOptions', () => {
  test('are these', () => {
    expectTypeOf<keyof GatherOptions>().toEqualTypeOf<
      'cancelRest' | 'signal' | 'timeout' | 'clock' | 'name'
    >()
    expectTypeOf<GatherOptions['cancelRest']>().toEqualTypeOf<boolean | undefined>()
    expectTypeOf<GatherOptions['timeout']>().toEqualTypeOf<number | undefined>()
    expectTypeOf<GatherOptions['signal']>().toEqualTypeOf<AbortSignal | undefined>()
    expectTypeOf<GatherOptions['name']>().toEqualTypeOf<string | undefined>()
  })
})
