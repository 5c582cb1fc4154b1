import { runInNewContext } from 'node:vm'
import { any, Future, type GatherOptions, gather, gatherSettled, race, Scheduler } from 'gatherly'
import { describe, expect, it } from 'vitest'
import {
  explode,
  HOSTILE,
  revokedProxy,
  stillbornIterables,
  throwingIterables,
} from '../support/hostile.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

describe('gather(), given futures one by one', () => {
  it('R12 takes futures, promises and other thenables', async () => {
    const thenable: PromiseLike<string> = {
      then: (resolve: never) => (resolve as (value: string) => void)('c') as never,
    }
    const all = gather(Future.resolve('a'), Promise.resolve('b'), thenable)

    expect(await all).toEqual(['a', 'b', 'c'])
  })

  it('R12 is fulfilled at once with an empty list when there are none', () => {
    const all = gather()

    expect([all.status, all.value]).toEqual(['fulfilled', []])
  })

  it('R12 rejects with a TypeError when one after the first is no thenable, options included', async () => {
    const input = Future.withResolvers().future
    const withValue = gather(input, 5 as never)
    const withOptions = gather(input, { cancelRest: true } as never)

    await expect(withValue).rejects.toThrow(TypeError)
    await expect(withOptions).rejects.toThrow(TypeError)
    expect([withValue.name, withOptions.name]).toEqual(['gather', 'gather'])
    expect(input.status).toBe('running')
  })

  it('R12 takes a function that is thenable for a future', async () => {
    const thenable = Object.assign(() => {}, {
      then: (resolve: (value: number) => void) => resolve(1),
    })

    expect(await gather(thenable as never)).toEqual([1])
  })
})

describe('gather(), given an iterable', () => {
  it('R12 takes arrays, sets, generators, typed arrays and iterables of another realm', () => {
    const generator = function* (): Generator<Future<number> | number> {
      yield Future.resolve(1)
      yield 2
    }

    expect(gather([Future.resolve(1), 2]).value).toEqual([1, 2])
    expect(gather(new Set([Future.resolve(1), 2])).value).toEqual([1, 2])
    expect(gather(generator()).value).toEqual([1, 2])
    expect(gather(new Uint8Array([1, 2])).value).toEqual([1, 2])
    expect(gather(runInNewContext('[1, 2]') as number[]).value).toEqual([1, 2])
    expect(gather(new Map([['a', 1]]).values()).value).toEqual([1])
  })

  it('R12 reads it once, at once, and to its end', () => {
    const log: string[] = []
    const source = {
      *[Symbol.iterator]() {
        log.push('begin')
        yield 1
        yield 2
        log.push('end')
      },
    }

    gather(source)
    log.push('returned')

    expect(log).toEqual(['begin', 'end', 'returned'])
  })

  it('R12 is fulfilled at once with an empty list when it is empty', () => {
    expect(gather([]).value).toEqual([])
    expect(gather(new Set()).value).toEqual([])
  })

  it('R12 takes options after it', () => {
    expect(gather([1], { name: 'one' }).name).toBe('one')
  })
})

describe('gather(), given a record', () => {
  it('R12 gives a plain object with the same keys, strings then symbols, in their order', () => {
    const symbol = Symbol('key')
    const all = gather({
      b: Future.resolve('b'),
      [symbol]: Future.resolve('s'),
      a: 'a',
      7: 'seven',
    })

    expect(Reflect.ownKeys(all.value ?? {})).toEqual(['7', 'b', 'a', symbol])
    expect(all.value).toEqual({ b: 'b', [symbol]: 's', a: 'a', 7: 'seven' })
    expect(Object.getPrototypeOf(all.value)).toBe(Object.prototype)
  })

  it('R12 keeps a key `__proto__` as a key', () => {
    const record = JSON.parse('{"__proto__": 1, "constructor": 2, "toString": 3}') as object

    const { value } = gather(record)

    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.entries(value ?? {})).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
      ['toString', 3],
    ])
  })

  it('R12 leaves out what is not enumerable or not its own', () => {
    const record = Object.defineProperty({ own: 1 }, 'hidden', { value: 2, enumerable: false })

    expect(gather(record).value).toEqual({ own: 1 })
  })

  it('R12 takes one without a prototype, and one of another realm', () => {
    const bare = Object.assign(Object.create(null) as object, { a: Future.resolve(1) })

    expect(gather(bare).value).toEqual({ a: 1 })
    expect(gather(runInNewContext('({ a: 1 })') as object).value).toEqual({ a: 1 })
  })

  it('R12 takes one with a key `then` that is no function', () => {
    expect(gather({ then: Future.resolve(1) } as object).value).toEqual({ then: 1 })
  })

  it('R12 reads every getter once', () => {
    const log: string[] = []
    const record = {
      get a() {
        log.push('a')
        return 1
      },
    }

    expect(gather(record).value).toEqual({ a: 1 })
    expect(log).toEqual(['a'])
  })

  it('R12 is fulfilled at once with an empty record when it is empty', () => {
    expect(gather({}).value).toEqual({})
  })

  it('R12 keeps the keys although one is deleted while it waits', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const record: Record<string, unknown> = { a: future, b: 2 }
    const all = gather(record)

    delete record.b
    record.c = 3
    resolve(1)

    expect(all.value).toEqual({ a: 1, b: 2 })
  })
})

