import { AsyncLocalStorage } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import { Readable } from 'node:stream'
import {
  CancelledError,
  Future,
  InvalidStateError,
  type MapOptions,
  onUncollected,
  Scheduler,
  type TaskContext,
  TimeoutError,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { survivorsOf } from '../support/collected.ts'
import { gate } from '../support/gate.ts'
import {
  explode,
  HOSTILE,
  revokedProxy,
  stillbornIterables,
  throwingIterables,
} from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { openWorkshop } from '../support/run-program.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { failAfter, turn, valueAfter } from '../support/timed.ts'

stopRealTime()

const workshop = openWorkshop()
afterAll(() => workshop.remove())

/** A generator of 1, 2, 3, ... that logs what is done with it. */
function* logged(log: string[], count = Number.POSITIVE_INFINITY): Generator<number, void> {
  try {
    for (let n = 1; n <= count; n++) {
      log.push(`pull ${n}`)
      yield n
    }
  } finally {
    log.push('closed')
  }
}

async function* loggedAsync(log: string[], count?: number): AsyncGenerator<number, void> {
  yield* logged(log, count)
}

/** An endless iterator whose `return` is given. */
function endless(close: () => unknown, isAsync: boolean): Iterable<number> | AsyncIterable<number> {
  let n = 0
  const next = (): IteratorResult<number> => ({ done: false, value: ++n })
  return isAsync
    ? ({ [Symbol.asyncIterator]: () => ({ next: async () => next(), return: close }) } as never)
    : ({ [Symbol.iterator]: () => ({ next, return: close }) } as never)
}

async function listOf<T>(results: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = []
  for await (const result of results) list.push(result)
  return list
}

/** What a promise fails with. */
function failureOf(promise: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(promise).then(
    (value) => expect.unreachable(`It gave ${String(value)}`),
    (reason: unknown) => reason,
  )
}

const double = async (n: number): Promise<number> => n * 2
const same = <T>(value: T): T => value

describe('scheduler.map()', () => {
  it('R18 pulls nothing and calls nothing before it is awaited or iterated', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()

    const mapping = scheduler.map(logged(log), (n) => log.push(`body ${n}`))
    mapping[Symbol.asyncIterator]()
    void scheduler.map(logged(log), (n) => log.push(`body ${n}`))
    await turn()

    expect(log).toEqual([])
  })

  it.each([
    ['a list', [1, 2, 3]],
    ['a set', new Set([1, 2, 3])],
    ['a generator', logged([], 3)],
    ['an async generator', loggedAsync([], 3)],
    ['a stream', Readable.from([1, 2, 3])],
  ])('reads %s', async (_what, source) => {
    expect(await new Scheduler().map(source as Iterable<number>, double)).toEqual([2, 4, 6])
  })

  it('reads a string by characters, and a map by entries', async () => {
    const scheduler = new Scheduler()

    expect(await scheduler.map('añ😀', same)).toEqual(['a', 'ñ', '😀'])
    expect(await scheduler.map(new Map([['key', 1]]), same)).toEqual([['key', 1]])
  })

  it('R18 reads a list as it is when an item is pulled', async () => {
    const list = [1, 2, 3]
    const scheduler = new Scheduler({ concurrency: 1 })

    const items = await scheduler.map(list, (item, index) => {
      if (index === 0) list.push(4)
      if (index === 3) list[4] = 5
      if (index === 4) list.length = 1
      return item
    })
    list.push(6)

    expect(items).toEqual([1, 2, 3, 4, 5])
  })

  it('reads the holes and the getters of a list', async () => {
    const list = [1]
    list[2] = 3
    const hostile = Object.defineProperty([1, 2], 1, { get: explode })

    expect(await new Scheduler().map(list, same)).toEqual([1, undefined, 3])
    expect(await failureOf(new Scheduler().map(hostile, same))).toBe(HOSTILE)
  })

  it('reads a list by its own iterator if it has one', async () => {
    const list = Object.assign([1, 2], { [Symbol.iterator]: () => logged([], 3) })
    class Reversed extends Array<number> {
      override [Symbol.iterator](): ArrayIterator<number> {
        return [...super[Symbol.iterator]()].reverse().values()
      }
    }

    expect(await new Scheduler().map(list, same)).toEqual([1, 2, 3])
    expect(await new Scheduler().map(Reversed.of(1, 2, 3), same)).toEqual([3, 2, 1])
  })

  it('reads a source that is iterable both ways as an async one', async () => {
    const both = Object.assign(loggedAsync([], 2), { [Symbol.iterator]: explode })

    expect(await new Scheduler().map(both, same)).toEqual([1, 2])
  })

  it('R9 R18 reads the `then` of an item once, and calls it once, as a method', async () => {
    const log: string[] = []
    const thenable = {
      name: 'thenable',
      get then() {
        log.push('read')
        return function (this: { name: string }, resolve: (value: string) => void) {
          log.push(`called on ${this.name}`)
          resolve('its value')
          resolve('another')
        }
      },
    }
    const plain = { then: 'of no account' }

    const items = await new Scheduler().map([thenable, plain], (item) => item as unknown)

    expect(items).toEqual(['its value', plain])
    expect(log).toEqual(['read', 'called on thenable'])
  })

  it('R9 R18 fails with what the `then` of an item throws when it is read', async () => {
    const hostile = {
      get then(): never {
        throw 'no then'
      },
    }

    await expect(new Scheduler().map([hostile], (item) => item)).rejects.toBe('no then')
  })

  it('gives the body the item, its index, and the context of the call', async () => {
    const scheduler = new Scheduler()
    const log: unknown[] = []

    await scheduler.map(
      ['a', 'b'],
      (...args) => {
        const [item, index, context] = args
        log.push([item, index, context.name, context.signal.aborted, args.length])
      },
      { name: 'load' },
    )

    expect(log).toEqual([
      ['a', 0, 'load', false, 3],
      ['b', 1, 'load', false, 3],
    ])
  })

  it('gives each body a context of its own, which knows of no other call', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const contexts: TaskContext[] = []
    const mapping = scheduler.map([0, 1, 2, 3], async (item, _index, context) => {
      contexts.push(context)
      await null
      if (item === 2) scheduler.cancel('enough')
    })

    expect(await failureOf(mapping)).toBe('enough')
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, false, true])
    expect(contexts[0]?.throwIfCancelled()).toBe(undefined)
    expect(() => contexts[2]?.throwIfCancelled()).toThrow('enough')
  })

  it('is over at once for an empty source', async () => {
    const scheduler = new Scheduler()

    expect(await scheduler.map([], double)).toEqual([])
    expect(await listOf(scheduler.map([], double))).toEqual([])
    expect(await scheduler.map(loggedAsync([], 0), double)).toEqual([])
  })

  it('R18 awaits items that are promises, which hold no slot meanwhile', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const log: string[] = []
    const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') }
    const items = [valueAfter(clock, 10, 'future'), clock.sleep(5).then(() => 'promise'), thenable]

    const results = scheduler.map(
      [...items, 'plain'],
      (item, index) => {
        log.push(`${index} ${item} at ${clock.now()}`)
        return item
      },
      { buffer: 4 },
    )
    const finished = Promise.resolve(results)
    await clock.run()

    expect(await finished).toEqual(['future', 'promise', 'thenable', 'plain'])
    expect(log).toEqual(['3 plain at 0', '2 thenable at 0', '1 promise at 5', '0 future at 10'])
  })

  it('R6 runs bodies and source in the async context in which it was begun', async () => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler({ concurrency: 1 })
    const log: string[] = []
    const note = (what: string): void => void log.push(`${what} in ${storage.getStore()}`)
    const source = {
      [Symbol.iterator]: () => {
        note('open')
        return {
          next: () => {
            note('next')
            return { done: false, value: 1 }
          },
          return: () => {
            note('return')
            return { done: true, value: undefined }
          },
        }
      },
    }
    const iterator = storage.run('making', () =>
      scheduler.map(source as Iterable<number>, () => note('body'))[Symbol.asyncIterator](),
    )

    await storage.run('beginning', () => iterator.next())
    await storage.run('going on', () => iterator.next())
    await storage.run('leaving', () => iterator.return?.())

    expect([...new Set(log)].sort()).toEqual([
      'body in beginning',
      'next in beginning',
      'open in beginning',
      'return in beginning',
    ])
  })

  it('passes name, timeout, priority and retry on to each call', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const log: string[] = []
    const first = Promise.resolve(scheduler.map(['low'], (item) => log.push(item)))
    let attempts = 0
    const second = Promise.resolve(
      scheduler.map(
        ['high'],
        (item, _index, { name }) => {
          log.push(`${item} ${name}`)
          if (++attempts < 3) throw new Error('again')
          return clock.sleep(100)
        },
        { name: 'save', priority: 1, timeout: 50, retry: { retries: 2 } },
      ),
    )
    const failure = failureOf(second)
    await clock.run()

    await first
    expect(await failure).toBeInstanceOf(TimeoutError)
    expect(log).toEqual(['high save', 'high save', 'high save', 'low'])
  })
})

