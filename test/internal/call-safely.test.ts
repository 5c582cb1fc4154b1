import { describe, expect, it } from 'vitest'
import { callSafely } from '../../src/internal/call-safely.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'

describe('callSafely()', () => {
  it('calls back with the arguments', () => {
    const calls: unknown[][] = []

    callSafely((...args: number[]) => calls.push(args), 1, 2)

    expect(calls).toEqual([[1, 2]])
  })

  it('does nothing without a callback', () => {
    expect(() => callSafely(undefined)).not.toThrow()
  })

  it('lets what is thrown surface as uncaught, after the present code and in its order', async () => {
    const log: string[] = []

    const errors = await strayErrorsDuring(() => {
      callSafely(() => {
        throw 'first'
      })
      callSafely(() => {
        throw undefined
      })
      log.push('not disturbed')
    })

    expect(log).toEqual(['not disturbed'])
    expect(errors).toEqual(['first', undefined])
  })
})
