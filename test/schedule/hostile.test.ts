import { type Clock, Future, gather, Scheduler, spawn, task } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { explode, HOSTILE, revokedProxy } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

// Each of these once left a scheduler dead, or could: whatever a body does, the next call runs.

/** A scheduler of one slot that has run `body`, and then one more. */
async function runBefore(
  body: () => unknown,
): Promise<{ future: Future<unknown>; strays: unknown }> {
  const scheduler = new Scheduler({ concurrency: 1 })
  let future = Future.resolve<unknown>(undefined)
  const strays = await strayErrorsDuring(async () => {
    future = scheduler.spawn(body)
    const next = scheduler.spawn(() => 'next')
    future.catch(() => {})
    await turn()
    expect([next.value, scheduler.running, scheduler.queued]).toEqual(['next', 0, 0])
  })
  return { future, strays }
}

describe('a scheduler, after a hostile body,', () => {
  it.each<[string, () => unknown]>([
    ['gives a revoked proxy', revokedProxy],
    ['gives a promise of a revoked proxy', async () => revokedProxy()],
    ['gives a proxy that cannot be read', () => new Proxy({}, { get: explode })],
    ['gives an object with the prototype of futures', () => Object.create(Future.prototype)],
    ['gives a proxy of a future', () => new Proxy(Future.resolve(1), {})],
    [
      'gives a thenable whose getter throws',
      () => Object.defineProperty({}, 'then', { get: explode }),
    ],
    ['gives a thenable that throws', () => ({ then: explode })],
    ['gives a proxy of a promise', () => new Proxy(Promise.resolve(1), {})],
    [
      'gives a promise whose constructor cannot be read',
      () => Object.defineProperty(Promise.resolve(1), 'constructor', { get: explode }),
    ],
    [
      'throws a revoked proxy',
      () => {
        throw revokedProxy()
      },
    ],
    [
      'throws an error whose stack cannot be read',
      () => {
        throw Object.defineProperty(new Error('boom'), 'stack', { get: explode })
      },
    ],
    [
      'throws an error whose cause cannot be read',
      () => {
        throw Object.defineProperty(new Error('boom'), 'cause', { get: explode })
      },
    ],
    [
      'throws an error that is its own cause',
      () => {
        const error = new Error('boom')
        error.cause = error
        throw error
      },
    ],
    [
      'has a name that cannot be read',
      Object.defineProperty(explode.bind(null), 'name', { get: explode }),
    ],
    [
      'has a name that is a symbol',
      Object.defineProperty(explode.bind(null), 'name', { value: Symbol('name') }),
    ],
  ])('R4 R5 that %s, settles its future and runs the next', async (_what, body) => {
    const { future, strays } = await runBefore(body)

    expect(future.status).toBe('rejected')
    expect(strays).toEqual([])
  })

  it('R8 goes on although a listener throws, which is reported as uncaught', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })

    const strays = await strayErrorsDuring(async () => {
      scheduler.spawn(() => 1).onSettled(explode)
      const next = scheduler.spawn(() => 'next')
      await turn()
      expect(next.value).toBe('next')
    })

    expect(strays).toEqual([HOSTILE])
  })

  it('R4 goes on although a body does everything it should not', async () => {
    const scheduler = new Scheduler({ concurrency: 1, start: 'eager' })
    const future: Future<unknown> = scheduler.spawn(() => {
      scheduler.pause()
      scheduler.concurrency = 5
      scheduler.spawn(() => 'nested').catch(() => {})
      scheduler.cancel('everything')
      scheduler.resume()
      scheduler.spawn(() => scheduler.cancel('again')).catch(() => {})
      return scheduler.spawn(() => 'inner')
    })
    const inner = future.then(
      () => 'fulfilled',
      (reason) => reason,
    )

    await scheduler.idle()

    expect(await inner).toBe('everything')
    expect(await scheduler.spawn(() => 'next')).toBe('next')
  })
})

describe('a scheduler, with a hostile clock,', () => {
  const clock: Clock = { now: explode, callLater: explode }

  it('R5 rejects the call whose timeout cannot be set, and runs the next', async () => {
    const scheduler = new Scheduler({ clock, concurrency: 1 })

    const strays = await strayErrorsDuring(async () => {
      const future = scheduler.spawn(() => 1, { timeout: 5 })
      const next = scheduler.spawn(() => 'next')
      await expect(future).rejects.toBe(HOSTILE)
      expect(await next).toBe('next')
    })

    expect(strays).toEqual([])
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R5 never throws at an eager call', async () => {
    const scheduler = new Scheduler({ clock, start: 'eager' })

    const future = scheduler.spawn(() => 1, { timeout: 5 })

    await expect(future).rejects.toBe(HOSTILE)
  })

  it('R12 rejects a gather whose timeout cannot be set', async () => {
    const all = gather([Future.withResolvers().future], { timeout: 5, clock })

    await expect(all).rejects.toBe(HOSTILE)
  })

  it('goes on with a clock that calls at once, or twice', async () => {
    const log: string[] = []
    const eager: Clock = {
      now: () => 0,
      callLater: (callback) => {
        callback()
        callback()
        return () => {}
      },
    }
    const scheduler = new Scheduler({ clock: eager, concurrency: 1 })
    const future = scheduler.spawn(() => void log.push('body'), { timeout: 5 })
    const next = scheduler.spawn(() => 'next')

    await expect(future).rejects.toThrow(/5 ms/)
    expect(await next).toBe('next')
  })
})

describe('the default scheduler', () => {
  it('R4 lives on after all that', async () => {
    const hostile = [revokedProxy, explode, () => Object.create(Future.prototype)]
    const futures = hostile.map((body) => spawn(body))
    for (const future of futures) future.catch(() => {})
    await turn()

    expect(futures.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
    expect(await task(() => 'next')()).toBe('next')
  })
})
