import { gather, spawn } from 'gatherly'
import { describe, expect, it } from 'vitest'
import {
  gatherSync,
  registerErrors,
  serve,
  sleepSync,
  transfer,
  WorkerPool,
  type WorkerPoolOptions,
} from '../../src/workers/index.ts'
import { thrownBy } from '../support/thrown-by.ts'

type ErrorClass = typeof TypeError | typeof RangeError

/** A wrong value, the error it must give, and how the message shows what came. */
type Wrong = readonly [value: unknown, error: ErrorClass, shown: string]

const AN_OBJECT = 'some object'
const A_FUNCTION = 'some function'

const NO_OBJECTS: Wrong[] = [
  [null, TypeError, '`null` (object)'],
  [5, TypeError, '`5` (number)'],
  ['text', TypeError, '`text` (string)'],
  [true, TypeError, '`true` (boolean)'],
  [Symbol('s'), TypeError, '`Symbol(s)` (symbol)'],
  [() => {}, TypeError, A_FUNCTION],
]
const NO_TEXTS: Wrong[] = [
  [5, TypeError, '`5` (number)'],
  [null, TypeError, '`null` (object)'],
  [{}, TypeError, AN_OBJECT],
]
const NO_NUMBERS: Wrong[] = [
  ['2', TypeError, '`2` (string)'],
  ['', TypeError, '`` (string)'],
  [null, TypeError, '`null` (object)'],
  [true, TypeError, '`true` (boolean)'],
  [2n, TypeError, '`2` (bigint)'],
  [[2], TypeError, AN_OBJECT],
  [() => 2, TypeError, A_FUNCTION],
]
const NAN: Wrong = [Number.NaN, RangeError, '`NaN` (number)']
const ZERO: Wrong = [0, RangeError, '`0` (number)']
const NEGATIVE: Wrong = [-1, RangeError, '`-1` (number)']
const INFINITE: Wrong = [Number.POSITIVE_INFINITY, RangeError, '`Infinity` (number)']
const NEGATIVE_INFINITE: Wrong = [Number.NEGATIVE_INFINITY, RangeError, '`-Infinity` (number)']
const NO_TIMES: Wrong[] = [...NO_NUMBERS, NAN, NEGATIVE, NEGATIVE_INFINITE]

type Case = readonly [option: string, shown: string, value: unknown, error: ErrorClass]

const casesOf = (options: Record<string, readonly Wrong[]>): Case[] =>
  Object.entries(options).flatMap(([option, wrongs]) =>
    wrongs.map(([value, error, shown]) => [option, shown, value, error] as const),
  )

/** @param expected - What the message says of what was expected. */
function expectMisuse(
  thrown: Error,
  error: ErrorClass,
  name: string,
  shown: string,
  expected = /.+/,
): void {
  expect(thrown).toBeInstanceOf(error)
  const [, saidName, saidExpected, saidGot] =
    /^Expected `([\w.[\]]+)` to be (.+), got (.+)$/.exec(thrown.message) ?? []
  expect([saidName, saidGot]).toEqual([name, shown])
  expect(saidExpected).toMatch(expected)
}

const MODULE = 'file:///tasks.mjs'

