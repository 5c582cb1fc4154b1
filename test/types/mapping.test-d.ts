import { type Future, type MapOptions, type Mapping, Scheduler, type TaskContext } from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

declare const scheduler: Scheduler
declare const lines: AsyncIterable<string>
declare const signal: AbortSignal

describe('scheduler.map()', () => {
  test('takes its items from the source, and its results from the body', () => {
    const lengths = scheduler.map(['a', 'b'], (text) => text.length)
    expectTypeOf(lengths).toEqualTypeOf<Mapping<number>>()
    expectTypeOf(scheduler.map(lines, async (line) => [line])).toEqualTypeOf<Mapping<string[]>>()
    expectTypeOf(scheduler.map(new Set([1]), String)).toEqualTypeOf<Mapping<string>>()
    expectTypeOf(scheduler.map('abc', (letter) => letter)).toEqualTypeOf<Mapping<string>>()
    void scheduler.map(new Map([['key', 1]]), (entry) =>
      expectTypeOf(entry).toEqualTypeOf<[string, number]>(),
    )
  })

  test('awaits items and results', () => {
    const items = [Promise.resolve(1), 2] as (Promise<number> | number)[]
    void scheduler.map(items, (item) => expectTypeOf(item).toEqualTypeOf<number>())
    void scheduler.map([{} as Future<Date>], (item) => expectTypeOf(item).toEqualTypeOf<Date>())
    const nested = scheduler.map([1], async () => Promise.resolve('text' as const))
    expectTypeOf(nested).toEqualTypeOf<Mapping<'text'>>()
    expectTypeOf(scheduler.map([1], () => ({}) as Future<Date>)).toEqualTypeOf<Mapping<Date>>()
    expectTypeOf(scheduler.map([1], () => {})).toEqualTypeOf<Mapping<void>>()
  })

  test('gives the body an index and a context', () => {
    void scheduler.map(lines, (line, index, context) => {
      expectTypeOf(line).toEqualTypeOf<string>()
      expectTypeOf(index).toEqualTypeOf<number>()
      expectTypeOf(context).toEqualTypeOf<TaskContext>()
    })
    // @ts-expect-error the items are strings
    void scheduler.map(lines, (line: number) => line)
    // @ts-expect-error the second argument is a number
    void scheduler.map(lines, (_line, index: string) => index)
    // @ts-expect-error there are three arguments
    void scheduler.map(lines, (_line, _index, _context, more: string) => more)
  })

  test('takes its options, all of which may be left out', () => {
    void scheduler.map([1], String, {})
    void scheduler.map([1], String, { ordered: false, buffer: 5, stopOnError: false, signal })
    void scheduler.map([1], String, {
      name: 'text',
      timeout: 5,
      priority: 1,
      retry: { retries: 2 },
    })
    void scheduler.map([1], String, { ordered: undefined, buffer: undefined, signal: undefined })
    expectTypeOf<MapOptions['buffer']>().toEqualTypeOf<number | undefined>()
  })

  test('refuses what it cannot use', () => {
    // @ts-expect-error a number is no source
    void scheduler.map(5, String)
    // @ts-expect-error a record is no source
    void scheduler.map({ a: 1 }, String)
    // @ts-expect-error a promise of a list is no source
    void scheduler.map(Promise.resolve([1]), String)
    // @ts-expect-error there is no body
    void scheduler.map([1])
    // @ts-expect-error a body is a function
    void scheduler.map([1], Promise.resolve())
    // @ts-expect-error a buffer is a number
    void scheduler.map([1], String, { buffer: '5' })
    // @ts-expect-error no such option
    void scheduler.map([1], String, { concurrency: 5 })
    // @ts-expect-error a controller is not a signal
    void scheduler.map([1], String, { signal: new AbortController() })
  })
})

describe('Mapping', () => {
  const mapping = new Scheduler().map([1], (n) => n > 0)

  test('is awaited for an array', async () => {
    expectTypeOf(await mapping).toEqualTypeOf<boolean[]>()
    expectTypeOf(mapping.then((results) => results.length)).toEqualTypeOf<PromiseLike<number>>()
    expectTypeOf<Awaited<typeof mapping>>().toEqualTypeOf<boolean[]>()
  })

  test('is iterated for one result after the other', async () => {
    for await (const result of mapping) expectTypeOf(result).toEqualTypeOf<boolean>()
    const iterator = mapping[Symbol.asyncIterator]()
    expectTypeOf(iterator).toEqualTypeOf<AsyncIterableIterator<boolean>>()
    expectTypeOf(scheduler.map(mapping, String)).toEqualTypeOf<Mapping<string>>()
  })

  test('is no iterator itself, and no list', () => {
    // @ts-expect-error it is iterated by `for await`
    mapping.next()
    // @ts-expect-error it has no results before it is awaited
    mapping.length
    // @ts-expect-error it is not iterable without await
    for (const result of mapping) console.log(result)
  })
})