describe('a mapping that is awaited', () => {
  it('R18 gives the results in the order of the items, whatever the order of completion', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const order: number[] = []

    const results = Promise.resolve(
      scheduler.map(
        [30, 10, 20],
        async (milliseconds, index) => {
          await clock.sleep(milliseconds)
          order.push(index)
          return `${index}: ${milliseconds}`
        },
        { ordered: false },
      ),
    )
    await clock.run()

    expect(await results).toEqual(['0: 30', '1: 10', '2: 20'])
    expect(order).toEqual([1, 2, 0])
  })

  it('reads the source as slots get free', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 2 })
    const log: string[] = []

    const results = Promise.resolve(
      scheduler.map(logged(log, 4), async (n) => {
        await clock.sleep(n * 10)
        log.push(`${n} ends at ${clock.now()}`)
      }),
    )
    await clock.run()
    await results

    expect(log).toEqual([
      ...['pull 1', 'pull 2', '1 ends at 10', 'pull 3', '2 ends at 20', 'pull 4'],
      ...['3 ends at 40', 'closed', '4 ends at 60'],
    ])
  })

  it('gives the same array each time', async () => {
    let calls = 0
    const mapping = new Scheduler().map([1, 2], () => ++calls)

    const [first, second] = await Promise.all([mapping, mapping])

    expect(first).toEqual([1, 2])
    expect(second).toBe(first)
    expect(await mapping).toBe(first)
  })

  it('R18 cannot be iterated any more', async () => {
    const mapping = new Scheduler().map([1], double)
    await mapping

    expect(() => mapping[Symbol.asyncIterator]()).toThrow(InvalidStateError)
  })
})

