import { getEventListeners } from 'node:events'
import { CancelledError, Future, type FutureResolvers, TimeoutError } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { cancelAfter, cancelOnAbort } from '../../src/core/cancel-on.ts'

describe('cancelOnAbort()', () => {
  it('R15 cancels the future with the reason of the signal', () => {
    const controller = new AbortController()
    const future = new Future(() => {})
    cancelOnAbort(future, controller.signal)

    controller.abort('enough')

    expect([future.status, future.reason]).toEqual(['cancelled', 'enough'])
  })

  it('R15 cancels it at once when the signal has aborted', () => {
    const future = new Future(() => {})

    cancelOnAbort(future, AbortSignal.abort('enough'))

    expect([future.status, future.reason]).toEqual(['cancelled', 'enough'])
  })

  it('R15 gives the platform’s AbortError as the reason when the signal was given none', () => {
    const controller = new AbortController()
    const future = new Future(() => {})
    cancelOnAbort(future, controller.signal)

    controller.abort()

    expect(future.reason).toBe(controller.signal.reason)
    expect(future.reason).toMatchObject({ name: 'AbortError' })
  })

  it('R15 leaves no listener on a long-lived signal once the future is fulfilled, failed or cancelled', () => {
    const { signal } = new AbortController()
    const futures = Array.from({ length: 3 }, () => Future.withResolvers<number>())
    for (const { future } of futures) cancelOnAbort(future, signal)
    const during = getEventListeners(signal, 'abort').length

    futures[0]?.resolve(1)
    futures[1]?.reject(new Error('boom'))
    futures[2]?.future.cancel()

    expect(during).toBeGreaterThan(0)
    expect(getEventListeners(signal, 'abort')).toEqual([])
    futures[1]?.future.catch(() => {})
  })

  it('R15 leaves no listener after the signal has aborted either', () => {
    const controller = new AbortController()
    cancelOnAbort(new Future(() => {}), controller.signal)

    controller.abort()

    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('R15 puts no listener on the signal of a future that is done', () => {
    const { signal } = new AbortController()

    cancelOnAbort(Future.resolve(1), signal)

    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('R15 cancels many futures of one signal in the order of their calls', () => {
    const controller = new AbortController()
    const log: string[] = []
    for (const name of ['first', 'second', 'third']) {
      const future = new Future(() => {}, { name })
      future.onSettled((settled) => log.push(settled.name))
      cancelOnAbort(future, controller.signal)
    }

    controller.abort()

    expect(log).toEqual(['first', 'second', 'third'])
  })

  it('R15 still cancels the others once some of them have settled, and those that come after', () => {
    const controller = new AbortController()
    const { signal } = controller
    const [first, second, third, fourth] = Array.from({ length: 4 }, () =>
      Future.withResolvers<number>(),
    ) as Four
    cancelOnAbort(first.future, signal)
    first.resolve(1)
    cancelOnAbort(second.future, signal)
    cancelOnAbort(third.future, signal)
    second.resolve(2)
    cancelOnAbort(fourth.future, signal)

    controller.abort('enough')

    const futures = [first, second, third, fourth].map(({ future }) => future)
    expect(futures.map(({ value, reason }) => value ?? reason)).toEqual([1, 2, 'enough', 'enough'])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('R15 cancels at once what is bound to the signal while it aborts', () => {
    const controller = new AbortController()
    const first = new Future(() => {})
    const second = new Future(() => {})
    const log: string[] = []
    first.onSettled(() => {
      cancelOnAbort(second, controller.signal)
      log.push(second.status)
    })
    cancelOnAbort(first, controller.signal)

    controller.abort('enough')

    expect([log, second.reason]).toEqual([['cancelled'], 'enough'])
  })

  it('R13 gives a CancelledError when the signal has no reason at all, as a polyfill’s', () => {
    const signal = Object.assign(new EventTarget(), { aborted: false }) as AbortSignal
    const before = new Future(() => {})
    const after = new Future(() => {})
    cancelOnAbort(before, signal)

    Object.assign(signal, { aborted: true }).dispatchEvent(new Event('abort'))
    cancelOnAbort(after, signal)

    expect(before.reason).toBeInstanceOf(CancelledError)
    expect(after.reason).toBeInstanceOf(CancelledError)
  })

  it('does nothing to a future that settles while the signal tells others', () => {
    const controller = new AbortController()
    const first = new Future(() => {})
    const second = Future.withResolvers<number>()
    first.onSettled(() => second.resolve(1))
    cancelOnAbort(first, controller.signal)
    cancelOnAbort(second.future, controller.signal)

    controller.abort('enough')

    expect(second.future.value).toBe(1)
  })
})

describe('cancelAfter()', () => {
  it('R14 cancels the future with a TimeoutError that says after how long', async () => {
    const clock = new VirtualClock()
    const future = new Future(() => {}, { name: 'load' })
    cancelAfter(future, 50, clock)

    await clock.advance(49)
    expect(future.status).toBe('running')
    await clock.advance(1)

    expect(future.status).toBe('cancelled')
    expect(future.reason).toBeInstanceOf(TimeoutError)
    expect(future.reason).toMatchObject({
      name: 'TimeoutError',
      code: 23,
      message: expect.stringContaining('timed out after 50 ms'),
    })
  })

  it('R14 takes its timer back once the future is done', async () => {
    const clock = new VirtualClock()
    const { future, resolve } = Future.withResolvers<number>()
    cancelAfter(future, 50, clock)

    resolve(1)

    expect(await clock.run()).toBe(0)
  })

  it('R14 sets no timer for an infinite timeout, or for a future that is done', async () => {
    const clock = new VirtualClock()

    cancelAfter(new Future(() => {}), Infinity, clock)
    cancelAfter(Future.resolve(1), 50, clock)

    expect(await clock.run()).toBe(0)
  })
})

type Made = FutureResolvers<number>
type Four = [Made, Made, Made, Made]