const poolOptions: Record<string, Wrong[]> = {
  threads: [
    ...[...NO_NUMBERS, NAN, ZERO, NEGATIVE, INFINITE, NEGATIVE_INFINITE],
    [1.5, RangeError, '`1.5` (number)'],
    [5000, RangeError, '`5000` (number)'],
  ],
  name: NO_TEXTS,
  start: [
    ['lately', TypeError, '`lately` (string)'],
    ['Eager', TypeError, '`Eager` (string)'],
    ['toString', TypeError, '`toString` (string)'],
    [0, TypeError, '`0` (number)'],
    [null, TypeError, '`null` (object)'],
  ],
  signal: [
    [5, TypeError, '`5` (number)'],
    [null, TypeError, '`null` (object)'],
    [{}, TypeError, AN_OBJECT],
    [new AbortController(), TypeError, AN_OBJECT],
    [new EventTarget(), TypeError, AN_OBJECT],
  ],
  idleTimeout: NO_TIMES,
  grace: NO_TIMES,
  loadTimeout: [...NO_TIMES, ZERO],
  resourceLimits: NO_OBJECTS,
  env: NO_OBJECTS,
  execArgv: [
    ...NO_OBJECTS,
    ['--expose-gc', TypeError, '`--expose-gc` (string)'],
    [{ length: 1 }, TypeError, AN_OBJECT],
    [new Set(['--expose-gc']), TypeError, AN_OBJECT],
  ],
}
const expectations: Record<string, RegExp> = {
  threads: /^a whole number from 1 to 1023$/,
  name: /^a string$/,
  start: /deferred.*eager.*lazy/,
  signal: /^an AbortSignal$/,
  idleTimeout: /^milliseconds from 0 up, or Infinity$/,
  grace: /^milliseconds from 0 up, or Infinity$/,
  loadTimeout: /^milliseconds above 0, or Infinity$/,
  resourceLimits: /^an object$/,
  env: /^an object$/,
  execArgv: /^a list of strings$/,
}

