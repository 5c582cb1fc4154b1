import { getEventListeners } from 'node:events'
import {
  type Clock,
  Future,
  Scheduler,
  type SchedulerOptions,
  spawn,
  systemClock,
  type TaskOptions,
  TimeoutError,
  task,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { gate } from '../support/gate.ts'
import { stopRealTime } from '../support/real-time.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

afterEach(() => {
  vi.restoreAllMocks()
})

describe('the timeout of a task', () => {
  it('R14 cancels with a TimeoutError, exactly on time, and aborts the signal', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const future = new Scheduler({ clock }).spawn(
      async ({ signal, sleep }) => {
        signal.addEventListener('abort', () => log.push(`${clock.now()}: ${signal.reason.name}`))
        await sleep(1000)
      },
      { timeout: 50 },
    )

    expect(await clock.run()).toBe(50)

    expect(log).toEqual(['50: TimeoutError'])
    expect(future.status).toBe('cancelled')
    expect(future.reason).toBeInstanceOf(TimeoutError)
    expect(future.reason).toMatchObject({ name: 'TimeoutError', code: 23 })
    expect(String(future.reason)).toMatch(/50 ms/)
  })

  it('R14 counts from the start of the body, not from the call', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const work = scheduler.task(() => clock.sleep(40), { timeout: 50 })
    const futures = [work(), work(), work()]

    expect(await clock.run()).toBe(120)

    expect(futures.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled'])
  })

  it('R14 comes first when the body ends at the same instant', async () => {
    const clock = new VirtualClock()
    const future = new Scheduler({ clock }).spawn(({ sleep }) => sleep(50), { timeout: 50 })

    await clock.run()

    expect(future.reason).toBeInstanceOf(TimeoutError)
  })

  it('R4 R14 keeps the slot until the body has really ended', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const stubborn = scheduler.spawn(() => clock.sleep(80), { timeout: 50 })
    stubborn.onSettled(() => log.push(`${clock.now()}: timed out`))
    scheduler.spawn(() => void log.push(`${clock.now()}: next`))

    await clock.run()

    expect(log).toEqual(['50: timed out', '80: next'])
  })

  it('R14 leaves no timer once the future is done, however it ended', async () => {
    const clock = new VirtualClock()
    const stops: unknown[] = []
    const counting: Clock = {
      now: () => clock.now(),
      callLater: () => () => stops.push('stopped'),
    }
    const scheduler = new Scheduler({ clock: counting })
    const options = { timeout: 1000 }
    const body = gate()
    const futures = [
      scheduler.spawn(() => 1, options),
      scheduler.spawn(() => Promise.reject(new Error('boom')), options),
      scheduler.spawn(() => body.opened, options),
    ]
    await turn()
    futures[2]?.cancel()
    futures[1]?.catch(() => {})
    body.open()
    await scheduler.idle()

    expect(futures.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'cancelled'])
    expect(stops).toHaveLength(3)
  })

  it('R14 sets no timer for a call that never starts, nor for `Infinity`', async () => {
    const callLater = vi.spyOn(systemClock, 'callLater')

    spawn(() => 1, { timeout: 1000 }).cancel()
    await spawn(() => 1, { timeout: Number.POSITIVE_INFINITY })

    expect(callLater).not.toHaveBeenCalled()
  })

  it('R14 is on the system’s clock at module level', async () => {
    const callLater = vi.spyOn(systemClock, 'callLater').mockReturnValue(() => {})

    await spawn(() => 1, { timeout: 1234 })

    expect(callLater).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 1234)
  })

  it('R14 holds for an eager start too', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, start: 'eager' })
    const future = scheduler.spawn(({ sleep }) => sleep(100), { timeout: 50 })

    expect(await clock.run()).toBe(50)

    expect(future.reason).toBeInstanceOf(TimeoutError)
  })

  it('is taken from `with` for one call alone', async () => {
    const clock = new VirtualClock()
    const work = new Scheduler({ clock }).task(() => clock.sleep(50), { timeout: 10 })
    const futures = [work(), work.with({ timeout: 100 })(), work.with({ timeout: undefined })()]

    await clock.run()

    expect(futures.map(({ status }) => status)).toEqual(['cancelled', 'fulfilled', 'fulfilled'])
  })
})

