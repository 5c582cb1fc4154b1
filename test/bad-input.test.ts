import {
  any,
  asCompleted,
  context,
  Future,
  type GatherOptions,
  gather,
  gatherSettled,
  InvalidStateError,
  onUncollected,
  race,
  Scheduler,
  sleep,
  spawn,
  task,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { explode, revokedProxy } from './support/hostile.ts'

type ErrorClass = typeof TypeError | typeof RangeError

/** A wrong value of an option, the error it must give, and how the message shows what came. */
type Wrong = readonly [value: unknown, error: ErrorClass, shown: string]

// What an object prints of itself is its own code, so messages say no more than that one came.
const AN_OBJECT = 'object'
const A_FUNCTION = 'function'

const NO_NAMES: Wrong[] = [
  [5, TypeError, '`5` (number)'],
  [null, TypeError, 'null'],
  [Symbol('name'), TypeError, '`Symbol(name)` (symbol)'],
  [{}, TypeError, AN_OBJECT],
  [() => 'name', TypeError, A_FUNCTION],
]
const NO_SIGNALS: Wrong[] = [
  [5, TypeError, '`5` (number)'],
  ['signal', TypeError, '`signal` (string)'],
  [null, TypeError, 'null'],
  [true, TypeError, '`true` (boolean)'],
  [{}, TypeError, AN_OBJECT],
  [new AbortController(), TypeError, AN_OBJECT],
  [new EventTarget(), TypeError, AN_OBJECT],
  [{ aborted: false, addEventListener: () => {} }, TypeError, AN_OBJECT],
  [() => {}, TypeError, A_FUNCTION],
]
const NO_CLOCKS: Wrong[] = [
  [5, TypeError, '`5` (number)'],
  [null, TypeError, 'null'],
  [{}, TypeError, AN_OBJECT],
  [{ now: () => 0 }, TypeError, AN_OBJECT],
  [{ now: () => 0, callLater: 5 }, TypeError, AN_OBJECT],
  [Date.now, TypeError, A_FUNCTION],
]
const NO_NUMBERS: Wrong[] = [
  ['4', TypeError, '`4` (string)'],
  ['', TypeError, '`` (string)'],
  [null, TypeError, 'null'],
  [true, TypeError, '`true` (boolean)'],
  [4n, TypeError, '`4` (bigint)'],
  [Symbol('four'), TypeError, '`Symbol(four)` (symbol)'],
  [[4], TypeError, AN_OBJECT],
  [new Date(4), TypeError, AN_OBJECT],
  [() => 4, TypeError, A_FUNCTION],
]
const NAN: Wrong = [Number.NaN, RangeError, '`NaN` (number)']
const NEGATIVE: Wrong = [-1, RangeError, '`-1` (number)']
const ZERO: Wrong = [0, RangeError, '`0` (number)']
const INFINITE: Wrong = [Number.POSITIVE_INFINITY, RangeError, '`Infinity` (number)']
const NEGATIVE_INFINITE: Wrong = [Number.NEGATIVE_INFINITY, RangeError, '`-Infinity` (number)']

const NO_TIMEOUTS: Wrong[] = [...NO_NUMBERS, NAN, NEGATIVE, ZERO, NEGATIVE_INFINITE]
const NO_DURATIONS: Wrong[] = [...NO_NUMBERS, NAN, NEGATIVE, INFINITE, NEGATIVE_INFINITE]
const NO_CONCURRENCIES: Wrong[] = [
  ...NO_NUMBERS,
  ...[NAN, NEGATIVE, ZERO, NEGATIVE_INFINITE],
  [1.5, RangeError, '`1.5` (number)'],
]
const NO_FUNCTIONS: Wrong[] = [
  [undefined, TypeError, 'undefined'],
  [null, TypeError, 'null'],
  [5, TypeError, '`5` (number)'],
  ['body', TypeError, '`body` (string)'],
  [{}, TypeError, AN_OBJECT],
  [Promise.resolve(), TypeError, AN_OBJECT],
]
const NO_OPTIONS: Wrong[] = [
  [null, TypeError, 'null'],
  [5, TypeError, '`5` (number)'],
  [0, TypeError, '`0` (number)'],
  ['options', TypeError, '`options` (string)'],
  ['', TypeError, '`` (string)'],
  [true, TypeError, '`true` (boolean)'],
  [false, TypeError, '`false` (boolean)'],
  [Symbol('options'), TypeError, '`Symbol(options)` (symbol)'],
  [() => {}, TypeError, A_FUNCTION],
]

const schedulerOptions: Record<string, Wrong[]> = {
  name: NO_NAMES,
  concurrency: NO_CONCURRENCIES,
  start: [
    ['lately', TypeError, '`lately` (string)'],
    ['', TypeError, '`` (string)'],
    ['Eager', TypeError, '`Eager` (string)'],
    ['__proto__', TypeError, '`__proto__` (string)'],
    ['toString', TypeError, '`toString` (string)'],
    [null, TypeError, 'null'],
    [0, TypeError, '`0` (number)'],
    [['eager'], TypeError, AN_OBJECT],
  ],
  slice: [...NO_NUMBERS, NAN, NEGATIVE, NEGATIVE_INFINITE],
  clock: NO_CLOCKS,
  signal: NO_SIGNALS,
}
const taskOptions: Record<string, Wrong[]> = {
  name: NO_NAMES,
  signal: NO_SIGNALS,
  timeout: NO_TIMEOUTS,
  priority: [...NO_NUMBERS, NAN],
}
const gatherOptions: Record<string, Wrong[]> = {
  cancelRest: [
    ['yes', TypeError, '`yes` (string)'],
    [1, TypeError, '`1` (number)'],
    [null, TypeError, 'null'],
    [{}, TypeError, AN_OBJECT],
  ],
  signal: NO_SIGNALS,
  timeout: NO_TIMEOUTS,
  clock: NO_CLOCKS,
  name: NO_NAMES,
}
const sleepOptions: Record<string, Wrong[]> = { signal: NO_SIGNALS, clock: NO_CLOCKS }
const futureOptions: Record<string, Wrong[]> = {
  name: NO_NAMES,
  onCancel: NO_FUNCTIONS.filter(([value]) => value !== undefined),
}

type Case = readonly [option: string, shown: string, value: unknown, error: ErrorClass]

const casesOf = (options: Record<string, Wrong[]>): Case[] =>
  Object.entries(options).flatMap(([option, wrongs]) =>
    wrongs.map(([value, error, shown]) => [option, shown, value, error] as const),
  )

/** What is thrown, with the promise that the test would otherwise wait for in vain. */
function thrownBy(act: () => unknown): Error {
  try {
    act()
  } catch (error) {
    return error as Error
  }
  throw new Error('Nothing was thrown')
}

function expectMisuse(thrown: unknown, error: ErrorClass, name: string, shown: string): void {
  expect(thrown).toBeInstanceOf(error)
  const { message } = thrown as Error
  expect(message).toMatch(/^Expected `[\w.]+` to be .+, got .+$/)
  expect(message).toContain(`\`${name}\` to be`)
  // Strings in quotes or not.
  expect(message.slice(message.lastIndexOf(', got ')).replaceAll('"', '')).toContain(shown)
}

describe('R5 a scheduler', () => {
  it.each(casesOf(schedulerOptions))(
    'throws for the option %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => new Scheduler({ [option]: value }))

      expectMisuse(thrown, error, option, shown)
    },
  )

  it.each(casesOf({ concurrency: [...NO_CONCURRENCIES, [undefined, TypeError, 'undefined']] }))(
    'throws when its %s is set: %s',
    (option, shown, value, error) => {
      const scheduler = new Scheduler({ concurrency: 3 })

      const thrown = thrownBy(() => {
        scheduler.concurrency = value as number
      })

      expectMisuse(thrown, error, option, shown)
      expect(scheduler.concurrency).toBe(3)
    },
  )

  it.each(casesOf({ options: NO_OPTIONS }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => new Scheduler(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )

  it('takes what is right: every option as `undefined`, and the ends of every range', () => {
    const undefinedOptions = { name: undefined, concurrency: undefined, start: undefined }
    const moreUndefined = { slice: undefined, clock: undefined, signal: undefined }
    const { POSITIVE_INFINITY } = Number

    expect(new Scheduler({ ...undefinedOptions, ...moreUndefined }).concurrency).toBe(
      POSITIVE_INFINITY,
    )
    expect(new Scheduler(undefined).paused).toBe(false)
    expect(new Scheduler({ concurrency: 1, slice: 0 }).concurrency).toBe(1)
    expect(
      new Scheduler({ concurrency: Number.MAX_SAFE_INTEGER, slice: POSITIVE_INFINITY }).queued,
    ).toBe(0)
  })

  it('throws InvalidStateError, with its name, once it is closed', async () => {
    const scheduler = new Scheduler({ name: 'crawler' })
    const work = scheduler.task(() => 1)
    await scheduler[Symbol.asyncDispose]()

    expect(thrownBy(work)).toBeInstanceOf(InvalidStateError)
    expect(thrownBy(() => scheduler.spawn(() => 1)).message).toContain('crawler')
  })
})

type Make = (body: never, options?: never) => unknown

const makers: [string, Make][] = [
  ['task()', (body, options) => task(body, options)],
  ['spawn()', (body, options) => spawn(body, options)],
  ['scheduler.task()', (body, options) => new Scheduler().task(body, options)],
  ['scheduler.spawn()', (body, options) => new Scheduler().spawn(body, options)],
]

describe.each(makers)('R5 %s', (_name, make) => {
  it.each(casesOf({ body: NO_FUNCTIONS }))(
    'throws for a wrong %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => make(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )

  it.each(casesOf(taskOptions))('throws for the option %s: %s', (option, shown, value, error) => {
    const thrown = thrownBy(() => make((() => 1) as never, { [option]: value } as never))

    expectMisuse(thrown, error, option, shown)
  })

  it.each(casesOf({ options: NO_OPTIONS }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => make((() => 1) as never, value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )
})

describe('R5 task.with()', () => {
  const work = task(() => 1)

  it.each(casesOf(taskOptions))('throws for the option %s: %s', (option, shown, value, error) => {
    const thrown = thrownBy(() => work.with({ [option]: value }))

    expectMisuse(thrown, error, option, shown)
  })

  it.each(casesOf({ options: NO_OPTIONS }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => work.with(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )
})

type Combine = (list: Iterable<unknown> & object, options?: GatherOptions) => Future<unknown>

const combinators: [string, Combine][] = [
  ['gather', gather],
  ['gatherSettled', gatherSettled],
  ['race', race],
  ['any', any],
]

describe.each(combinators)('R12 %s()', (name, combine) => {
  it.each(casesOf(gatherOptions))(
    'rejects for the option %s: %s',
    (option, shown, value, error) => {
      const input = Future.withResolvers().future
      const all = combine([input, Future.reject('collected all the same')], { [option]: value })

      const thrown = thrownBy(() => all.result())

      expectMisuse(thrown, error, option, shown)
      expect(all.status).toBe('rejected')
      expect(input.status).toBe('running')
    },
  )

  it.each(casesOf({ options: NO_OPTIONS }))(
    'rejects for no %s: %s',
    (option, shown, value, error) => {
      const all = combine([Future.resolve(1)], value as never)

      const thrown = thrownBy(() => all.result())

      expectMisuse(thrown, error, option, shown)
    },
  )

  it.each<Wrong>([
    [undefined, TypeError, 'undefined'],
    [null, TypeError, 'null'],
    [5, TypeError, '`5` (number)'],
    ['text', TypeError, '`text` (string)'],
    [true, TypeError, '`true` (boolean)'],
    [new Map(), TypeError, AN_OBJECT],
    [new Date(), TypeError, AN_OBJECT],
    [() => {}, TypeError, A_FUNCTION],
  ])('rejects for no iterable: %s', (value, error, shown) => {
    const all = combine(value as never)

    const thrown = thrownBy(() => all.result())

    expectMisuse(thrown, error, name, shown)
  })

  it('takes every option as `undefined`', () => {
    const options = { cancelRest: undefined, signal: undefined, timeout: undefined }

    const all = combine([1], { ...options, clock: undefined, name: undefined })

    expect(all.status).toBe('fulfilled')
  })
})

describe('R12 gather()', () => {
  it.each<Wrong>([
    [undefined, TypeError, 'undefined'],
    [5, TypeError, '`5` (number)'],
    [{ cancelRest: true }, TypeError, AN_OBJECT],
  ])('rejects when what follows a future is none: %s', (value, error, shown) => {
    const input = Future.withResolvers().future
    const all = gather(input, value as never)

    const thrown = thrownBy(() => all.result())

    expectMisuse(thrown, error, 'gather', shown)
    expect(input.status).toBe('running')
  })
})

describe('R12 asCompleted()', () => {
  it.each<Wrong>([
    [undefined, TypeError, 'undefined'],
    [null, TypeError, 'null'],
    [5, TypeError, '`5` (number)'],
    ['text', TypeError, '`text` (string)'],
    [{}, TypeError, AN_OBJECT],
    [new Map(), TypeError, AN_OBJECT],
    [() => {}, TypeError, A_FUNCTION],
  ])('throws for no iterable: %s', (value, error, shown) => {
    const thrown = thrownBy(() => asCompleted(value as never))

    expectMisuse(thrown, error, 'asCompleted', shown)
  })
})

describe('R5 a future', () => {
  it.each(casesOf({ executor: NO_FUNCTIONS }))(
    'throws for a wrong %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => new Future(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )

  it.each(casesOf(futureOptions))('throws for the option %s: %s', (option, shown, value, error) => {
    const executor = (): never => explode()

    const fromConstructor = thrownBy(() => new Future(executor, { [option]: value }))
    const fromResolvers = thrownBy(() => Future.withResolvers({ [option]: value }))

    expectMisuse(fromConstructor, error, option, shown)
    expectMisuse(fromResolvers, error, option, shown)
  })

  it.each(casesOf({ options: NO_OPTIONS }))(
    'throws for no %s: %s',
    (option, shown, value, error) => {
      const fromConstructor = thrownBy(() => new Future(() => {}, value as never))
      const fromResolvers = thrownBy(() => Future.withResolvers(value as never))

      expectMisuse(fromConstructor, error, option, shown)
      expectMisuse(fromResolvers, error, option, shown)
    },
  )

  it.each(casesOf({ listener: NO_FUNCTIONS }))(
    'throws for a wrong %s: %s',
    (option, shown, value, error) => {
      const pending = Future.withResolvers().future

      expectMisuse(
        thrownBy(() => pending.onSettled(value as never)),
        error,
        option,
        shown,
      )
      expectMisuse(
        thrownBy(() => Future.resolve(1).onSettled(value as never)),
        error,
        option,
        shown,
      )
    },
  )

  it('R9 resolved with itself is rejected with a TypeError', async () => {
    const { future, resolve } = Future.withResolvers<unknown>()
    resolve(future)
    const own: Future<unknown> = new Future((take) => queueMicrotask(() => take(own)))

    await expect(future).rejects.toThrow(TypeError)
    await expect(own).rejects.toThrow(TypeError)
  })

  it('throws InvalidStateError, with its name and state, for a result it has not', () => {
    const { future } = Future.withResolvers({ name: 'answer' })

    const thrown = thrownBy(() => future.result())

    expect(thrown).toBeInstanceOf(InvalidStateError)
    expect(thrown.message).toMatch(/answer.*running/)
  })

  it('cannot be called without `new`', () => {
    expect(() => (Future as unknown as (executor: unknown) => void)(() => {})).toThrow(TypeError)
  })

  it('has methods that throw for what is no future', () => {
    for (const name of ['result', 'then', 'cancel', 'onSettled'] as const) {
      expect(() => Future.prototype[name].call({} as never, (() => {}) as never)).toThrow(TypeError)
    }
  })
})

describe('R5 onUncollected()', () => {
  it.each(casesOf({ handler: NO_FUNCTIONS }))(
    'throws for a wrong %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => onUncollected(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )
})

describe('R5 sleep() and the clocks', () => {
  const sleeps: [string, (milliseconds: never, options?: never) => Promise<void>][] = [
    ['sleep()', sleep],
    ['clock.sleep()', (milliseconds, options) => new VirtualClock().sleep(milliseconds, options)],
  ]
  const wrongDurations = casesOf({
    milliseconds: [...NO_DURATIONS, [undefined, TypeError, 'undefined']],
  })

  describe.each(sleeps)('%s', (_name, wait) => {
    it.each(wrongDurations)('throws for wrong %s: %s', (option, shown, value, error) => {
      const thrown = thrownBy(() => wait(value as never))

      expectMisuse(thrown, error, option, shown)
    })
  })

  it.each(casesOf(sleepOptions))(
    'sleep() throws for the option %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => sleep(1, { [option]: value }))

      expectMisuse(thrown, error, option, shown)
    },
  )

  it.each(casesOf({ options: NO_OPTIONS }))(
    'sleep() throws for no %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => sleep(1, value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )

  it.each(wrongDurations)('the sleep of a context throws for wrong %s: %s', async (...wrong) => {
    const [option, shown, value, error] = wrong

    const scheduler = new Scheduler()
    const thrown = await scheduler.spawn(() => thrownBy(() => void context().sleep(value as never)))

    expectMisuse(thrown, error, option, shown)
  })

  it.each(wrongDurations)(
    'clock.advance() throws for wrong %s: %s',
    (option, shown, value, error) => {
      const thrown = thrownBy(() => void new VirtualClock().advance(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )

  const wrongStarts = [...NO_NUMBERS, NAN, INFINITE, NEGATIVE_INFINITE]
  it.each(casesOf({ start: wrongStarts }))(
    'a virtual clock throws for a wrong %s: %s',
    (...wrong) => {
      const [option, shown, value, error] = wrong

      const thrown = thrownBy(() => new VirtualClock(value as never))

      expectMisuse(thrown, error, option, shown)
    },
  )
})

describe('R5 options', () => {
  let isLocked = false
  /** Options that cannot be read any more once they are locked. */
  const lockable = (values: Record<string, unknown>): never => {
    const options = {}
    for (const [option, value] of Object.entries(values)) {
      const get = (): unknown => (isLocked ? explode() : value)
      Object.defineProperty(options, option, { enumerable: true, get })
    }
    return options as never
  }
  const signal = new AbortController().signal
  const clock = new VirtualClock()

  it('are not read after the call', async () => {
    const name = 'once'
    const scheduler = new Scheduler(
      lockable({ name, concurrency: 1, start: 'deferred', slice: 5, clock, signal }),
    )
    const ofTask = (): never => lockable({ name, signal, timeout: 5, priority: 1 })
    const work = scheduler.task(() => 1, ofTask())
    const futures = [
      scheduler.spawn(() => 1, ofTask()),
      work(),
      work.with(ofTask())(),
      gather(
        [sleep(1, { clock })],
        lockable({ cancelRest: true, signal, timeout: 5, clock, name }),
      ),
      Future.withResolvers(lockable({ name, onCancel: () => {} })).future,
    ]

    const asleep = sleep(5, lockable({ signal, clock }))

    isLocked = true
    await Promise.all([scheduler.idle(), asleep, clock.run()])
    futures.at(-1)?.cancel()

    expect(futures.map((future) => `${future.name}: ${future.status}`)).toEqual([
      ...['once: fulfilled', 'once: fulfilled', 'once: fulfilled', 'once: fulfilled'],
      'once: cancelled',
    ])
    expect(scheduler.name).toBe(name)
  })

  it('may be inherited', () => {
    const scheduler = new Scheduler(Object.create({ name: 'inherited', concurrency: 3 }))
    const future = scheduler.spawn(() => 1, Object.create({ name: 'inherited' }))
    const all = gather([future], Object.create({ name: 'inherited' }))

    expect([scheduler.name, scheduler.concurrency]).toEqual(['inherited', 3])
    expect([future.name, all.name]).toEqual(['inherited', 'inherited'])
    future.cancel()
  })
})

describe('R5 a message', () => {
  it.each([
    ['an object that cannot be printed', { toString: explode, [Symbol.toPrimitive]: explode }],
    [
      'an object whose tag cannot be read',
      Object.defineProperty({}, Symbol.toStringTag, { get: explode }),
    ],
    ['a revoked proxy', revokedProxy()],
    [
      'a function whose name cannot be read',
      Object.defineProperty(() => {}, 'name', { get: explode }),
    ],
    [
      'a function whose name is a symbol',
      Object.defineProperty(() => {}, 'name', { value: Symbol('s') }),
    ],
    ['an object without a prototype', Object.create(null)],
  ])('runs no code of what came: %s', (_what, value) => {
    const thrown = thrownBy(() => new Scheduler({ name: value as never }))

    expect(thrown).toBeInstanceOf(TypeError)
    expect(thrown.message).toMatch(/^Expected `name` to be a string, got /)
  })

  it('says which option, what was expected and what came, in one form', () => {
    const thrown = thrownBy(() => new Scheduler({ concurrency: 0 }))

    expect(thrown.message).toBe(
      'Expected `concurrency` to be a whole number from 1 up, or Infinity, got `0` (number)',
    )
  })
})