describe('R5 a pool', () => {
  it.each(casesOf(poolOptions))('throws for the option %s: %s', (option, shown, value, error) => {
    const thrown = thrownBy(() => new WorkerPool(MODULE, { [option]: value }))

    expectMisuse(thrown, error, option, shown, expectations[option])
  })

  it.each(casesOf({ options: NO_OBJECTS }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => new WorkerPool(MODULE, value as never))

      expectMisuse(thrown, error, option, shown, /^an object$/)
    },
  )

  it.each<[string, string, unknown]>([
    ['execArgv[1]', '`5` (number)', { execArgv: ['--expose-gc', 5] }],
    ['execArgv[0]', AN_OBJECT, { execArgv: [['--expose-gc']] }],
    ['execArgv[0]', '`undefined` (undefined)', { execArgv: Array(1) }],
  ])('throws for a part of an option, %s: %s', (part, shown, options) => {
    const thrown = thrownBy(() => new WorkerPool(MODULE, options as WorkerPoolOptions))

    expectMisuse(thrown, TypeError, part, shown, /^a string$/)
  })

  it.each<[string, string, unknown, ErrorClass]>([
    ['stackSizeMb', '`4` (string)', '4', TypeError],
    ['maxOldGenerationSizeMb', '`null` (object)', null, TypeError],
    ['maxYoungGenerationSizeMb', '`NaN` (number)', Number.NaN, RangeError],
    ['codeRangeSizeMb', '`-1` (number)', -1, RangeError],
    ['stackSizeMb', '`0` (number)', 0, RangeError],
  ])('throws for a limit that is none, %s: %s', (limit, shown, value, error) => {
    const thrown = thrownBy(() => new WorkerPool(MODULE, { resourceLimits: { [limit]: value } }))

    expectMisuse(thrown, error, `resourceLimits.${limit}`, shown, /^megabytes above 0$/)
  })

  it.each<[string, unknown, string, RegExp]>([
    ['nothing', undefined, '`undefined` (undefined)', /^a URL, a string, or a function/],
    ['null', null, '`null` (object)', /^a URL, a string, or a function/],
    ['a number', 5, '`5` (number)', /^a URL, a string, or a function/],
    ['an object', {}, AN_OBJECT, /^a URL, a string, or a function/],
    ['a module', { add: () => 1 }, AN_OBJECT, /^a URL, a string, or a function/],
    ['a list', [MODULE], AN_OBJECT, /^a URL, a string, or a function/],
    ['a promise', Promise.resolve({}), AN_OBJECT, /^a URL, a string, or a function/],
    ['a relative path', './tasks.js', '`./tasks.js` (string)', /^an absolute URL/],
    ['an absolute path', '/srv/tasks.js', '`/srv/tasks.js` (string)', /^an absolute URL/],
    ['a package', 'gatherly', '`gatherly` (string)', /^an absolute URL/],
    ['an empty string', '', '`` (string)', /^an absolute URL/],
    ['what only looks like a URL', { href: MODULE, toString: () => MODULE }, AN_OBJECT, /^a URL/],
  ])('throws for a module that is %s', (_, module, shown, expected) => {
    const thrown = thrownBy(() => new WorkerPool(module as never))

    expectMisuse(thrown, TypeError, 'module', shown, expected)
  })

  it('takes what is right, every option as `undefined` and the ends of every range, and starts no thread', () => {
    const none: WorkerPoolOptions = {
      ...{ threads: undefined, name: undefined, start: undefined, signal: undefined },
      ...{ idleTimeout: undefined, grace: undefined, loadTimeout: undefined },
      ...{ resourceLimits: undefined, env: undefined, execArgv: undefined },
    }
    const { POSITIVE_INFINITY: infinity, MIN_VALUE: least } = Number
    const limits = { stackSizeMb: 0.5, maxOldGenerationSizeMb: undefined }

    const pools = [
      new WorkerPool(MODULE),
      new WorkerPool(MODULE, undefined),
      new WorkerPool(MODULE, none),
      new WorkerPool(new URL(MODULE), { threads: 1, name: '', idleTimeout: 0, grace: 0 }),
      new WorkerPool(MODULE, { threads: 1023, loadTimeout: least, resourceLimits: limits }),
      new WorkerPool(MODULE, { idleTimeout: infinity, grace: infinity, loadTimeout: infinity }),
      new WorkerPool(MODULE, { resourceLimits: {}, env: { A: undefined }, execArgv: [] }),
      new WorkerPool('data:text/javascript,export const a = () => 1'),
    ]

    expect(pools.map(({ threads, name }) => [threads, name])).toEqual(
      ['pool', 'pool', 'pool', '', 'pool', 'pool', 'pool', 'pool'].map((name) => [0, name]),
    )
  })

  it.each(
    casesOf({ priority: [...NO_NUMBERS, NAN], name: NO_TEXTS, timeout: [...NO_TIMES, ZERO] }),
  )('has tasks whose with() throws for the option %s: %s', (option, shown, value, error) => {
    const { tasks } = new WorkerPool(MODULE)

    expectMisuse(
      thrownBy(() => tasks.add?.with({ [option]: value })),
      error,
      option,
      shown,
    )
    expectMisuse(
      thrownBy(() => tasks.add?.with(null as never)),
      TypeError,
      'options',
      '`null` (object)',
    )
  })
})

describe('R5 serve()', () => {
  const wrongs = NO_OBJECTS.filter(([value]) => typeof value !== 'function')

  it.each(casesOf({ tasks: [...wrongs, [undefined, TypeError, '`undefined` (undefined)']] }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => serve(value as never))

      const expected = /^an object of functions, or a function that loads them$/
      expectMisuse(thrown, error, option, shown, expected)
    },
  )

  it.each([
    ['an object', { add: () => 1 }],
    ['a function', async () => ({ add: () => 1 })],
  ])('throws outside of a worker, given %s', (_, tasks) => {
    const thrown = thrownBy(() => serve(tasks))

    expect(thrown).toBeInstanceOf(TypeError)
    expect(thrown.message).toBe('This is no worker thread')
  })
})

