import { asCompleted, Future, onUncollected } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { survivorsOf } from '../support/collected.ts'
import {
  explode,
  HOSTILE,
  revokedProxy,
  stillbornIterables,
  throwingIterables,
} from '../support/hostile.ts'
import { failAfter, turn, valueAfter } from '../support/timed.ts'

/** What a loop over the futures saw, as text. */
async function seen(futures: Iterable<unknown> & object): Promise<string[]> {
  const log: string[] = []
  for await (const { status, value, reason } of asCompleted(futures)) {
    log.push(`${status}: ${status === 'fulfilled' ? value : reason}`)
  }
  return log
}

describe('asCompleted()', () => {
  it('gives futures that have settled, in order of completion', async () => {
    const clock = new VirtualClock()
    const cancelled = Future.withResolvers<never>().future
    clock.callLater(() => cancelled.cancel('enough'), 15)
    const log = seen([
      valueAfter(clock, 30, 'slow'),
      failAfter(clock, 20, 'failed'),
      cancelled,
      valueAfter(clock, 10, 'fast'),
    ])

    await clock.run()

    expect(await log).toEqual([
      'fulfilled: fast',
      'cancelled: enough',
      'rejected: failed',
      'fulfilled: slow',
    ])
  })

  it('gives those that have settled before first, in the order in which they settled', async () => {
    const [a, b, c] = [1, 2, 3].map(() => Future.withResolvers<string>())
    c?.resolve('c')
    a?.resolve('a')
    const log = seen([a?.future, b?.future, c?.future])

    b?.resolve('b')

    expect(await log).toEqual(['fulfilled: c', 'fulfilled: a', 'fulfilled: b'])
  })

  it('gives the very futures it was given', async () => {
    const future = Future.resolve(1)
    const { value } = await asCompleted([future]).next()

    expect(value).toBe(future)
  })

  it('gives promises, other thenables and plain values as futures of them', async () => {
    const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') }
    const throwing = Object.defineProperty({}, 'then', { get: explode })

    expect(await seen([Promise.resolve('promise'), thenable, 'plain', throwing])).toEqual([
      'fulfilled: plain',
      'rejected: [object Object]',
      'fulfilled: promise',
      'fulfilled: thenable',
    ])
  })

  it('gives a future that was given twice twice', async () => {
    const { future, resolve } = Future.withResolvers<string>()
    const log = seen([future, future])

    resolve('a')

    expect(await log).toEqual(['fulfilled: a', 'fulfilled: a'])
  })

  it('is over at once when there are none, and stays so', async () => {
    const completions = asCompleted([])

    expect(await completions.next()).toEqual({ done: true, value: undefined })
    expect(await completions.next()).toEqual({ done: true, value: undefined })
  })

  it('is its own async iterator', () => {
    const completions = asCompleted([1])

    expect(completions[Symbol.asyncIterator]()).toBe(completions)
  })

  it('answers who asks early, and who asks too often, in the order they asked', async () => {
    const log: string[] = []
    const [a, b] = [Future.withResolvers<string>(), Future.withResolvers<string>()]
    const completions = asCompleted([a.future, b.future])
    for (const asker of ['first', 'second', 'third']) {
      void completions.next().then(({ value }) => log.push(`${asker}: ${value?.value}`))
    }

    b.resolve('b')
    await turn()
    a.resolve('a')
    await turn()

    expect(log).toEqual(['first: b', 'second: a', 'third: undefined'])
  })

  it('keeps what settles before anybody asks', async () => {
    const clock = new VirtualClock()
    const completions = asCompleted([valueAfter(clock, 20, 'b'), valueAfter(clock, 10, 'a')])
    await clock.run()

    const [one, two, end] = [
      await completions.next(),
      await completions.next(),
      await completions.next(),
    ]

    expect([one.value?.value, two.value?.value, end.done]).toEqual(['a', 'b', true])
  })

  it('reads its source at once and in full, and follows only what it read', async () => {
    const list = [Future.resolve('a')]
    const completions = asCompleted(list)
    list.push(Future.resolve('b'))

    await completions.next()

    expect(await completions.next()).toEqual({ done: true, value: undefined })
  })

  it('cancels nothing when its loop is left', async () => {
    const pending = Future.withResolvers<number>().future

    for await (const _first of asCompleted([pending, Future.resolve(1)])) break

    expect(pending.status).toBe('running')
  })

  it('answers who still asks when its loop is left', async () => {
    const completions = asCompleted([Future.withResolvers().future])
    const asked = completions.next()

    expect(await completions.return?.()).toEqual({ done: true, value: undefined })
    expect(await asked).toEqual({ done: true, value: undefined })
    expect(await completions.next()).toEqual({ done: true, value: undefined })
  })

  it('is over when it is left by a listener of the very future that settles', async () => {
    const { future, resolve } = Future.withResolvers<number>()
    future.onSettled(() => void completions.return?.())
    const completions = asCompleted([future])

    resolve(1)

    expect(await completions.next()).toEqual({ done: true, value: undefined })
    expect(await completions.next()).toEqual({ done: true, value: undefined })
  })

  it('gives 100 000 futures', async () => {
    const resolvers = Array.from({ length: 100_000 }, () => Future.withResolvers<number>())
    const log: unknown[] = []
    const completions = asCompleted(resolvers.map(({ future }) => future))
    for (const [index, { resolve }] of resolvers.entries()) resolve(index)

    for await (const { value } of completions) log.push(value)

    expect(log).toEqual([...resolvers.keys()])
  })

  it('keeps what settles ahead of its loop, however far, and makes nothing wait', async () => {
    const resolvers = Array.from({ length: 1000 }, () => Future.withResolvers<number>())
    const completions = asCompleted(resolvers.map(({ future }) => future))
    for (const [index, { resolve }] of resolvers.entries()) {
      resolve(index)
      // The loop takes one result for ten that come.
      if (index % 10 === 0) expect((await completions.next()).value?.value).toBe(index / 10)
    }

    const rest: unknown[] = []
    for await (const { value } of completions) rest.push(value)

    expect(rest).toEqual(Array.from({ length: 900 }, (_, index) => index + 100))
  })

  it('lets go of what its loop has seen, long before the last has settled', async () => {
    const resolvers = Array.from({ length: 1000 }, () => Future.withResolvers<object>())
    const completions = asCompleted(resolvers.map(({ future }) => future))
    const references: WeakRef<object>[] = []
    const takeNext = async (): Promise<void> => {
      const value = {}
      references.push(new WeakRef(value))
      resolvers.pop()?.resolve(value)
      await completions.next()
    }
    for (let taken = 0; taken < 900; taken++) await takeNext()

    // As many as are still to come may be kept, and no more.
    expect(await survivorsOf(references)).toBeLessThan(150)
    await completions.return?.()
  })

  it('goes on although a listener of one future settles the next', async () => {
    const [a, b] = [Future.withResolvers<string>(), Future.withResolvers<string>()]
    a.future.onSettled(() => b.resolve('b'))
    const log = seen([a.future, b.future])

    a.resolve('a')

    expect((await log).sort()).toEqual(['fulfilled: a', 'fulfilled: b'])
  })
})

