import {
  type Future,
  type Gathered,
  type GatheredSettled,
  gather,
  gatherSettled,
  spawn,
} from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

interface Profile {
  readonly user: Future<string>
  readonly age: number
  readonly nickname?: Future<string>
}

declare const number: Future<number>
declare const text: Promise<string>
declare const thenable: PromiseLike<boolean>
declare const profile: Profile

describe('gather(), one by one,', () => {
  test('gives a tuple, position by position', () => {
    expectTypeOf(gather(number, text, thenable)).toEqualTypeOf<Future<[number, string, boolean]>>()
    expectTypeOf(gather(number)).toEqualTypeOf<Future<[number]>>()
    expectTypeOf(gather()).toEqualTypeOf<Future<[]>>()
  })

  test('gives an array for a spread one, and a tuple for a spread tuple', () => {
    const list: Future<number>[] = []
    const rest: readonly [Future<number>, ...Promise<string>[]] = [number]

    expectTypeOf(gather(...list)).toEqualTypeOf<Future<number[]>>()
    expectTypeOf(gather(...rest)).toEqualTypeOf<Future<[number, ...string[]]>>()
  })

  test('takes no plain values', () => {
    // @ts-expect-error a plain value needs the list form
    gather(number, 1)
    // @ts-expect-error so does undefined
    gather(number, undefined)
  })

  test('options do not go with the variadic form', () => {
    const work = spawn(() => 1)

    // @ts-expect-error options need the list form
    gather(work, { cancelRest: true })
    // @ts-expect-error options need the list form
    gather(number, text, { timeout: 5 })
    // @ts-expect-error options need the list form
    gatherSettled(number, { cancelRest: true })
  })
})

describe('gather(), of a list,', () => {
  test('a tuple keeps the type of each position', () => {
    const all = gather([spawn(() => 1), spawn(async () => 'a'), true])

    expectTypeOf(all).toEqualTypeOf<Future<[number, string, true]>>()
  })

  test('gives an array for an array, of a readonly one, too', () => {
    const mixed: readonly (Future<number> | Promise<string> | null)[] = []
    const ids = [1, 2, 3]

    expectTypeOf(gather(ids.map(() => number))).toEqualTypeOf<Future<number[]>>()
    expectTypeOf(gather(mixed)).toEqualTypeOf<Future<(number | string | null)[]>>()
    expectTypeOf(gather([])).toEqualTypeOf<Future<[]>>()
  })

  test('unwraps futures of futures', () => {
    expectTypeOf(gather([gather([number, text])])).toEqualTypeOf<Future<[[number, string]]>>()
    expectTypeOf(gather([Promise.resolve(text)])).toEqualTypeOf<Future<[string]>>()
  })

  test('takes options', async () => {
    const signal = AbortSignal.timeout(5)

    expectTypeOf(
      gather([number], { cancelRest: true, signal, timeout: 5, name: 'both' }),
    ).toEqualTypeOf<Future<[number]>>()
    expectTypeOf(await gather([number], { timeout: undefined })).toEqualTypeOf<[number]>()
  })

  test('refuses wrong options', () => {
    // @ts-expect-error no such option
    gather([number], { cancelAll: true })
    // @ts-expect-error it is true or false
    gather([number], { cancelRest: 'yes' })
    // @ts-expect-error a timeout is a number
    gather([number], { timeout: '5' })
    // @ts-expect-error a controller is not a signal
    gather([number], { signal: new AbortController() })
    // @ts-expect-error a clock has callLater
    gather([number], { clock: Date })
    // @ts-expect-error a name is a string
    gather([number], { name: 1 })
    // @ts-expect-error no options twice
    gather([number], {}, {})
  })
})

describe('gather(), of another iterable,', () => {
  test('gives an array', () => {
    function* some() {
      yield number
      yield text
    }

    expectTypeOf(gather(new Set([number]))).toEqualTypeOf<Future<number[]>>()
    expectTypeOf(gather(some())).toEqualTypeOf<Future<(number | string)[]>>()
    expectTypeOf(gather(new Map([[1, number]]).values(), { name: 'values' })).toEqualTypeOf<
      Future<number[]>
    >()
  })
})

describe('gather(), of a record,', () => {
  test('gives a record with the same keys', async () => {
    const all = gather({ a: number, b: text, c: 'plain' as string })
    const none = await gather({})

    expectTypeOf(await all).toEqualTypeOf<{ a: number; b: string; c: string }>()
    expectTypeOf<keyof typeof none>().toEqualTypeOf<never>()
  })

  test('takes an interface, and keeps what is optional', async () => {
    expectTypeOf(await gather(profile)).toEqualTypeOf<{
      user: string
      age: number
      nickname?: string
    }>()
  })

  test('takes options', async () => {
    expectTypeOf(await gather({ a: number }, { cancelRest: true })).toEqualTypeOf<{ a: number }>()
    // @ts-expect-error no such option
    gather({ a: number }, { cancelAll: true })
  })
})

describe('gather(), of anything else,', () => {
  test('does not compile', () => {
    // @ts-expect-error a string is no list of futures
    gather('abc')
    // @ts-expect-error nor is a number
    gather(3)
    // @ts-expect-error nor is nothing
    gather(null)
    // @ts-expect-error nor is undefined
    gather(undefined)
    // @ts-expect-error nor is a function
    gather(() => number)
  })
})

describe('gatherSettled()', () => {
  test('gives an outcome per input, in each form', async () => {
    type Outcome<T> = PromiseSettledResult<T>

    expectTypeOf(gatherSettled(number, text)).toEqualTypeOf<
      Future<[Outcome<number>, Outcome<string>]>
    >()
    expectTypeOf(gatherSettled([number, 'plain'])).toEqualTypeOf<
      Future<[Outcome<number>, Outcome<'plain'>]>
    >()
    expectTypeOf(gatherSettled(new Set([number]))).toEqualTypeOf<Future<Outcome<number>[]>>()
    expectTypeOf(await gatherSettled({ a: number, b: text })).toEqualTypeOf<{
      a: Outcome<number>
      b: Outcome<string>
    }>()
    expectTypeOf(gatherSettled()).toEqualTypeOf<Future<[]>>()
    expectTypeOf(gatherSettled([] as Future<number>[], { timeout: 5 })).toEqualTypeOf<
      Future<Outcome<number>[]>
    >()
  })

  test('tells success from failure by the status', async () => {
    const [outcome] = await gatherSettled([number])

    if (outcome.status === 'fulfilled') expectTypeOf(outcome.value).toEqualTypeOf<number>()
    // @ts-expect-error there may be no value
    void outcome.value
  })

  test('refuses what gather refuses', () => {
    // @ts-expect-error a string is no list of futures
    gatherSettled('abc')
    // @ts-expect-error no such option
    gatherSettled([number], { cancelAll: true })
    // @ts-expect-error a plain value needs the list form
    gatherSettled(number, 1)
    // @ts-expect-error a function is no list of futures
    gatherSettled(() => number)
  })
})

describe('Gathered and GatheredSettled', () => {
  test('name the results of lists and records', () => {
    expectTypeOf<Gathered<readonly [Future<number>, string]>>().toEqualTypeOf<[number, string]>()
    expectTypeOf<Gathered<{ readonly a: Future<number> }>>().toEqualTypeOf<{ a: number }>()
    expectTypeOf<GatheredSettled<[Future<number>]>>().toEqualTypeOf<
      [PromiseSettledResult<number>]
    >()
  })
})
