import { describe, expect, it } from 'vitest'
import { WorkerLostError } from '../../src/workers/worker-lost-error.ts'

describe('new WorkerLostError()', () => {
  it('R25 is an Error with its own name, and keeps message, cause and exit code', () => {
    const cause = new Error('the cause')

    const error = new WorkerLostError('gone', { cause, exitCode: 3 })

    expect(error).toBeInstanceOf(Error)
    expect(String(error)).toBe('WorkerLostError: gone')
    expect([error.cause, error.exitCode]).toEqual([cause, 3])
    expect({ ...error }).toEqual({ exitCode: 3 })
    expect(error.stack).toContain('worker-lost-error.test.ts')
  })

  it('R25 has a message of its own, and neither exit code nor cause, unless it is given them', () => {
    const error = new WorkerLostError()

    expect(error.message).toBe('The worker was lost')
    expect(['exitCode' in error, 'cause' in error]).toEqual([false, false])
  })
})
