import { isNativeError } from 'node:util/types'
import { createContext, runInContext } from 'node:vm'
import { Worker } from 'node:worker_threads'
import { CancelledError, InvalidStateError, TimeoutError } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { packThrown, unpackThrown } from '../../src/workers/error-codec.ts'
import { WorkerLostError } from '../../src/workers/worker-lost-error.ts'
import { explode, HOSTILE, revokedProxy } from '../support/hostile.ts'

describe('An error that comes from another thread', () => {
  it.each([Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError])(
    'R24 keeps its class, message and stack: %o',
    (Class) => {
      const error = new Class('boom')

      const arrived = handOver(error) as Error

      expect(arrived).not.toBe(error)
      expect(arrived.constructor).toBe(Class)
      expect(isNativeError(arrived)).toBe(true)
      expect([arrived.name, arrived.message, arrived.stack]).toEqual([
        Class.name,
        'boom',
        error.stack,
      ])
      expect(ownKeys(arrived)).toEqual(ownKeys(error))
      expect(Object.keys(arrived)).toEqual([])
    },
  )

  it('R24 keeps the name of a class that is unknown here, and extends the nearest that is known', () => {
    class HttpError extends TypeError {}
    class NotFound extends HttpError {
      override name = 'not found'
      readonly status = 404
    }

    const [plain, named] = [new HttpError('a'), new NotFound('b')].map(handOver) as [Error, Error]

    expect([plain.constructor.name, plain.name, plain.message]).toEqual([
      'HttpError',
      'TypeError',
      'a',
    ])
    expect([named.constructor.name, named.name, named.message]).toEqual([
      'NotFound',
      'not found',
      'b',
    ])
    expect([plain, named].map((one) => one instanceof TypeError && isNativeError(one))).toEqual([
      true,
      true,
    ])
    expect({ ...named }).toEqual({ name: 'not found', status: 404 })
    expect((handOver(new HttpError()) as Error).constructor).toBe(plain.constructor)
  })

  it('R24 keeps a name that a class gets from its prototype, and from functions of old', () => {
    class Odd extends Error {
      override get name() {
        return 'odd name'
      }
    }
    function Old(this: Error) {
      this.message = 'of old'
    }
    Old.prototype = Object.create(Error.prototype, {
      constructor: { value: Old },
      name: { value: 'OldName' },
    })

    const odd = handOver(new Odd('boom')) as Error
    const old = handOver(Reflect.construct(Old, [])) as Error

    expect([odd.constructor.name, odd.name, Object.keys(odd)]).toEqual(['Odd', 'odd name', []])
    expect([old.constructor.name, old.name, old.message]).toEqual(['Old', 'OldName', 'of old'])
    expect(old).toBeInstanceOf(Error)
    expect(old.stack).toBe('OldName: of old')
  })

  it('R24 keeps its own properties, hidden ones too, and leaves out those that cannot be cloned', () => {
    const error = Object.assign(new Error('boom'), {
      code: 'E_BOOM',
      when: new Date(0),
      bytes: new Uint8Array([1, 2]),
      nothing: undefined,
      minusZero: -0,
      deep: { list: [1, { two: 2n }], map: new Map([['k', new Set([Number.NaN])]]) },
      callback() {},
      symbol: Symbol('s'),
      promise: Promise.resolve(),
      weak: new WeakMap(),
      mixed: { kept: 1, left: () => {} },
    })
    Object.defineProperties(error, {
      hidden: { value: 'there', enumerable: false },
      failing: { get: explode, enumerable: true },
      computed: { get: () => 'computed', enumerable: true },
    })

    const arrived = handOver(error) as typeof error & { hidden: unknown }

    expect({ ...arrived }).toEqual({
      code: 'E_BOOM',
      when: new Date(0),
      bytes: new Uint8Array([1, 2]),
      nothing: undefined,
      minusZero: -0,
      deep: { list: [1, { two: 2n }], map: new Map([['k', new Set([Number.NaN])]]) },
      mixed: { kept: 1 },
      computed: 'computed',
    })
    expect(arrived.hidden).toBe('there')
  })

  it('R24 keeps a chain of causes, each in its class', () => {
    const error = new Error('a', { cause: new RangeError('b', { cause: { why: 'c' } }) })

    const arrived = handOver(error) as typeof error & { cause: RangeError }

    expect(arrived.cause).toBeInstanceOf(RangeError)
    expect([arrived.message, arrived.cause.message, arrived.cause.cause]).toEqual([
      'a',
      'b',
      { why: 'c' },
    ])
    expect(Object.keys(arrived)).toEqual([])
  })

  it('R24 tells no cause from a cause that is undefined', () => {
    expect('cause' in (handOver(new Error('a')) as Error)).toBe(false)
    expect('cause' in (handOver(new Error('a', { cause: undefined })) as Error)).toBe(true)
  })

  it('R24 keeps a chain of causes that is longer than the stack is deep', () => {
    let error = new Error('0')
    for (let i = 1; i <= 10_000; i++) error = new Error(String(i), { cause: error })

    let length = 0
    for (let at = handOver(error) as Error; at; at = at.cause as Error) length++

    expect(length).toBe(10_001)
  })

  it('R24 keeps the errors of an AggregateError, and says of each that cannot come what it was', () => {
    const shared = new TypeError('both')

    const arrived = handOver(
      new AggregateError([shared, 'text', () => {}, shared], 'several', { cause: shared }),
    ) as AggregateError

    expect(arrived.constructor).toBe(AggregateError)
    expect(arrived.message).toBe('several')
    expect(arrived.errors.map(String)).toEqual([
      'TypeError: both',
      'text',
      'Error: What was thrown cannot be cloned: it is a function',
      'TypeError: both',
    ])
    expect(arrived.errors[3]).toBe(arrived.errors[0])
    expect(arrived.cause).toBe(arrived.errors[0])
    expect(Object.keys(arrived)).toEqual([])
  })

  it('R24 may be its own cause, contain itself, and be found in what it contains', () => {
    const error = new Error('round') as Error & Record<string, unknown>
    error.cause = error
    error.self = error
    error.list = [{ error }, new Map([[error, new Set([error])]])]

    const arrived = handOver(error) as typeof error

    expect(arrived.cause).toBe(arrived)
    expect(arrived.self).toBe(arrived)
    const [record, map] = arrived.list as [{ error: Error }, Map<Error, Set<Error>>]
    expect(record.error).toBe(arrived)
    expect([...map.keys()]).toEqual([arrived])
    expect(map.get(arrived)?.has(arrived)).toBe(true)
  })

  it('R24 shares with others what it shared', () => {
    const details = { why: 'shared' }
    const bytes = new ArrayBuffer(4)
    const a = Object.assign(new Error('a'), { details, bytes })
    const b = Object.assign(new Error('b', { cause: a }), { details, bytes })

    const arrived = handOver(b) as typeof b & { cause: typeof a }

    expect(arrived.cause.details).toBe(arrived.details)
    expect(arrived.cause.bytes).toBe(arrived.bytes)
  })

  it('R24 is a real DOMException if it was one', () => {
    const error = Object.assign(new DOMException('stop', 'AbortError'), { extra: 1 })
    Object.defineProperty(error, 'cause', { value: new Error('why'), configurable: true })

    const arrived = handOver(error) as typeof error & { cause: Error }

    expect(arrived.constructor).toBe(DOMException)
    expect([arrived.name, arrived.code, arrived.message, arrived.extra]).toEqual([
      'AbortError',
      20,
      'stop',
      1,
    ])
    expect(arrived.cause.message).toBe('why')
    expect(arrived.stack).toBe(error.stack)
    expect(Object.keys(arrived)).toEqual(Object.keys(error))
    expect((handOver(AbortSignal.abort().reason) as Error).constructor).toBe(DOMException)
  })

  it.each([
    [new CancelledError('c', { cause: 1 }), CancelledError],
    [new TimeoutError('t', { cause: 1 }), TimeoutError],
    [new InvalidStateError('i', { cause: 1 }), InvalidStateError],
    [new WorkerLostError('w', { cause: 1, exitCode: 3 }), WorkerLostError],
  ])('R24 is an instance of the class of this package that it was one of: %s', (error, Class) => {
    const arrived = handOver(error) as Error

    expect(arrived.constructor).toBe(Class)
    expect([String(arrived), arrived.cause, arrived.stack]).toEqual([String(error), 1, error.stack])
    expect(ownKeys(arrived)).toEqual(ownKeys(error))
    expect({ ...arrived }).toEqual({ ...error })
  })

  it('R24 is not taken for one of this package because its class has the same name', () => {
    const Namesake = class TimeoutError extends Error {}

    const arrived = handOver(new Namesake('mine')) as Error

    expect(arrived).not.toBeInstanceOf(DOMException)
    expect([arrived.constructor.name, arrived.message]).toEqual(['TimeoutError', 'mine'])
  })

  it('R24 may come from another realm', () => {
    const error = runInContext(
      `Object.assign(new RangeError('far', { cause: [new Map([[{}, 1]])] }), { a: { b: 1, left() {} } })`,
      createContext(),
    )

    const arrived = handOver(error) as RangeError & { a: unknown }

    expect(arrived).toBeInstanceOf(RangeError)
    expect([arrived.message, arrived.stack]).toEqual(['far', error.stack])
    expect([arrived.a, arrived.cause]).toEqual([{ b: 1 }, [new Map([[{}, 1]])]])
  })

  it('R24 keeps the code of errors of the platform', () => {
    const error = caught(() => Buffer.alloc('x' as never)) as TypeError & { code: string }

    const arrived = handOver(error) as typeof error

    expect(arrived).toBeInstanceOf(TypeError)
    expect([arrived.name, arrived.code, arrived.stack]).toEqual([
      'TypeError',
      'ERR_INVALID_ARG_TYPE',
      error.stack,
    ])
  })

  it('R24 says in its stack which task it comes from, if that is told', () => {
    const error = new Error('boom', { cause: new Error('why') })

    const arrived = unpackThrown(packThrown(error), 'resize') as typeof error

    expect(arrived.stack).toBe(`${error.stack}\n    at <thread> task "resize"`)
    expect((arrived.cause as Error).stack).toBe((error.cause as Error).stack)
    expect(Object.keys(arrived)).toEqual([])
    expect(unpackThrown(packThrown('text'), 'resize')).toBe('text')
  })

  it('R24 cannot change a prototype here', () => {
    const error = Object.assign(new Error('boom'), JSON.parse('{"__proto__": {"a": 1}}'))
    Object.defineProperty(error, '__proto__', { value: { bad: 1 }, enumerable: true })

    const arrived = handOver(error) as Error

    expect(Object.getPrototypeOf(arrived)).toBe(Error.prototype)
    expect(Object.getOwnPropertyDescriptor(arrived, '__proto__')?.value).toEqual({ bad: 1 })
  })

  it('R24 arrives from a real thread', async () => {
    const error = Object.assign(
      new TypeError('boom', { cause: new DOMException('d', 'AbortError') }),
      {
        self: undefined as unknown,
        code: 7,
      },
    )
    error.self = error
    const echo = `const { parentPort } = require('node:worker_threads')
      parentPort.once('message', (message) => parentPort.postMessage(message))`
    const worker = new Worker(echo, { eval: true })

    worker.postMessage(packThrown(error))
    const packed = await new Promise<never>((resolve) => worker.once('message', resolve))
    await worker.terminate()

    const arrived = unpackThrown(packed) as typeof error & { cause: DOMException }
    expect([arrived.constructor, arrived.message, arrived.code]).toEqual([TypeError, 'boom', 7])
    expect(arrived.self).toBe(arrived)
    expect([arrived.cause.constructor, arrived.cause.code]).toEqual([DOMException, 20])
  })
})

