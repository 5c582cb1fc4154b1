import { describe, expect, it } from 'vitest'
import type { AnyFuture } from '../../src/core/future.ts'
import { Definition } from '../../src/schedule/definition.ts'
import { Dispatcher } from '../../src/schedule/dispatcher.ts'
import { copySchedulerOptions } from '../../src/schedule/scheduler-options.ts'
import { survivorsOf } from '../support/collected.ts'

describe('a dispatcher, of calls that are started ahead', () => {
  it('keeps nothing of those that are over', async () => {
    const { dispatcher, submit } = makeDispatcher()
    const startAndForget = (): WeakRef<object> => {
      const future = submit()
      dispatcher.startAhead(future)
      return new WeakRef(future)
    }

    const futures = Array.from({ length: 100 }, startAndForget)

    expect(await survivorsOf(futures)).toBe(0)
    expect([dispatcher.running, dispatcher.queued]).toEqual([0, 0])
  })

  it('counts one as queued, and starts it when it is told to and not before', () => {
    const { dispatcher, submit } = makeDispatcher()

    const first = submit()
    const second = submit()
    const queued = dispatcher.queued
    dispatcher.startAhead(second)

    expect([queued, dispatcher.queued]).toEqual([2, 1])
    expect([first.status, second.status]).toEqual(['scheduled', 'fulfilled'])
    first.cancel()
    expect(dispatcher.queued).toBe(0)
  })
})

function makeDispatcher(): { dispatcher: Dispatcher; submit: () => AnyFuture } {
  const dispatcher = new Dispatcher(copySchedulerOptions({ concurrency: 1 }))
  dispatcher.paused = true
  const definition = new Definition(dispatcher, () => ({}), undefined, false)
  return { dispatcher, submit: () => dispatcher.submitApart(definition, []) }
}
