import { AsyncLocalStorage } from 'node:async_hooks'
import diagnostics from 'node:diagnostics_channel'
import { Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { publishDiagnostics, type TaskMessage, trace } from 'gatherly/trace'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { work } from './recordings.ts'

const channel = diagnostics.tracingChannel<unknown, TaskMessage>('gatherly:task')
let log: string[] = []
const told = (event: string) => (message: TaskMessage) => {
  const { name, scheduler, attempt, result, error } = message
  log.push([event, name, scheduler, attempt, result ?? (error as Error)?.message ?? '-'].join(' '))
}
const subscribers = {
  start: told('start'),
  end: told('end'),
  asyncStart: told('asyncStart'),
  asyncEnd: told('asyncEnd'),
  error: told('error'),
}

describe('publishDiagnostics()', () => {
  let stop: () => void
  let clock: VirtualClock
  let scheduler: Scheduler

  beforeEach(() => {
    log = []
    clock = new VirtualClock()
    scheduler = new Scheduler({ clock, name: 'jobs' })
    stop = publishDiagnostics()
    channel.subscribe(subscribers)
  })

  afterEach(() => {
    stop()
    channel.unsubscribe(subscribers)
  })

  it('publishes what a call goes through', async () => {
    const call = scheduler.spawn(
      async ({ sleep }) => {
        log.push('body')
        await sleep(10)
        return 42
      },
      { name: 'answer' },
    )

    await clock.run()

    expect(call.value).toBe(42)
    expect(log).toEqual([
      'start answer jobs 1 -',
      'body',
      'end answer jobs 1 -',
      'asyncStart answer jobs 1 42',
      'asyncEnd answer jobs 1 42',
    ])
  })

  it('publishes failures, of every attempt its start and end, and cancels', async () => {
    const failing = scheduler.spawn(
      () => {
        throw new Error('busy')
      },
      { name: 'failing', retry: { retries: 1 } },
    )
    const cancelled = work({ scheduler }, 'cancelled', 10)
    failing.catch(() => {})
    cancelled.cancel(new Error('not needed'))

    await clock.run()

    expect(log).toEqual([
      'error cancelled jobs 0 not needed',
      'asyncStart cancelled jobs 0 not needed',
      'asyncEnd cancelled jobs 0 not needed',
      'start failing jobs 1 -',
      'end failing jobs 1 -',
      'start failing jobs 2 -',
      'end failing jobs 2 -',
      'error failing jobs 2 busy',
      'asyncStart failing jobs 2 busy',
      'asyncEnd failing jobs 2 busy',
    ])
  })

  it('runs a body in the stores that are bound to its start, with its own `this` and arguments', async () => {
    const store = new AsyncLocalStorage<string>()
    channel.start.bindStore(store, (message) => `span of ${(message as TaskMessage).name}`)
    const seen: unknown[] = []
    const task = scheduler.task(
      async function (this: unknown, ...args: unknown[]) {
        seen.push(this, args, store.getStore())
        await clock.sleep(10)
        seen.push(store.getStore())
      },
      { name: 'inside' },
    )
    const owner = { task }

    owner.task(1, 2)
    await clock.run()
    channel.start.unbindStore(store)

    expect(seen).toEqual([owner, [1, 2], 'span of inside', 'span of inside'])
  })

  it('publishes beside a timeline that records', async () => {
    const timeline = trace()
    work({ scheduler }, 'both', 10)

    await clock.run()

    expect(timeline.stop().spans.map(({ name }) => name)).toEqual(['both'])
    expect(log.map((line) => line.split(' ')[0])).toEqual([
      'start',
      'end',
      'asyncStart',
      'asyncEnd',
    ])
  })

  it('publishes nothing twice, however often it is called, until the last one stops it', async () => {
    const again = publishDiagnostics()
    const answer = async (name: string) => {
      scheduler.spawn(() => 42, { name })
      await clock.run()
    }

    await answer('of two')
    again()
    again()
    await answer('of one')
    stop()
    await answer('of none')

    expect(log.filter((line) => line.startsWith('asyncEnd'))).toEqual([
      'asyncEnd of two jobs 1 42',
      'asyncEnd of one jobs 1 42',
    ])
  })

  it('publishes nothing after it was stopped', async () => {
    stop()
    work({ scheduler }, 'after', 10)

    await clock.run()

    expect(log).toEqual([])
  })

  it('does nothing where there are no such channels', () => {
    const getBuiltin = vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined as never)

    const stopNothing = publishDiagnostics()
    getBuiltin.mockRestore()

    expect(stopNothing()).toBe(undefined)
  })
})
