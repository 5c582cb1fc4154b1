import { Scheduler, sleep, task } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { revokedProxy } from '../support/hostile.ts'

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

describe('What is right', () => {
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
  ])('R5 is taken, up to the very edge: a `%s`', (_, act) => {
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
