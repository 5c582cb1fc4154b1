import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { captureScope } from '../../src/internal/async-context.ts'

describe('captureScope()', () => {
  afterEach(() => {
    vi.restoreAllMocks()
    vi.resetModules()
  })

  it('R6 carries the async context to where a function runs later', () => {
    const storage = new AsyncLocalStorage<string>()
    const scope = storage.run('of the capture', () => captureScope())

    const seen = storage.run('of the run', () => [
      scope?.runInAsyncScope(() => storage.getStore(), undefined),
      storage.getStore(),
    ])

    expect(seen).toEqual(['of the capture', 'of the run'])
  })

  it('hands on `this`, the arguments and the result', () => {
    const self = {}

    const result = captureScope()?.runInAsyncScope(
      function (this: unknown, ...args: number[]) {
        return [this === self, args]
      },
      self,
      1,
      2,
    )

    expect(result).toEqual([true, [1, 2]])
  })

  it.each([
    ['gives no module', () => undefined],
    ['is another one’s', () => ({})],
  ])('gives nothing on a runtime whose getBuiltinModule %s', async (_, getBuiltinModule) => {
    vi.spyOn(process, 'getBuiltinModule').mockImplementation(getBuiltinModule as never)
    vi.resetModules()

    const fresh = await import('../../src/internal/async-context.ts')

    expect(fresh.captureScope()).toBe(undefined)
  })
})
