import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import { transfer } from '../../src/workers/transfer.ts'
import { explainUncloneable } from '../../src/workers/uncloneable.ts'
import { explode, revokedProxy } from '../support/hostile.ts'

describe('explainUncloneable()', () => {
  it.each<[string, () => unknown]>([
    ['primitives', () => [undefined, null, 1, 'a', true, 1n]],
    ['what the platform knows', () => [new Date(), /x/, new Uint8Array(1), new Blob([])]],
    ['collections', () => new Map([[{}, new Set([1])]])],
    ['classes with private fields', () => new Private()],
    ['properties that cloning ignores', () => Object.assign(new Date(), { ignored() {} })],
    ['symbols as keys', () => ({ [Symbol('key')]: explode })],
    ['cycles', () => cyclic()],
    ['memory that is shared', () => new SharedArrayBuffer(8)],
  ])('R24 says nothing of %s', (_, make) => {
    expect(explain(make())).toBeUndefined()
  })

  it.each<[string, () => unknown]>([
    ['is a function', () => explode],
    ['is a symbol', () => Symbol('s')],
    ['is a Promise', () => Promise.resolve()],
    ['is a WeakMap', () => new WeakMap()],
    ['is a WeakRef', () => new WeakRef({})],
    ['is a Map Iterator', () => new Map().keys()],
    ['is an Intl.NumberFormat', () => new Intl.NumberFormat()],
    ['is a ReadableStream, which can only be transferred', () => new ReadableStream()],
    [
      'is an ArrayBuffer without its memory, which has been transferred',
      () => emptied(new Uint8Array(8)).buffer,
    ],
    [
      'is a Uint8Array without its memory, which has been transferred',
      () => emptied(new Uint8Array(8)),
    ],
    ['is an object that cannot be cloned', () => revokedProxy()],
    ['is an object that cannot be cloned', () => new Proxy({}, {})],
    ['is an object that cannot be cloned', () => new Proxy([], {})],
    ['is an object that cannot be cloned', () => new Proxy({}, { ownKeys: explode })],
  ])('R24 says what it is: %s', (what, make) => {
    expect(explain(make())).toBe(`argument 2 ${what}`)
    expect(explain({ a: [0, make()] })).toBe(`argument 2, a[1], ${what}`)
  })

  it.each<[string, () => unknown]>([
    ['options.onProgress', () => ({ options: { before: 1, onProgress: explode } })],
    ['[1]["a b"][0]', () => [0, { 'a b': [explode] }]],
    ['größe.$1', () => ({ größe: { $1: explode } })],
    ['get("k").f', () => new Map([['k', { f: explode }]])],
    ['m.get(1)', () => ({ m: new Map([[1, explode]]) })],
    [
      '<value 1>',
      () =>
        new Map<object, unknown>([
          [{}, 1],
          [{}, explode],
        ]),
    ],
    ['<key 0>', () => new Map([[explode, 1]])],
    ['all.<item 1>', () => ({ all: new Set([1, explode]) })],
    ['cause[0]', () => new Error('x', { cause: [explode] })],
    ['handler', () => Object.assign(new Private(), { handler: explode })],
    ['extra', () => Object.assign([1], { extra: explode })],
    ['b', () => ({ a: cyclic(), b: explode })],
    ['[1]', () => [Object.assign(new Date(), { ignored: explode }), explode]],
  ])('R24 says where it is: %s', (path, make) => {
    expect(explain(make())).toBe(`argument 2, ${path}, is a function`)
  })

  it('R24 says what a getter throws, whatever that is', () => {
    const throwing = (error: unknown) => ({
      a: 1,
      get size() {
        throw error
      },
      later: explode,
    })

    expect(explain(throwing(new RangeError('no')))).toBe(
      'argument 2, size, throws when it is read: RangeError: no',
    )
    expect(explain(throwing({ toString: explode }))).toBe(
      'argument 2, size, throws when it is read',
    )
  })

  it('R24 names a port that is not in the list of what to transfer, and none that is', () => {
    const { port1 } = new MessageChannel()
    onTestFinished(() => port1.close())

    expect(explain({ port: port1 })).toBe(
      'argument 2, port, is a MessagePort, which can only be transferred',
    )
    expect(explain(transfer({ port: port1 }, [port1]))).toBeUndefined()
    expect(explain(transfer({ port: port1, f: explode }, [port1]))).toBe(
      'argument 2, f, is a function',
    )
  })

  it('R24 finds a proxy among what refers back to itself', () => {
    const value: Record<string, unknown> = { a: {} }
    Object.assign(value.a as object, { value, bad: new Proxy({}, {}) })

    expect(explain(value)).toBe('argument 2, a.bad, is an object that cannot be cloned')
  })

  it('R24 comes to an end with an object that has none', () => {
    expect(explain({ a: endless() })).toBe('argument 2 is an object that cannot be cloned')
  })

  it('R24 finds it in a nest of any depth, and shortens the way there', () => {
    let deep: unknown = explode
    for (let i = 0; i < 50_000; i++) deep = { down: deep }

    expect(explain(deep)).toBe(
      `argument 2, ${'down.'.repeat(6)}[…]${'.down'.repeat(6)}, is a function`.replace('.[', '['),
    )
  })

  it('R24 says that a nest is too deep to be cloned', () => {
    let deep: unknown = 1
    for (let i = 0; i < 50_000; i++) deep = [deep]

    expect(explain(deep)).toBe('argument 2 is nested too deeply to be cloned')
  })
})