describe('a mapping that is iterated', () => {
  it('R18 gives the results in the order of the items by default', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })

    const results = listOf(
      scheduler.map([30, 10, 20], async (milliseconds) => {
        await clock.sleep(milliseconds)
        return milliseconds
      }),
    )
    await clock.run()

    expect(await results).toEqual([30, 10, 20])
  })

  it('R18 gives them in the order of completion when `ordered` is false', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })

    const results = listOf(
      scheduler.map(
        [30, 10, 20],
        async (milliseconds) => {
          await clock.sleep(milliseconds)
          return milliseconds
        },
        { ordered: false },
      ),
    )
    await clock.run()

    expect(await results).toEqual([10, 20, 30])
  })

  it.each<[string, number, MapOptions, number]>([
    ['the concurrency by default', 3, {}, 3],
    ['16 by default when that is infinite', Number.POSITIVE_INFINITY, {}, 16],
    ['`buffer`, also below the concurrency', 8, { buffer: 1 }, 1],
    ['`buffer`, also above it', 1, { buffer: 5 }, 5],
  ])('R18 pulls as many as %s before anything is taken, and one more for each', async (...args) => {
    const [, concurrency, options, ahead] = args
    for (const source of [logged, loggedAsync]) {
      const log: string[] = []
      const scheduler = new Scheduler({ concurrency })
      const iterator = scheduler.map(source(log), same, options)[Symbol.asyncIterator]()

      const counts: number[] = []
      for (let taken = 1; taken <= 3; taken++) {
        await iterator.next()
        await turn()
        counts.push(log.length - taken)
      }
      await iterator.return?.()

      expect(counts).toEqual([ahead, ahead, ahead])
    }
  })

  it('reads on for a concurrency that was raised, once something has happened', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    const iterator = scheduler.map(logged(log), same)[Symbol.asyncIterator]()

    await iterator.next()
    scheduler.concurrency = 3
    await iterator.next()
    await turn()
    await iterator.return?.()

    expect(log).toEqual(['pull 1', 'pull 2', 'pull 3', 'pull 4', 'pull 5', 'closed'])
  })

  it('answers concurrent calls of next() in the order they came, and those too many at the end', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 2 })
    const log: string[] = []
    const mapping = scheduler.map([20, 10, 5], async (milliseconds) => {
      await clock.sleep(milliseconds)
      return milliseconds
    })
    const iterator = mapping[Symbol.asyncIterator]()

    for (const asker of ['a', 'b', 'c', 'd', 'e']) {
      void iterator.next().then(({ value, done }) => log.push(`${asker}: ${done ? 'end' : value}`))
    }
    await clock.run()

    expect(log).toEqual(['a: 20', 'b: 10', 'c: 5', 'd: end', 'e: end'])
  })

  it('never asks an async source for two items at once', async () => {
    let asking = 0
    let most = 0
    let n = 0
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          most = Math.max(most, ++asking)
          await null
          asking -= 1
          return n++ < 20 ? { done: false, value: n } : { done: true, value: undefined }
        },
      }),
    } as AsyncIterable<number>
    const iterator = new Scheduler().map(source, double)[Symbol.asyncIterator]()

    const results = await Promise.all(Array.from({ length: 21 }, () => iterator.next()))

    expect(results.map(({ value }) => value)).toEqual([
      ...Array.from({ length: 20 }, (_, index) => index * 2 + 2),
      undefined,
    ])
    expect(most).toBe(1)
  })

  it('may be asked by its own source, while that is opened or gives an item', async () => {
    const asked: Promise<IteratorResult<number>>[] = []
    let n = 0
    const source: Iterable<number> = {
      [Symbol.iterator]: () => {
        asked.push(iterator.next())
        const next = (): IteratorResult<number> => {
          if (n < 2) asked.push(iterator.next())
          return { done: false, value: ++n }
        }
        return { next, return: () => ({ done: true, value: undefined }) }
      },
    }
    const iterator = new Scheduler().map(source, double)[Symbol.asyncIterator]()

    const results = [await iterator.next(), ...(await Promise.all(asked))]

    expect(results.map(({ value }) => value)).toEqual([2, 4, 6, 8])
    await iterator.return?.()
  })

  it('R18 can be iterated once, and not be awaited any more', async () => {
    const mapping = new Scheduler().map([1], double)

    expect(await listOf(mapping)).toEqual([2])
    expect(() => mapping[Symbol.asyncIterator]()).toThrow(InvalidStateError)
    expect(await failureOf(mapping)).toBeInstanceOf(InvalidStateError)
  })

  it('stays over once it is', async () => {
    const iterator = new Scheduler().map([1], double)[Symbol.asyncIterator]()

    expect(await iterator.next()).toEqual({ done: false, value: 2 })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
  })

  it('is its own async iterator, which can be handed through an async function', async () => {
    const iterator = new Scheduler().map([1], double)[Symbol.asyncIterator]()
    const handed = await (async () => iterator)()

    expect(handed).toBe(iterator)
    expect(handed[Symbol.asyncIterator]()).toBe(iterator)
  })

  it.each([
    ['in order', true],
    ['as they come', false],
  ])('R18 streams a million items %s in constant memory', async (_how, ordered) => {
    // A few hundred bytes kept of each item would take many times this heap.
    const { code, stdout, stderr } = await workshop.run(
      `import { Scheduler } from 'gatherly'
      function* rows() {
        for (let id = 0; id < 1_000_000; id++) yield { id }
      }
      const scheduler = new Scheduler({ concurrency: 8 })
      let sum = 0
      const results = scheduler.map(rows(), async ({ id }) => ({ id }), { ordered: ${ordered} })
      for await (const { id } of results) sum += id
      console.log(sum)`,
      '--max-old-space-size=16',
      '--max-semi-space-size=1',
    )

    expect([stderr, stdout.trim(), code]).toEqual(['', '499999500000', 0])
  })

  it('lets go of the items and results that were taken', async () => {
    const references: WeakRef<object>[] = []
    function* rows(): Generator<object> {
      for (;;) {
        const row = {}
        references.push(new WeakRef(row))
        yield row
      }
    }
    const scheduler = new Scheduler({ concurrency: 2 })
    const iterator = scheduler.map(rows(), (row) => ({ row }))[Symbol.asyncIterator]()
    for (let taken = 0; taken < 100; taken++) await iterator.next()

    expect(await survivorsOf(references.slice(0, 99))).toBe(0)
    await iterator.return?.()
  })
})

