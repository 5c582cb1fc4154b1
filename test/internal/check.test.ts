import { Future, onUncollected, Scheduler, sleep, spawn, task } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

describe('The message of a misuse', () => {
  it('D7 names the option, what was expected and what came', () => {
    expect(() => new Scheduler({ concurrency: 0 })).toThrow(
      new RangeError(
        'Expected `concurrency` to be a whole number from 1 up, or Infinity, got `0` (number)',
      ),
    )
  })

  it.each([
    ['4', '`4` (string)'],
    [null, '`null` (object)'],
    [true, '`true` (boolean)'],
    [4n, '`4` (bigint)'],
    [Symbol('four'), '`Symbol(four)` (symbol)'],
  ])('D7 shows %s as %s', (bad, shown) => {
    expect(() => new Scheduler({ concurrency: bad as never })).toThrow(TypeError)
    expect(() => new Scheduler({ concurrency: bad as never })).toThrow(`, got ${shown}`)
  })

  it.each([-0.5, -1, 1.5, Number.NaN, -Infinity])('D7 shows the number %d', (bad) => {
    expect(() => new Scheduler({ concurrency: bad })).toThrow(RangeError)
    expect(() => new Scheduler({ concurrency: bad })).toThrow(`, got \`${bad}\` (number)`)
  })

  it.each<[string, (log: string[]) => unknown]>([
    ['with methods of its own', (log) => hostileObject(log)],
    ['without a prototype', () => Object.create(null)],
    ['that is a revoked proxy', () => revokedProxy()],
    ['that is a function', () => () => 4],
    ['that is a list', () => [4]],
    ['that is a class', () => class Four {}],
  ])('D7 is made without running the code of an object %s', (_, make) => {
    const log: string[] = []

    expect(() => new Scheduler({ concurrency: make(log) as never })).toThrow(TypeError)
    expect(() => sleep(make(log) as never)).toThrow(/^Expected `milliseconds` to be .*, got /)

    expect(log).toEqual([])
  })
})

describe('Bad input', () => {
  it.each<[string, string, () => unknown]>([
    ['body', 'a function', () => task('body' as never)],
    ['body', 'a function', () => spawn(undefined as never)],
    ['body', 'a function', () => spawn(Promise.resolve() as never)],
    ['executor', 'a function', () => new Future(null as never)],
    ['listener', 'a function', () => Future.resolve(1).onSettled(3 as never)],
    ['onCancel', 'a function', () => Future.withResolvers({ onCancel: 3 as never })],
    ['handler', 'a function', () => onUncollected('console' as never)],
    ['options', 'an object', () => task(() => 1, null as never)],
    ['options', 'an object', () => spawn(() => 1, 'name' as never)],
    ['options', 'an object', () => new Scheduler(4 as never)],
    ['options', 'an object', () => sleep(1, (() => {}) as never)],
    ['name', 'a string', () => task(() => 1, { name: 1 as never })],
    ['name', 'a string', () => new Scheduler({ name: Symbol('name') as never })],
    ['name', 'a string', () => Future.withResolvers({ name: null as never })],
    ['signal', 'an AbortSignal', () => spawn(() => 1, { signal: {} as never })],
    ['signal', 'an AbortSignal', () => spawn(() => 1, { signal: null as never })],
    ['signal', 'an AbortSignal', () => spawn(() => 1, { signal: new EventTarget() as never })],
    ['signal', 'an AbortSignal', () => sleep(1, { signal: new AbortController() as never })],
    ['clock', 'a Clock', () => new Scheduler({ clock: {} as never })],
    ['clock', 'a Clock', () => sleep(1, { clock: Date as never })],
    ['timeout', 'milliseconds above 0', () => spawn(() => 1, { timeout: '5' as never })],
    ['priority', 'a number', () => spawn(() => 1, { priority: '5' as never })],
    ['start', '"deferred", "eager" or "lazy"', () => new Scheduler({ start: 'now' as never })],
    ['start', 'a finite number', () => new VirtualClock('now' as never)],
  ])('R5 throws a TypeError that says `%s` should be %s', (name, expected, act) => {
    expect(act).toThrow(TypeError)
    expect(act).toThrow(`Expected \`${name}\` to be ${expected}`)
  })

  it.each<[string, () => unknown]>([
    ['timeout', () => spawn(() => 1, { timeout: 0 })],
    ['timeout', () => spawn(() => 1, { timeout: -1 })],
    ['timeout', () => task(() => 1, { timeout: Number.NaN })],
    ['priority', () => spawn(() => 1, { priority: Number.NaN })],
    ['slice', () => new Scheduler({ slice: -1 })],
    ['slice', () => new Scheduler({ slice: Number.NaN })],
    ['milliseconds', () => sleep(-1)],
    ['milliseconds', () => sleep(Infinity)],
    ['milliseconds', () => new VirtualClock().advance(Number.NaN)],
    ['start', () => new VirtualClock(Infinity)],
  ])('R5 throws a RangeError for a `%s` that is a wrong number', (name, act) => {
    expect(act).toThrow(RangeError)
    expect(act).toThrow(`Expected \`${name}\` to be `)
  })

  it.each<[string, () => unknown]>([
    ['timeout', () => task(() => 1, { timeout: Infinity })],
    ['timeout', () => task(() => 1, { timeout: 0.1 })],
    ['priority', () => task(() => 1, { priority: -1.5 })],
    ['priority', () => task(() => 1, { priority: Infinity })],
    ['slice', () => new Scheduler({ slice: 0 })],
    ['slice', () => new Scheduler({ slice: Infinity })],
    ['concurrency', () => new Scheduler({ concurrency: Infinity })],
    ['concurrency', () => new Scheduler({ concurrency: 1 })],
    ['signal of another realm', () => task(() => 1, { signal: likeASignal() })],
  ])('takes a `%s` at the edge of what is right', (_, act) => {
    expect(act).not.toThrow()
  })
})

function hostileObject(log: string[]): object {
  const trap = (name: string) => () => {
    log.push(name)
    throw new Error(name)
  }
  return {
    toString: trap('toString'),
    valueOf: trap('valueOf'),
    toJSON: trap('toJSON'),
    [Symbol.toPrimitive]: trap('toPrimitive'),
    get [Symbol.toStringTag]() {
      return trap('toStringTag')()
    },
  }
}

function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** As of an iframe, or of a polyfill: no instance of this realm's class. */
function likeASignal(): AbortSignal {
  const { signal } = new AbortController()
  return {
    aborted: false,
    reason: undefined,
    onabort: null,
    throwIfAborted: () => {},
    addEventListener: signal.addEventListener.bind(signal),
    removeEventListener: signal.removeEventListener.bind(signal),
    dispatchEvent: signal.dispatchEvent.bind(signal),
  } as AbortSignal
}