describe('explainUncloneable(), whatever the value', () => {
  it('R24 always names the first part that cannot be cloned, and only if there is one', () => {
    const leaf = fc.oneof(
      { weight: 6, arbitrary: fc.anything() },
      { weight: 1, arbitrary: fc.constantFrom(...refused) },
    )
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 3 }),
      ),
    }))

    fc.assert(
      fc.property(value, (input) => {
        const culprit = firstRefused(input)

        const said = explain(input)

        expect(said === undefined).toBe(culprit === undefined)
        if (said === undefined) structuredClone(input)
        else {
          expect(() => structuredClone(input)).toThrow()
          expect(said).toMatch(culprit as RegExp)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

const explain = (value: unknown) => explainUncloneable(value, 'argument 2')

/** What cannot be cloned, each known by what is said of it. */
const refused = [explode, Symbol('s'), Promise.resolve(), new WeakSet(), new Proxy({}, {})]
const saidOf = [
  /is a function$/,
  /is a symbol$/,
  /is a Promise$/,
  /is a WeakSet$/,
  /cannot be cloned$/,
]

/** Proxies are found only when nothing else is wrong. */
function firstRefused(value: unknown): RegExp | undefined {
  const found = [...leaves(value)]
    .map((leaf) => refused.indexOf(leaf as never))
    .filter((i) => i >= 0)
  const first = found.find((i) => i < 4) ?? found[0]
  return first === undefined ? undefined : saidOf[first]
}

function* leaves(value: unknown): Generator<unknown> {
  if (refused.includes(value as never)) yield value
  else if (Array.isArray(value)) for (const item of value) yield* leaves(item)
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) yield* leaves(item)
}

class Private {
  readonly #secret = explode
  reveal() {
    return this.#secret
  }
}

function cyclic(): object {
  const value: Record<string, unknown> = { list: [] }
  value.self = value
  ;(value.list as unknown[]).push(value, value.list)
  return value
}

function emptied(view: Uint8Array): Uint8Array {
  structuredClone(view, { transfer: [view.buffer as ArrayBuffer] })
  return view
}

function endless(): object {
  const descriptor = { enumerable: true, configurable: true }
  return new Proxy(
    {},
    { ownKeys: () => ['next'], getOwnPropertyDescriptor: () => descriptor, get: endless },
  )
}