describe('a mapping whose loop is left', () => {
  it.each([
    ['sync source once', logged, ['closed', '3 aborted', '4 aborted', '5 aborted']],
    ['async source once', loggedAsync, ['3 aborted', '4 aborted', '5 aborted', 'closed']],
  ])('R18 closes its %s, and cancels the bodies in flight', async (_what, source, end) => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 3 })
    const log: string[] = []
    const mapping = scheduler.map(source(log), async (n, _index, { signal }) => {
      signal.addEventListener('abort', () => log.push(`${n} aborted`))
      await clock.sleep(n * 10)
      return n
    })

    const finished = (async () => {
      for await (const n of mapping) {
        log.push(`got ${n} at ${clock.now()}`)
        await clock.sleep(1)
        if (n === 2) break
      }
      log.push(`left at ${clock.now()}`)
    })()
    await clock.run()
    await finished

    expect(log).toEqual([
      ...['pull 1', 'pull 2', 'pull 3', 'pull 4', 'got 1 at 10', 'pull 5', 'got 2 at 20'],
      ...end,
      'left at 21',
    ])
  })

  it('waits for the source to close', async () => {
    const closing = gate()
    const log: string[] = []
    const close = async (): Promise<void> => {
      log.push('closing')
      await closing.opened
      log.push('closed')
    }
    const finished = (async () => {
      for await (const _ of new Scheduler().map(endless(close, true), same)) {
        await turn()
        break
      }
      log.push('left')
    })()

    await turn()
    await turn()
    expect(log).toEqual(['closing'])
    closing.open()
    await finished

    expect(log).toEqual(['closing', 'closed', 'left'])
  })

  it.each([
    ['throws', explode, false],
    ['throws', explode, true],
    ['rejects', () => Promise.reject(HOSTILE), true],
  ])('throws there what closing the source %s', async (_what, close, isAsync) => {
    const left = (async () => {
      for await (const _ of new Scheduler().map(endless(close, isAsync), same)) {
        await turn()
        break
      }
    })()

    expect(await failureOf(left)).toBe(HOSTILE)
  })

  it('keeps the error of the loop body when closing fails as well', async () => {
    const left = (async () => {
      for await (const _ of new Scheduler().map(endless(explode, false), same)) {
        throw new Error('of the loop')
      }
    })()

    expect(await failureOf(left)).toEqual(new Error('of the loop'))
  })

  it('needs no return() of the source', async () => {
    for (const missing of [undefined, null]) {
      for await (const _ of new Scheduler().map(endless(missing as never, false), same)) break
    }
  })

  it('does not wait for a source that is being asked, and drops what it still gives', async () => {
    const late = gate()
    const log: string[] = []
    let n = 0
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: async () => {
          n += 1
          if (n > 1) await late.opened
          log.push(`gives ${n}`)
          return { done: false, value: n > 1 ? Promise.reject(HOSTILE) : n }
        },
        return: () => log.push('return()'),
      }),
    } as unknown as AsyncIterable<number>

    const strays = await strayErrorsDuring(async () => {
      for await (const _ of new Scheduler().map(source, (item) => log.push(`body ${item}`))) break
      log.push('left')
      late.open()
      await turn()
    })

    expect(strays).toEqual([])
    expect(log).toEqual(['gives 1', 'body 1', 'return()', 'left', 'gives 2'])
  })

  it('takes no notice of a source that fails late', async () => {
    const late = gate()
    const source = (async function* () {
      yield 1
      await late.opened
    })()

    const strays = await strayErrorsDuring(async () => {
      for await (const _ of new Scheduler().map(source, same)) break
      late.fail(HOSTILE)
      await turn()
    })

    expect(strays).toEqual([])
  })

  it('never opens a source that was not begun', async () => {
    const log: string[] = []
    const iterator = new Scheduler().map(logged(log), same)[Symbol.asyncIterator]()

    expect(await iterator.return?.()).toEqual({ done: true, value: undefined })
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(log).toEqual([])
  })

  it('answers who still asks, and is over', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const body = gate()
    const iterator = scheduler.map([1, 2], () => body.opened)[Symbol.asyncIterator]()
    const asked = [iterator.next(), iterator.next()]
    await turn()

    await iterator.return?.()

    expect(await Promise.all(asked)).toEqual(Array(2).fill({ done: true, value: undefined }))
    body.open()
    await scheduler.idle()
  })

  it('closes the source once, however often it is left', async () => {
    const log: string[] = []
    const iterator = new Scheduler().map(logged(log), same)[Symbol.asyncIterator]()
    await iterator.next()

    await Promise.all([iterator.return?.(), iterator.return?.()])
    await iterator.return?.()

    expect(log.filter((line) => line === 'closed')).toEqual(['closed'])
  })

  it('lets go of items that are pending promises', async () => {
    const pending = Future.withResolvers<number>().future
    const scheduler = new Scheduler({ concurrency: 2 })
    const begin = async (): Promise<WeakRef<object>[]> => {
      const body = (): void => {}
      const iterator = scheduler.map([1, pending], body)[Symbol.asyncIterator]()
      await iterator.next()
      await iterator.return?.()
      return [new WeakRef(body), new WeakRef(iterator)]
    }

    expect(await survivorsOf(await begin())).toBe(0)
    expect(pending.status).toBe('running')
  })
})