describe('What is thrown and is no error', () => {
  it.each([
    undefined,
    null,
    'text',
    0,
    -0,
    Number.NaN,
    1n,
    true,
    { a: [1, { b: 2 }] },
    [1, undefined, 'x'],
    new Map([[{ k: 1 }, new Set([1])]]),
    new Date(5),
    /x/g,
  ])('R24 arrives as it is: %o', (thrown) => {
    expect(handOver(thrown)).toEqual(thrown)
  })

  it.each<[string, () => unknown]>([
    ['a function', () => explode],
    ['a function', () => class A {}],
    ['a symbol', () => Symbol('s')],
    ['a Promise', () => Promise.resolve()],
    ['a WeakMap', () => new WeakMap()],
    ['an object that cannot be cloned', revokedProxy],
  ])('R24 is described by an error if it cannot be cloned: %s', (what, make) => {
    const arrived = handOver(make()) as Error

    expect(arrived).toBeInstanceOf(Error)
    expect(arrived.message).toBe(`What was thrown cannot be cloned: it is ${what}`)
    expect(arrived.stack).toBe(`Error: ${arrived.message}`)
  })

  it('R24 keeps holes and lengths of arrays', () => {
    const list: unknown[] & { extra?: string } = [1]
    list[2] = 3
    list.length = 9
    list.extra = 'x'

    const arrived = handOver(list) as unknown[] & { extra: string }

    expect([arrived.length, Object.keys(arrived), arrived.extra]).toEqual([
      9,
      ['0', '2', 'extra'],
      'x',
    ])
  })
})