describe('the signal of a task', () => {
  it('R15 that has aborted gives a cancelled future, whose body never runs', async () => {
    const log: string[] = []
    const signal = AbortSignal.abort('gone')
    const futures = (['deferred', 'eager', 'lazy'] as const).map((start) =>
      new Scheduler({ start }).spawn(() => void log.push('body'), { signal }),
    )
    await turn()

    expect(futures.map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'cancelled: gone',
      'cancelled: gone',
      'cancelled: gone',
    ])
    expect(log).toEqual([])
    await expect(futures[0]).rejects.toBe('gone')
  })

  it('R15 that has aborted leaves the counts of the scheduler alone', async () => {
    const scheduler = new Scheduler()
    scheduler.spawn(() => 1, { signal: AbortSignal.abort() })

    expect([scheduler.queued, scheduler.running]).toEqual([0, 0])
    await scheduler.idle()
  })

  it('cancels what waits, what runs, and what is lazy, in the order of the calls', async () => {
    const log: string[] = []
    const controller = new AbortController()
    const { signal } = controller
    const body = gate()
    const schedulers = [
      new Scheduler({ name: 'running' }),
      new Scheduler({ name: 'lazy', start: 'lazy' }),
      new Scheduler({ name: 'queued', concurrency: 1 }),
    ]
    schedulers[2]?.spawn(() => body.opened)
    for (const scheduler of schedulers) {
      const future = scheduler.spawn(() => body.opened, { signal, name: scheduler.name })
      future.onSettled(({ name, reason }) => log.push(`${name}: ${reason}`))
    }
    await null

    controller.abort('enough')

    expect(log).toEqual(['running: enough', 'lazy: enough', 'queued: enough'])
    body.open()
    await Promise.all(schedulers.map((scheduler) => scheduler.idle()))
  })

  it('reaches the body as the abort of its own signal', async () => {
    const controller = new AbortController()
    const body = gate()
    const seen: AbortSignal[] = []
    spawn(
      ({ signal }) => {
        seen.push(signal)
        return body.opened
      },
      { signal: controller.signal },
    )
    await null

    controller.abort('enough')

    expect(seen[0]).not.toBe(controller.signal)
    expect(seen[0]?.reason).toBe('enough')
    body.open()
    await turn()
  })

  it('cancels 100 000 calls at once', async () => {
    const controller = new AbortController()
    const scheduler = new Scheduler({ concurrency: 1 })
    const work = scheduler.task(() => 1, { signal: controller.signal })
    const futures = Array.from({ length: 100_000 }, () => work())

    controller.abort('enough')

    expect(futures.filter(({ reason }) => reason === 'enough')).toHaveLength(100_000)
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    await scheduler.idle()
  })

  it('R15 keeps no listener once the future is done, however it ended', async () => {
    const { signal } = new AbortController()
    const body = gate()
    const scheduler = new Scheduler()
    const futures = [
      scheduler.spawn(() => 1, { signal }),
      scheduler.spawn(() => Promise.reject(new Error('boom')), { signal }),
      scheduler.spawn(() => body.opened, { signal }),
      scheduler.spawn(() => body.opened, { signal, timeout: Number.POSITIVE_INFINITY }),
      new Scheduler({ start: 'lazy' }).spawn(() => 1, { signal }),
    ]
    expect(getEventListeners(signal, 'abort')).not.toEqual([])
    await turn()
    for (const future of futures) future.cancel()
    futures[1]?.catch(() => {})

    expect(getEventListeners(signal, 'abort')).toEqual([])
    body.open()
    await scheduler.idle()
  })

  it('R15 keeps no listener after many calls, and prints no warning of a leak', async () => {
    const warnings: string[] = []
    const warn = (warning: Error): void => void warnings.push(warning.name)
    process.on('warning', warn)
    const { signal } = new AbortController()
    const work = task((n: number) => n, { signal })

    const values = await Promise.all(Array.from({ length: 100 }, (_, n) => work(n)))
    await turn()
    process.off('warning', warn)

    expect(values).toEqual([...Array(100).keys()])
    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(warnings).toEqual([])
  })
})