describe('a mapping in which something fails', () => {
  it('R18 gives what was taken before, then the failure, then the end', async () => {
    const log: string[] = []
    const failing = (n: number): number => {
      if (n === 3) throw HOSTILE
      return n
    }
    const scheduler = new Scheduler({ concurrency: 1 })
    const iterator = scheduler.map(logged(log), failing)[Symbol.asyncIterator]()

    expect(await iterator.next()).toEqual({ done: false, value: 1 })
    expect(await iterator.next()).toEqual({ done: false, value: 2 })
    expect(await failureOf(iterator.next())).toBe(HOSTILE)
    expect(await iterator.next()).toEqual({ done: true, value: undefined })
    expect(log).toEqual(['pull 1', 'pull 2', 'pull 3', 'closed'])
  })

  it('R18 cancels the bodies in flight, which learn why, and closes the source once', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 3 })
    const log: unknown[] = []
    const failure = failureOf(
      scheduler.map(logged(log as string[]), async (n, _index, { signal }) => {
        signal.addEventListener('abort', () => log.push(signal.reason))
        await clock.sleep(n * 10)
        throw HOSTILE
      }),
    )
    await clock.run()

    expect(await failure).toBe(HOSTILE)
    expect(log.slice(0, 4)).toEqual(['pull 1', 'pull 2', 'pull 3', 'closed'])
    const reasons = log.slice(4) as CancelledError[]
    expect(reasons.map(({ message, cause }) => ({ message, cause }))).toEqual(
      Array(2).fill({ message: 'The mapping "map" ended without it', cause: HOSTILE }),
    )
    expect(reasons.every((reason) => reason instanceof CancelledError)).toBe(true)
  })

  it('fails with an item that is a rejected promise, without calling its body', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    const items = [1, failAfter(clock, 10, HOSTILE), failAfter(clock, 20, new Error('late')), 4]
    const failure = failureOf(new Scheduler({ clock }).map(items, (n) => log.push(n)))
    await clock.run()

    expect(await failure).toBe(HOSTILE)
    expect(log).toEqual([1, 4])
  })

  it.each([
    ...Object.entries(throwingIterables<number>([1, 2])),
    ...Object.entries(stillbornIterables()).slice(1, 3),
  ])('fails with that very error when %s, and does not close the source', async (_what, source) => {
    const scheduler = new Scheduler({ concurrency: 1 })

    expect(await failureOf(scheduler.map(source, double))).toBe(HOSTILE)
    expect(scheduler.queued).toBe(0)
  })

  it.each<[string, unknown, RegExp]>([
    ['a result that is none', { next: () => 5 }, /Expected `result` to be .*got `5` \(number\)/],
    ['null for a result', { next: () => null }, /Expected `result`/],
    ['no next()', {}, /Expected `next` to be a function, got `undefined`/],
    ['null for an iterator', null, /Expected `iterator` to be an object, got `null`/],
  ])('fails with a TypeError for a source with %s', async (_what, iterator, message) => {
    for (const method of [Symbol.iterator, Symbol.asyncIterator]) {
      const source = { [method]: () => iterator } as unknown as Iterable<number>

      const failure = await failureOf(new Scheduler().map(source, double))

      expect(failure).toBeInstanceOf(TypeError)
      expect((failure as Error).message).toMatch(message)
    }
  })

  it.each<[string, (controller: AbortController) => unknown]>([
    ['rejects', () => Promise.reject(HOSTILE)],
    ['throws', explode],
    ['gives a thenable that throws', () => ({ then: explode })],
    [
      'gives a promise whose constructor cannot be read',
      () => Object.defineProperty(Promise.resolve(1), 'constructor', { get: explode }),
    ],
    [
      'gives a result whose value cannot be read',
      async () => Object.defineProperty({ done: false }, 'value', { get: explode }),
    ],
  ])(
    'fails with the failure of an async source that %s, and does not close it',
    async (...args) => {
      const [, next] = args
      const log: string[] = []
      const source = {
        [Symbol.asyncIterator]: () => ({ next, return: () => log.push('return()') }),
      } as unknown as AsyncIterable<number>

      expect(await failureOf(new Scheduler().map(source, double))).toBe(HOSTILE)
      expect(log).toEqual([])
    },
  )

  it.each([
    ['throws', explode],
    ['rejects', () => Promise.reject(new Error('of closing'))],
    ['never ends', () => new Promise(() => {})],
  ])('keeps the failure when closing the source %s', async (_what, close) => {
    const strays = await strayErrorsDuring(async () => {
      const failure = failureOf(
        new Scheduler().map(endless(close, true), () => Promise.reject(HOSTILE)),
      )

      expect(await failure).toBe(HOSTILE)
    })

    expect(strays).toEqual([])
  })

  it('drops the failures of bodies that fail because they were cancelled', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 2 })

    const strays = await strayErrorsDuring(async () => {
      const failure = failureOf(
        scheduler.map([10, 20], async (milliseconds, _index, context) => {
          await context.sleep(milliseconds)
          throw new Error(`${milliseconds}`)
        }),
      )
      await clock.run()
      expect(await failure).toEqual(new Error('10'))
    })

    expect(strays).toEqual([])
  })

  it('R16 tells of a failure that its loop was left without seeing', async () => {
    const told: unknown[] = []
    const stop = onUncollected(({ name, reason }) => told.push(`${name}: ${reason}`))
    await (async () => {
      const scheduler = new Scheduler({ concurrency: 1 })
      const failing = (n: number): number => (n === 2 ? explode() : n)
      const options = { name: 'rows' }
      for await (const _ of scheduler.map([1, 2], (n) => String(failing(n)), options)) {
        await turn()
        break
      }
    })()

    for (let tries = 0; tries < 50 && told.length === 0; tries++) {
      globalThis.gc?.()
      await turn()
    }
    stop()

    expect(told).toEqual(['rows: [object Object]'])
  })
})