describe('A hostile error', () => {
  it('arrives with what can be read of it', () => {
    const error = new RangeError('boom')
    // The stack first: replacing it makes V8 format it, with the name and the message.
    for (const key of ['stack', 'name', 'message', 'cause', 'constructor', 'a']) {
      Object.defineProperty(error, key, { get: explode, enumerable: true })
    }
    Object.assign(error, { b: 2 })

    const arrived = handOver(error) as RangeError & { b: number }

    expect(arrived).toBeInstanceOf(RangeError)
    expect({ ...arrived }).toEqual({ b: 2 })
    expect([arrived.message, arrived.stack]).toEqual(['', 'Error: '])
  })

  it('may have a message, a name and a stack that are no texts', () => {
    const error = Object.assign(new Error('x'), { message: { a: 1 }, name: 5, stack: () => {} })

    const arrived = handOver(error) as unknown as Record<string, unknown>

    expect([arrived.message, arrived.name, arrived.stack]).toEqual([{ a: 1 }, 5, 'Error: '])
  })

  it.each<[string, () => object]>([
    ['with traps that throw', () => trapped(explode)],
    ['with traps that give nothing', () => trapped(() => undefined)],
    ['that is revoked', revokedProxy],
    ['around a Map', () => new Proxy(new Map(), {})],
    ['around an Error', () => new Proxy(new Error('in'), {})],
    ['around a list with an impossible length', () => new Proxy([], { get: () => -1 })],
    ['around a list whose length is a function', () => new Proxy([], { get: () => explode })],
    ['without an end', endless],
    ['whose prototypes have no end', endlessPrototypes],
  ])('may be, or contain, a proxy %s', (_, make) => {
    const proxy = make()
    const error = Object.assign(new Error('boom', { cause: proxy }), { proxy, list: [proxy] })

    const arrived = handOver(error) as Error

    expect(arrived.message).toBe('boom')
    expect('cause' in arrived).toBe(true)
    expect(handOver(proxy)).toBeTypeOf('object')
  })

  it('may contain what only looks like a Map', () => {
    const lookalike = Object.assign(Object.create(Map.prototype), { a: 1 })

    expect({ ...(handOver(Object.assign(new Error('x'), { lookalike })) as Error) }).toEqual({
      lookalike: { a: 1 },
    })
  })

  it('may give something else each time it is read', () => {
    class Fickle {
      #reads = 0
      constructor() {
        Object.defineProperty(this, 'value', {
          get: () => (this.#reads++ === 0 ? 'first' : () => {}),
          enumerable: true,
        })
      }
    }

    const arrived = handOver(Object.assign(new Error('boom'), { fickle: new Fickle() }))

    expect({ ...(arrived as Error) }).toEqual({ fickle: { value: 'first' } })
  })
})

function handOver(thrown: unknown): unknown {
  return unpackThrown(structuredClone(packThrown(thrown)))
}

function ownKeys(object: object): string[] {
  return Object.getOwnPropertyNames(object).sort()
}

function caught(act: () => unknown): unknown {
  try {
    return act()
  } catch (error) {
    return error
  }
}

function trapped(trap: () => never | undefined): object {
  const names = Object.getOwnPropertyNames(Reflect)
  return new Proxy({}, Object.fromEntries(names.map((name) => [name, trap])))
}

function endless(): object {
  return new Proxy(
    {},
    {
      ownKeys: () => ['next'],
      getOwnPropertyDescriptor: () => ({ enumerable: true, configurable: true, value: HOSTILE }),
      get: () => endless(),
    },
  )
}

function endlessPrototypes(): object {
  return new Proxy(new Error('x'), { getPrototypeOf: endlessPrototypes })
}