describe('R5 transfer()', () => {
  it.each(casesOf({ value: [...NO_OBJECTS, [undefined, TypeError, '`undefined` (undefined)']] }))(
    'throws for a %s that cannot be marked: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => transfer(value, []))

      expectMisuse(thrown, error, option, shown, /^an object$/)
    },
  )

  it.each(
    casesOf({
      list: [
        ...NO_OBJECTS,
        [undefined, TypeError, '`undefined` (undefined)'],
        [new ArrayBuffer(1), TypeError, AN_OBJECT],
        [new Set([new ArrayBuffer(1)]), TypeError, AN_OBJECT],
      ],
    }),
  )('throws for no %s: %s', (option, shown, value, error) => {
    const thrown = thrownBy(() => transfer({}, value as never))

    expectMisuse(thrown, error, option, shown, /^an array$/)
  })

  it.each(casesOf({ 'list[1]': NO_OBJECTS }))(
    'throws for what cannot be moved, %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => transfer({}, [new ArrayBuffer(1), value] as never))

      expectMisuse(thrown, error, option, shown, /^an object$/)
    },
  )
})

describe('R5 registerErrors()', () => {
  class Known extends Error {}
  const anonymous = (() => class extends Error {})()

  it.each<[string, unknown, string]>([
    ['nothing', undefined, '`undefined` (undefined)'],
    ['a name', 'Known', '`Known` (string)'],
    ['an error', new Known(), AN_OBJECT],
    ['a list', [Known], AN_OBJECT],
    ['another class', Map, A_FUNCTION],
    ['a function', () => new Known(), A_FUNCTION],
    ['Error itself', Error, A_FUNCTION],
  ])('throws for no class of errors: %s', (_, value, shown) => {
    const thrown = thrownBy(() => registerErrors(Known, value as never))

    expectMisuse(thrown, TypeError, 'classes[1]', shown, /^a class that extends Error$/)
  })

  it('throws for a class without a name', () => {
    const thrown = thrownBy(() => registerErrors(anonymous))

    expectMisuse(thrown, TypeError, 'classes[0].name', '`` (string)', /^a name$/)
  })

  it('takes none', () => {
    expect(registerErrors()).toBeUndefined()
  })
})

describe('R5 sleepSync()', () => {
  const wrongs = [...NO_TIMES, INFINITE]

  it.each(
    casesOf({ milliseconds: [...wrongs, [undefined, TypeError, '`undefined` (undefined)']] }),
  )('throws for wrong %s: %s', (option, shown, value, error) => {
    const thrown = thrownBy(() => sleepSync(value as never))

    expectMisuse(thrown, error, option, shown, /^finite and from 0 up$/)
  })
})

describe('R5 gatherSync()', () => {
  it.each(casesOf({ timeout: [...NO_TIMES, ZERO] }))(
    'throws for the option %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => gatherSync([], { [option]: value }))

      expectMisuse(thrown, error, option, shown, /^milliseconds above 0, or Infinity$/)
    },
  )

  it.each(casesOf({ options: NO_OBJECTS }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => gatherSync([], value as never))

      expectMisuse(thrown, error, option, shown, /^an object$/)
    },
  )

  it.each<Wrong>([
    [undefined, TypeError, '`undefined` (undefined)'],
    [null, TypeError, '`null` (object)'],
    [5, TypeError, '`5` (number)'],
    ['text', TypeError, '`text` (string)'],
    [new Map(), TypeError, AN_OBJECT],
    [() => {}, TypeError, A_FUNCTION],
  ])('R12 throws for what is no form of gather: %s', (value, error, shown) => {
    const thrown = thrownBy(() => gatherSync(value as never))

    expectMisuse(thrown, error, 'gather', shown)
  })

  it('R26 names what it would wait for in vain', async () => {
    const own = spawn(() => 1)
    const all = gather([own], { name: 'the numbers' })

    const one = thrownBy(() => gatherSync(own))
    const list = thrownBy(() => gatherSync([all]))

    expect([one.name, list.name]).toEqual(['InvalidStateError', 'InvalidStateError'])
    expect(one.message).toMatch(/would block for ever.*Await `gather` instead/)
    expect(await all).toEqual([1])
  })
})