describe('asCompleted(), and failures', () => {
  it('R8 collects a failure when it gives it out', async () => {
    const completions = asCompleted([Future.reject('failure')])

    await completions.next()

    // What is uncollected would make the guard around every test fail this one.
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R8 R16 does not collect a failure its loop never came to', async () => {
    const log: string[] = []
    const stop = onUncollected(({ name, reason }) => {
      log.push(`${name}: ${reason}`)
      stop()
    })
    await (async () => {
      const failing = Future.withResolvers<number>({ name: 'never seen' })
      for await (const _first of asCompleted([Future.resolve(1), failing.future])) break
      failing.reject('failure')
    })()

    for (let tries = 0; tries < 50 && log.length === 0; tries++) {
      globalThis.gc?.()
      await turn()
    }

    expect(log).toEqual(['never seen: failure'])
  })
})

describe('asCompleted(), given what cannot be read', () => {
  it.each([
    ...Object.entries(throwingIterables<unknown>([1])),
    ...Object.entries(stillbornIterables()),
  ])('R12 throws that very error at the call when %s', (_what, source) => {
    const caught = ((): unknown => {
      try {
        return asCompleted(source)
      } catch (error) {
        return error
      }
    })()

    expect(caught).toBe(HOSTILE)
  })

  it.each([
    ['a string', 'abc'],
    ['a map', new Map()],
    ['a record', { a: 1 }],
    ['one future', Future.resolve(1)],
    ['null', null],
    ['undefined', undefined],
    ['a number', 5],
    ['an async iterable', (async function* () {})()],
    ['a revoked proxy', revokedProxy()],
  ])('R12 throws a TypeError at the call for %s', (_what, source) => {
    expect(() => asCompleted(source as never)).toThrow(TypeError)
  })
})