describe('a mapping with `stopOnError: false`', () => {
  const odd = (n: number): number => {
    if (n % 2 === 1) throw new Error(`${n} is odd`)
    return n
  }
  const ON = { stopOnError: false }

  it('R18 goes on to the end and then throws all failures, in the order they happened', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, name: 'io' })
    const items = [30, failAfter(clock, 20, new Error('item')), 10, 40]

    const failure = failureOf(
      scheduler.map(
        items,
        async (milliseconds) => {
          await clock.sleep(milliseconds)
          if (milliseconds < 40) throw new Error(`${milliseconds}`)
        },
        { ...ON, name: 'save' },
      ),
    )
    await clock.run()

    const error = (await failure) as AggregateError
    expect(error).toBeInstanceOf(AggregateError)
    expect(error.message).toBe('3 items of the mapping "save" failed')
    expect(error.errors.map(({ message }) => message)).toEqual(['10', 'item', '30'])
    expect(clock.now()).toBe(40)
  })

  it('leaves failures out of the stream, and throws them at its end, even one', async () => {
    for (const ordered of [true, false]) {
      const mapping = new Scheduler({ concurrency: 1 }).map([2, 3, 4], odd, { ...ON, ordered })
      const got: number[] = []
      const failure = (await failureOf(
        (async () => {
          for await (const n of mapping) got.push(n)
        })(),
      )) as AggregateError

      expect(got).toEqual([2, 4])
      expect(failure.errors).toEqual([new Error('3 is odd')])
    }
  })

  it('gives the results if nothing fails', async () => {
    expect(await new Scheduler().map([2, 4], odd, ON)).toEqual([2, 4])
  })

  it('goes on after its calls were cancelled, and never calls the body of those that waited', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const log: number[] = []

    const failure = await failureOf(
      scheduler.map(
        [0, 1, 2, 3, 4, 5, 6, 7],
        async (item) => {
          log.push(item)
          await null
          if (item === 1) scheduler.cancel('enough')
        },
        { stopOnError: false, buffer: 3 },
      ),
    )

    expect(log).toEqual([0, 1, 4, 5, 6, 7])
    expect((failure as AggregateError).errors).toEqual(['enough', 'enough', 'enough'])
  })

  it('counts failures as handed over', async () => {
    const log: string[] = []
    const mapping = new Scheduler().map(logged(log, 50), odd, { ...ON, buffer: 2 })
    const iterator = mapping[Symbol.asyncIterator]()

    await iterator.next()
    await turn()

    // 1 failed and 2 was taken; 3 cannot be passed over while 4 is held, nor 5 behind it.
    expect(log.filter((line) => line.startsWith('pull')).length).toBe(5)
    await iterator.return?.().catch(() => {})
    await failureOf(iterator.next())
  })

  it('is still ended at once by a source that fails', async () => {
    const source = throwingIterables([2, 3])['a generator throws'] as Iterable<number>

    expect(await failureOf(new Scheduler().map(source, odd, ON))).toBe(HOSTILE)
  })
})

