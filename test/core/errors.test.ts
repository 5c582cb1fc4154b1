import { CancelledError, InvalidStateError, TimeoutError } from 'gatherly'
import { describe, expect, it } from 'vitest'

describe.each([
  ['CancelledError', CancelledError, 'AbortError', 20, 'The operation was cancelled'],
  ['TimeoutError', TimeoutError, 'TimeoutError', 23, 'The operation timed out'],
] as const)('new %s()', (_, Class, name, code, message) => {
  it('has the name and the code that the web gives it', () => {
    const error = new Class()

    expect([error.name, error.code]).toEqual([name, code])
  })

  it('is a DOMException, and an Error with a stack', () => {
    const error = new Class()

    expect(error).toBeInstanceOf(Class)
    expect(error).toBeInstanceOf(DOMException)
    expect(error).toBeInstanceOf(Error)
    expect(error.stack).toContain('errors.test.ts')
  })

  it('has a message of its own, unless it is given one', () => {
    expect(new Class().message).toBe(message)
    expect(new Class('enough').message).toBe('enough')
  })

  it('keeps its cause, and has none unless it is given one', () => {
    const cause = new Error('the cause')

    expect(new Class('enough', { cause }).cause).toBe(cause)
    expect('cause' in new Class('enough')).toBe(false)
    expect(Object.keys(new Class('enough', { cause }))).toEqual([])
  })
})

describe('new InvalidStateError()', () => {
  it('is an Error with its own name, and keeps message and cause', () => {
    const cause = new Error('the cause')

    const error = new InvalidStateError('not now', { cause })

    expect(error).toBeInstanceOf(Error)
    expect([error.name, error.message, error.cause]).toEqual([
      'InvalidStateError',
      'not now',
      cause,
    ])
    expect(String(error)).toBe('InvalidStateError: not now')
  })
})
