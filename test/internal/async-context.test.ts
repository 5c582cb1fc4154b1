import { AsyncLocalStorage } from 'node:async_hooks'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { captureScope, endStore, makeStore, type Store } from '../../src/internal/async-context.ts'
import { root } from '../support/built-package.ts'

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
    const scope = new AsyncLocalStorage().run('some context', () => captureScope())

    const result = scope?.runInAsyncScope(
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

describe('endStore()', () => {
  it('leaves the contexts of others as they are', () => {
    const storage = new AsyncLocalStorage<string>()
    const store = makeStore() as Store
    store.run('mine', () => captureScope())

    endStore(store)
    const scope = storage.run('theirs', () => captureScope())

    expect(scope?.runInAsyncScope(() => storage.getStore(), undefined)).toBe('theirs')
  })

  it('has nothing carried any more where there are no others', async () => {
    const program = `
      import { makeStore, endStore, captureScope } from '${root}src/internal/async-context.ts'
      const store = makeStore()
      const isCarried = () => captureScope() !== undefined
      const before = isCarried()
      // Set before: on Node.js 24 the flow that has used a store is never again in no context.
      const after = new Promise((resolve) => setTimeout(() => resolve(isCarried())))
      const during = store.run('mine', isCarried)
      endStore(store)
      console.log(before, during, await after)`

    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', program],
      { cwd: root },
    )

    expect(stdout.trim()).toBe('false true false')
  })
})
