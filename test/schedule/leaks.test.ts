import { AsyncLocalStorage } from 'node:async_hooks'
import { Scheduler } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { survivorsOf } from '../support/collected.ts'
import { gate } from '../support/gate.ts'
import { turn } from '../support/timed.ts'

const CALLS = 1000

describe('a scheduler that lives on', () => {
  it('lets go of the futures of bodies that have ended, and of what they were called with', async () => {
    const scheduler = new Scheduler()
    const work = scheduler.task((value: object) => ({ value }))
    const references: WeakRef<object>[] = []
    const callAll = async (): Promise<void> => {
      for (let call = 0; call < CALLS; call++) {
        const value = { call }
        const future = work(value)
        references.push(new WeakRef(value), new WeakRef(future))
      }
      await scheduler.idle()
    }

    await callAll()

    expect(await survivorsOf(references)).toBe(0)
    expect(scheduler.running).toBe(0)
  })

  it('lets go of what a body was called with while it runs, if the body does', async () => {
    const scheduler = new Scheduler()
    const body = gate()
    const call = scheduler.task(async (_input: object) => body.opened)
    const references = Array.from({ length: 10 }, (_, id) => {
      const input = { id }
      call(input)
      return new WeakRef(input)
    })
    await turn()
    // The last one may still be on the stack.
    const left = await survivorsOf(references)
    body.open()
    await scheduler.idle()

    expect(left).toBeLessThanOrEqual(1)
  })

  it('R6 keeps no async context once its calls are done', async () => {
    const storage = new AsyncLocalStorage<object>()
    const call = new Scheduler().task(async () => storage.getStore())
    const references = await Promise.all(
      Array.from({ length: 10 }, async (_, id) => {
        const context = { id }
        const seen = await storage.run(context, () => call())
        return new WeakRef(seen as object)
      }),
    )

    expect(await survivorsOf(references)).toBe(0)
  })

  it('R13 lets go of calls that were cancelled behind a body that does not end', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const body = gate()
    scheduler.spawn(() => body.opened)
    const work = scheduler.task((value: object) => value)
    const references: WeakRef<object>[] = []
    const callAll = async (): Promise<void> => {
      await null
      for (let call = 0; call < CALLS; call++) {
        const future = work({ call })
        references.push(new WeakRef(future))
        future.cancel()
      }
    }

    await callAll()

    // A few may stay until the next call comes to its turn.
    expect(await survivorsOf(references)).toBeLessThan(100)
    body.open()
    await scheduler.spawn(() => 'next')
    expect(await survivorsOf(references)).toBe(0)
  })

  it('R3 lets go of lazy futures that nobody collects', async () => {
    const scheduler = new Scheduler({ start: 'lazy' })

    const references = Array.from({ length: CALLS }, () => new WeakRef(scheduler.spawn(() => 1)))

    expect(await survivorsOf(references)).toBe(0)
    expect(scheduler.queued).toBe(0)
  })

  it('R18 lets go of the last result of a mapping', async () => {
    const lastOf = async (): Promise<WeakRef<object>[]> => {
      for await (const result of new Scheduler().map([1], async (id) => ({ id }))) {
        return [new WeakRef(result)]
      }
      return []
    }

    const references = await lastOf()

    expect(references).toHaveLength(1)
    expect(await survivorsOf(references)).toBe(0)
  })

  it('R15 lets go of what its signal would have cancelled', async () => {
    const { signal } = new AbortController()
    const scheduler = new Scheduler({ signal })
    const callAll = async (): Promise<WeakRef<object>[]> => {
      const futures = Array.from({ length: CALLS }, (_, call) => scheduler.spawn(() => call))
      await scheduler.idle()
      return futures.map((future) => new WeakRef(future))
    }

    const references = await callAll()

    expect(await survivorsOf(references)).toBe(0)
    expect(signal.aborted).toBe(false)
  })
})