describe('a mapping that is cancelled', () => {
  it('R15 never opens its source under a signal that has aborted', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    const signal = AbortSignal.abort(HOSTILE)

    expect(await failureOf(scheduler.map(logged(log), double, { signal }))).toBe(HOSTILE)
    expect(await failureOf(listOf(scheduler.map(logged(log), double, { signal })))).toBe(HOSTILE)
    expect(log).toEqual([])
  })

  it.each([
    ['its signal', 'map'],
    ['the signal of the scheduler', 'scheduler'],
  ])(
    'by %s fails with the reason, cancels the bodies with it, and closes the source',
    async (...args) => {
      const [, where] = args
      const clock = new VirtualClock()
      const controller = new AbortController()
      const { signal } = controller
      const isOwn = where === 'map'
      const scheduler = new Scheduler({ clock, concurrency: 2, ...(isOwn ? {} : { signal }) })
      const log: string[] = []
      const mapping = scheduler.map(
        logged(log),
        async (n, _index, context) => {
          context.signal.addEventListener('abort', () => {
            log.push(`${n} aborted: ${context.signal.reason}`)
          })
          await context.sleep(n * 10)
          return n
        },
        isOwn ? { signal } : {},
      )
      clock.callLater(() => controller.abort('enough'), 25)

      const finished = (async () => {
        for await (const n of mapping) log.push(`got ${n}`)
      })().catch((reason) => log.push(`failed: ${reason} at ${clock.now()}`))
      await clock.run()
      await finished

      expect(log.slice(0, 6)).toEqual(['pull 1', 'pull 2', 'pull 3', 'got 1', 'pull 4', 'got 2'])
      expect(log.slice(6).sort()).toEqual([
        ...['3 aborted: enough', '4 aborted: enough', 'closed', 'failed: enough at 25'],
      ])
      expect(getEventListeners(signal, 'abort')).toEqual([])
    },
  )

  it.each(['deferred', 'eager'] as const)(
    'R18 by a listener of an item never calls the body for that, %s',
    async (start) => {
      const controller = new AbortController()
      const { signal } = controller
      const { future, resolve } = Future.withResolvers<number>()
      const called: number[] = []
      const scheduler = new Scheduler({ start })
      future.onSettled(() => controller.abort(HOSTILE))

      const failure = failureOf(scheduler.map([future], (n) => called.push(n), { signal }))
      await turn()
      resolve(1)

      expect(await failure).toBe(HOSTILE)
      await scheduler.idle()
      expect(called).toEqual([])
      expect(scheduler.progress.called).toBe(0)
    },
  )

  it.each<[string, (mapping: AsyncIterable<number> & PromiseLike<number[]>) => Promise<unknown>]>([
    ['awaited', async (mapping) => await mapping],
    ['iterated', listOf],
    [
      'left',
      async (mapping) => {
        for await (const _ of mapping) break
      },
    ],
  ])('R15 keeps no listener on a long-lived signal once it was %s', async (_how, use) => {
    const { signal } = new AbortController()
    const scheduler = new Scheduler({ signal })

    await use(scheduler.map([1, 2, 3], double, { signal }))
    await scheduler.idle()

    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('R16 by a cancel of all calls is cancelled too: leaving the loop then loses nothing', async () => {
    const scheduler = new Scheduler({ concurrency: 2 })
    const log: string[] = []

    for await (const _ of scheduler.map(logged(log), (n) => (n > 1 ? turn() : n))) {
      scheduler.cancel('enough')
      break
    }
    await scheduler.idle()

    // What is uncollected would make the package listen for the end of the program.
    expect(process.listenerCount('beforeExit')).toBe(0)
    expect(log.at(-1)).toBe('closed')
  })

  it('by a call that is fails with its reason', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })

    const failure = failureOf(scheduler.map([1], () => clock.sleep(50), { timeout: 10 }))
    await clock.advance(10)

    expect(await failure).toBeInstanceOf(TimeoutError)
    await clock.run()
  })

  it.each([
    ['its generator, which is closed when it comes back', false],
    ['its async generator, which is closed when it comes to its next yield', true],
  ])('from within %s', async (_what, isAsync) => {
    const controller = new AbortController()
    const log: string[] = []
    function* suicidal(): Generator<number, void> {
      try {
        yield 1
        controller.abort(HOSTILE)
        log.push('aborted')
        yield 2
        log.push('never')
      } finally {
        log.push('closed')
      }
    }
    const source = isAsync
      ? (async function* () {
          yield* suicidal()
        })()
      : suicidal()
    const { signal } = controller

    const failure = await failureOf(
      new Scheduler().map(source, (n) => log.push(`body ${n}`), { signal }),
    )
    await turn()

    expect(failure).toBe(HOSTILE)
    expect(log.filter((line) => !line.startsWith('body 1'))).toEqual(['aborted', 'closed'])
  })

  it('while its source is being opened closes that', async () => {
    const controller = new AbortController()
    const log: string[] = []
    const source = {
      [Symbol.iterator]: () => {
        controller.abort(HOSTILE)
        const next = (): void => void log.push('next()')
        return { next, return: () => log.push('return()') }
      },
    } as unknown as Iterable<number>
    const { signal } = controller

    expect(await failureOf(new Scheduler().map(source, double, { signal }))).toBe(HOSTILE)
    expect(log).toEqual(['return()'])
  })

  it.each([
    ['gives its last item', (): IteratorResult<number> => ({ done: true, value: undefined })],
    ['fails', explode],
  ])('by its source, does not close it when that %s with it', async (_what, end) => {
    const controller = new AbortController()
    const log: string[] = []
    const next = (): unknown => {
      controller.abort('enough')
      return end()
    }
    const source = {
      [Symbol.iterator]: () => ({ next, return: () => log.push('return()') }),
    } as unknown as Iterable<number>
    const { signal } = controller

    expect(await failureOf(new Scheduler().map(source, double, { signal }))).toBe('enough')
    expect(log).toEqual([])
  })

  it('by an eager body, before that has given back its future, aborts that body', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const scheduler = new Scheduler({ clock, start: 'eager' })
    const log: string[] = []

    const failure = failureOf(
      scheduler.map(
        [1],
        async (_item, _index, context) => {
          context.signal.addEventListener('abort', () => log.push(context.signal.reason))
          controller.abort('enough')
          await context.sleep(1000)
        },
        { signal: controller.signal },
      ),
    )
    await clock.run()

    expect(await failure).toBe('enough')
    expect([log, clock.now()]).toEqual([['enough'], 0])
  })
})