type Combine = (source: never, options?: GatherOptions) => Future<unknown>

const combinators: [string, Combine][] = [
  ['gather', gather],
  ['gatherSettled', gatherSettled],
  ['race', race],
  ['any', any],
]

const SAYS_WHAT_CAME = /^TypeError: Expected `\w+` to be .*future.*, got (`.*` \(\w+\)|some \w+)$/

describe.each(combinators)('%s(), given what cannot be read', (_name, combine) => {
  const throwing = Object.entries(throwingIterables<unknown>([]))
  it.each([...throwing, ...Object.entries(stillbornIterables())])(
    'R12 rejects with that very error when %s',
    (_what, source) => {
      const all = combine(source as never)
      all.catch(() => {})

      expect([all.status, all.reason]).toEqual(['rejected', HOSTILE])
      expect(all.reason).toBe(HOSTILE)
    },
  )

  it('R12 rejects when the iterator gives no object', () => {
    const noIterator = combine({ [Symbol.iterator]: () => 5 } as never)
    const noResult = combine({ [Symbol.iterator]: () => ({ next: () => 5 }) } as never)

    expect(() => noIterator.result()).toThrow(TypeError)
    expect(() => noResult.result()).toThrow(TypeError)
  })

  it.each(Object.keys(throwingIterables([])))(
    'R12 counts inputs read before as collected, and lets them run on, when %s',
    async (what) => {
      const failing = Future.withResolvers()
      const other = Future.withResolvers().future
      const inputs = [failing.future, other, Future.reject('before'), 1]

      const all = combine(throwingIterables<unknown>(inputs)[what] as never)
      failing.reject('after')
      all.catch(() => {})
      await turn()

      expect(all.reason).toBe(HOSTILE)
      expect(other.status).toBe('running')
      // What is uncollected would make the guard around every test fail this one.
      expect(process.listenerCount('beforeExit')).toBe(0)
    },
  )

  it('R12 cancels inputs read before under cancelRest, because of that error', () => {
    const inputs = [Future.withResolvers().future, Future.withResolvers().future]

    const all = combine(throwingIterables<unknown>(inputs)['next() throws'] as never, {
      cancelRest: true,
    })
    all.catch(() => {})

    expect(inputs.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(inputs[0]?.reason).toHaveProperty('cause', HOSTILE)
  })

  it.each([
    ['a getter', (list: unknown[]) => Object.defineProperty(list, list.length, { get: explode })],
    [
      'a proxy’s trap',
      (list: unknown[]) =>
        new Proxy([...list, 1], {
          get: (target, key) => (key === `${list.length}` ? explode() : Reflect.get(target, key)),
        }),
    ],
  ])('R12 has read what is in an array before %s that throws', async (_what, add) => {
    const lazy = new Scheduler({ start: 'lazy' })
    const called = lazy.spawn(() => 1)
    const pending = Future.withResolvers().future
    const inputs = [called, pending, Future.reject('collected')]

    const all = combine(add([...inputs]) as never, { cancelRest: true })
    all.catch(() => {})

    expect(all.reason).toBe(HOSTILE)
    expect([called, pending].map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    await turn()
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R12 rejects with the error of a record’s getter, or of a proxy’s traps', () => {
    const { future } = Future.withResolvers()
    const sources = [
      Object.defineProperty({ a: future }, 'b', { get: explode, enumerable: true }),
      new Proxy({ a: future }, { ownKeys: explode }),
      new Proxy({ a: future }, { getOwnPropertyDescriptor: explode }),
      new Proxy({ a: future }, { getPrototypeOf: explode }),
      new Proxy({ a: future }, { get: explode }),
    ]

    const all = sources.map((source) => combine(source as never))
    for (const each of all) each.catch(() => {})

    expect(all.map(({ status, reason }) => [status, reason])).toEqual(
      sources.map(() => ['rejected', HOSTILE]),
    )
    expect(future.status).toBe('running')
  })

  it('R12 rejects for a revoked proxy', () => {
    const all = combine(revokedProxy() as never)

    expect(() => all.result()).toThrow(TypeError)
  })

  it('R12 rejects with the error of a getter among the options', () => {
    const options = Object.defineProperty({}, 'signal', { get: explode })
    const input = Future.withResolvers()

    const all = combine([input.future, Future.reject('collected')] as never, options)
    all.catch(() => {})

    expect(all.reason).toBe(HOSTILE)
    expect(input.future.status).toBe('running')
  })

  it.each([
    ['a string', 'abc'],
    ['a map', new Map([['a', 1]])],
    ['a number', 5],
    ['true', true],
    ['a bigint', 5n],
    ['a symbol', Symbol('s')],
    ['null', null],
    ['undefined', undefined],
    ['a function', () => {}],
    ['a date', new Date(0)],
    ['a regular expression', /a/],
    ['a weak map', new WeakMap()],
    ['an instance of a class', new (class Box {})()],
    ['an object with a record as its prototype', Object.create({ a: 1 })],
    ['an async iterable', (async function* () {})()],
    ['an array that is no iterable', Object.setPrototypeOf([1], null)],
  ])('R12 rejects with a TypeError that says what came for %s', (_what, source) => {
    const all = combine(source as never)

    expect(() => all.result()).toThrow(TypeError)
    expect(String(all.reason)).toMatch(SAYS_WHAT_CAME)
  })
})

describe('gather() and its kin, given hostile thenables', () => {
  const then = (value: unknown): unknown => ({ then: value })
  const throwingGetter = Object.defineProperty({}, 'then', { get: explode })

  it('R9 R11 takes one whose getter of `then` throws for an input that failed', () => {
    const all = [gather([1, throwingGetter]), race([throwingGetter])]
    for (const each of all) each.catch(() => {})

    expect(all.map(({ status, reason }) => [status, reason])).toEqual([
      ['rejected', HOSTILE],
      ['rejected', HOSTILE],
    ])
    expect(gatherSettled([throwingGetter, 1]).value).toEqual([
      { status: 'rejected', reason: HOSTILE },
      { status: 'fulfilled', value: 1 },
    ])
    expect(any([throwingGetter, 1]).value).toBe(1)
  })

  it('R12 reads on after one whose getter of `then` throws, so that nothing after it is lost', () => {
    const { future, reject } = Future.withResolvers()
    const all = gather([throwingGetter, future])
    all.catch(() => {})

    reject('collected')

    expect(all.reason).toBe(HOSTILE)
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R9 settles once over one that calls back twice, both ways, or throws afterwards', async () => {
    type Call = (value: unknown) => void
    const hostile = [
      then((resolve: Call) => {
        resolve('first')
        resolve('second')
      }),
      then((resolve: Call, reject: Call) => {
        resolve('first')
        reject('second')
      }),
      then((resolve: Call) => {
        resolve('first')
        explode()
      }),
      then((resolve: Call) => resolve(then((inner: Call) => inner('first')))),
    ]

    const strays = await strayErrorsDuring(async () => {
      expect(await gather(hostile)).toEqual(['first', 'first', 'first', 'first'])
    })

    expect(strays).toEqual([])
  })

  it('R9 fails over one whose `then` throws before it calls back', async () => {
    await expect(gather([then(explode)])).rejects.toBe(HOSTILE)
  })

  it('R9 waits over one that never calls back, and can be cancelled', async () => {
    const all = gather([then(() => {})])
    await turn()

    expect(all.status).toBe('running')
    expect(all.cancel('enough')).toBe(true)
  })

  it('R9 fails over a revoked proxy among the inputs', () => {
    const all = gather([Future.resolve(1), revokedProxy()])

    expect(() => all.result()).toThrow(TypeError)
  })

  it('R9 never calls a `then` inside the call', async () => {
    const log: string[] = []
    const thenable = then((resolve: (value: number) => void) => {
      log.push('then')
      resolve(1)
    })

    const all = gather([thenable])
    log.push('returned')
    await all

    expect(log).toEqual(['returned', 'then'])
  })
})
