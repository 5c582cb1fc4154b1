import { isNativeError } from 'node:util/types'
import { describe, expect, it } from 'vitest'
import { packThrown, unpackThrown } from '../../src/workers/error-codec.ts'
import { registerErrors } from '../../src/workers/register-errors.ts'

describe('registerErrors()', () => {
  it('R24 makes errors arrive in their class, without running its constructor', () => {
    let constructed = 0
    class RegisteredError extends Error {
      readonly status: number
      constructor(status: number) {
        super(`status ${status}`)
        this.status = status
        constructed++
      }
      describe() {
        return `${this.message}!`
      }
    }
    const error = new RegisteredError(404)
    registerErrors(RegisteredError)

    const arrived = handOver(error) as RegisteredError

    expect(arrived).toBeInstanceOf(RegisteredError)
    expect(isNativeError(arrived)).toBe(true)
    expect([arrived.status, arrived.describe(), arrived.stack]).toEqual([
      404,
      'status 404!',
      error.stack,
    ])
    expect(constructed).toBe(1)
  })

  it('R24 makes errors of a class that extends a registered one arrive as instances of that', () => {
    class Base extends RangeError {}
    const Derived = class Derived extends Base {}
    registerErrors(Base)

    const arrived = handOver(new Derived('x')) as Error

    expect(arrived).toBeInstanceOf(Base)
    expect(arrived.constructor.name).toBe('Derived')
  })

  it('R24 makes a registered DOMException a real one', () => {
    class Stopped extends DOMException {
      constructor() {
        super('stopped', 'AbortError')
      }
    }
    registerErrors(Stopped)

    const arrived = handOver(new Stopped()) as Stopped

    expect(arrived).toBeInstanceOf(Stopped)
    expect([arrived.name, arrived.code, arrived.message]).toEqual(['AbortError', 20, 'stopped'])
  })

  it('R24 recognises classes by their name, the last one registered', () => {
    const [here, there, later] = [1, 2, 3].map(() => class Same extends Error {}) as [
      typeof Error,
      typeof Error,
      typeof Error,
    ]

    registerErrors(here)
    expect(handOver(new there('x'))).toBeInstanceOf(here)
    registerErrors(later)
    expect(handOver(new there('x'))).toBeInstanceOf(later)
  })

  it.each<[unknown, string]>([
    [undefined, 'Expected `classes[1]` to be a class that extends Error, got `undefined`'],
    ['Error', 'Expected `classes[1]` to be a class that extends Error, got `Error` (string)'],
    [new Error('x'), 'Expected `classes[1]` to be a class that extends Error, got some object'],
    [() => {}, 'Expected `classes[1]` to be a class that extends Error, got some function'],
    [class {}, 'Expected `classes[1]` to be a class that extends Error, got some function'],
    [class extends Error {}, 'Expected `classes[1].name` to be a name, got `` (string)'],
  ])(
    'throws a TypeError for what is no class of errors, and registers nothing: %o',
    (bad, message) => {
      class Unregistered extends Error {}

      expect(() => registerErrors(Unregistered, bad as never)).toThrow(TypeError)
      expect(() => registerErrors(Unregistered, bad as never)).toThrow(message)

      expect(handOver(new Unregistered())).not.toBeInstanceOf(Unregistered)
    },
  )
})

function handOver(thrown: unknown): unknown {
  return unpackThrown(structuredClone(packThrown(thrown)))
}