describe('a mapping of a closed scheduler', () => {
  it('R5 fails with an InvalidStateError, and closes its source', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    const mapping = scheduler.map(logged(log), double)
    await scheduler.close()

    expect(await failureOf(mapping)).toBeInstanceOf(InvalidStateError)
    expect(log).toEqual(['pull 1', 'closed'])
  })

  it('R5 fails also when that was closed halfway', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    let closed: Promise<void> | undefined

    const failure = failureOf(
      (async () => {
        for await (const n of scheduler.map(logged(log), double)) {
          log.push(`got ${n}`)
          closed ??= scheduler.close()
        }
      })(),
    )

    expect(await failure).toBeInstanceOf(InvalidStateError)
    await closed
    expect(log.filter((line) => line === 'closed')).toEqual(['closed'])
  })
})

describe('scheduler.map(), given what it cannot use,', () => {
  const scheduler = new Scheduler()

  it.each<[string, unknown]>([
    ['a record', { a: 1 }],
    ['a number', 5],
    ['null', null],
    ['nothing', undefined],
    ['a promise of a list', Promise.resolve([1])],
    ['a function', () => [1]],
    ['an iterator that is not iterable', { next: () => ({ done: true }) }],
    ['no function for an iterator', { [Symbol.iterator]: 5 }],
    ['a revoked proxy', revokedProxy()],
  ])('throws a TypeError at the call for %s as its source', (_what, source) => {
    expect(() => scheduler.map(source as never, same)).toThrow(TypeError)
  })

  it.each(
    Object.entries(stillbornIterables()).filter(([what]) => /getter of Symbol|proxy/.test(what)),
  )('throws that very error at the call when %s', (_what, source) => {
    const call = (): unknown => scheduler.map(source, same)

    expect(call).toThrow(expect.toSatisfy((error: unknown) => error === HOSTILE))
  })

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['a promise', Promise.resolve()],
  ])('throws a TypeError at the call for %s as its body', (_what, body) => {
    expect(() => scheduler.map([1], body as never)).toThrow('Expected `body` to be a function')
  })

  it.each<[string, unknown, typeof TypeError | typeof RangeError]>([
    ['ordered', 'yes', TypeError],
    ['ordered', null, TypeError],
    ['stopOnError', 1, TypeError],
    ['buffer', '4', TypeError],
    ['buffer', null, TypeError],
    ['buffer', 0, RangeError],
    ['buffer', -1, RangeError],
    ['buffer', 1.5, RangeError],
    ['buffer', Number.NaN, RangeError],
    ['buffer', Number.NEGATIVE_INFINITY, RangeError],
    ['signal', {}, TypeError],
    ['name', 5, TypeError],
    ['timeout', 0, RangeError],
    ['priority', Number.NaN, RangeError],
    ['retry', 5, TypeError],
  ])('throws at the call for the option `%s: %s`', (option, value, error) => {
    const call = (): unknown => scheduler.map([1], same, { [option]: value })

    expect(call).toThrow(error)
    expect(call).toThrow(`Expected \`${option}\``)
  })

  it('throws a TypeError at the call for options that are no object', () => {
    for (const options of [null, 5, 'options', () => {}]) {
      expect(() => scheduler.map([1], same, options as never)).toThrow('Expected `options`')
    }
  })

  it('takes a buffer of Infinity, and options that are undefined', async () => {
    const options = { ordered: undefined, buffer: undefined, stopOnError: undefined }

    expect(await scheduler.map([1], same, { ...options, signal: undefined })).toEqual([1])
    expect(await scheduler.map([1, 2], same, { buffer: Number.POSITIVE_INFINITY })).toEqual([1, 2])
  })

  it('reads its options once', async () => {
    const options = { buffer: 1 }
    const mapping = scheduler.map([1, 2], double, options)
    options.buffer = -1

    expect(await mapping).toEqual([2, 4])
  })
})