describe('the signal of a scheduler', () => {
  it('cancels everything queued or running when it aborts, and every call from then on', async () => {
    const controller = new AbortController()
    const scheduler = new Scheduler({ concurrency: 1, signal: controller.signal })
    const body = gate()
    const futures = [scheduler.spawn(() => body.opened), scheduler.spawn(() => 1)]
    await null

    controller.abort('enough')
    futures.push(scheduler.spawn(() => 1))

    expect(futures.map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'cancelled: enough',
      'cancelled: enough',
      'cancelled: enough',
    ])
    expect([scheduler.running, scheduler.queued]).toEqual([1, 0])
    body.open()
    await scheduler.idle()
  })

  it('R15 that has aborted before gives cancelled futures, whose bodies never run', async () => {
    const log: string[] = []
    for (const start of ['deferred', 'eager', 'lazy'] as const) {
      const scheduler = new Scheduler({ start, signal: AbortSignal.abort('gone') })
      const future = scheduler.spawn(() => void log.push('body'))
      log.push(`${future.status}: ${future.reason}`)
      await expect(future).rejects.toBe('gone')
    }

    expect(log).toEqual(['cancelled: gone', 'cancelled: gone', 'cancelled: gone'])
  })

  it('R15 keeps no listener while the scheduler has nothing', async () => {
    const { signal } = new AbortController()
    const scheduler = new Scheduler({ signal })
    const counts = [getEventListeners(signal, 'abort').length]
    const body = gate()

    const futures = [scheduler.spawn(() => body.opened), scheduler.spawn(() => 1)]
    counts.push(getEventListeners(signal, 'abort').length)
    futures[0]?.cancel()
    body.open()
    await scheduler.idle()
    counts.push(getEventListeners(signal, 'abort').length)
    scheduler.spawn(() => 1).cancel()
    counts.push(getEventListeners(signal, 'abort').length)

    expect(counts).toEqual([0, 1, 0, 0])
  })

  it('R15 keeps no listener after eager calls that end inside themselves', () => {
    const { signal } = new AbortController()
    const scheduler = new Scheduler({ signal, start: 'eager' })

    scheduler.spawn(() => 1)

    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('works together with the signal of a call: the first one to abort wins', async () => {
    const ofScheduler = new AbortController()
    const ofCall = new AbortController()
    const scheduler = new Scheduler({ signal: ofScheduler.signal })
    const future = scheduler.spawn(() => 1, { signal: ofCall.signal })

    ofCall.abort('call')
    ofScheduler.abort('scheduler')

    expect(future.reason).toBe('call')
    await scheduler.idle()
  })
})

describe('a signal that makes bodies end at once', () => {
  it.each<[string, (signal: AbortSignal) => [SchedulerOptions, TaskOptions]]>([
    ['of the calls', (signal) => [{}, { signal }]],
    ['of the scheduler', (signal) => [{ signal }, {}]],
    ['of both', (signal) => [{ signal }, { signal }]],
  ])('R15 starts none of those that wait for their slots: %s', async (_whose, optionsFor) => {
    const log: string[] = []
    const controller = new AbortController()
    const [ofScheduler, ofCall] = optionsFor(controller.signal)
    const scheduler = new Scheduler({ ...ofScheduler, concurrency: 1 })
    const { future, resolve } = Future.withResolvers()
    const futures = [
      scheduler.spawn(({ signal }) => {
        signal.addEventListener('abort', () => resolve())
        return future
      }, ofCall),
      ...[1, 2].map(() => scheduler.spawn(() => void log.push('must not start'), ofCall)),
    ]
    await null

    controller.abort('enough')

    expect(futures.map(({ reason }) => reason)).toEqual(['enough', 'enough', 'enough'])
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
    await scheduler.idle()
    expect(log).toEqual([])
  })
})

describe('a foreign signal', () => {
  it('is one that has the shape of an AbortSignal', async () => {
    const listeners = new Set<() => void>()
    const signal = {
      aborted: false,
      reason: undefined as unknown,
      addEventListener: (_event: string, listener: () => void) => void listeners.add(listener),
      removeEventListener: (_event: string, listener: () => void) =>
        void listeners.delete(listener),
    }
    const { future } = Future.withResolvers()
    const spawned = spawn(() => future, { signal: signal as unknown as AbortSignal })
    await null

    signal.reason = 'foreign'
    for (const listener of listeners) {
      if (typeof listener === 'function') listener()
      else (listener as { handleEvent(): void }).handleEvent()
    }

    expect([spawned.status, spawned.reason]).toEqual(['cancelled', 'foreign'])
    expect(listeners.size).toBe(0)
    future.cancel()
    await turn()
  })
})
