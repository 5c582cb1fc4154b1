import fc from 'fast-check'
import { type Future, type Progress, Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

const NONE: Progress = {
  called: 0,
  started: 0,
  fulfilled: 0,
  rejected: 0,
  cancelled: 0,
  settled: 0,
  queued: 0,
  running: 0,
}

describe('scheduler.progress', () => {
  it('counts calls, starts, ends, what waits and what runs', async () => {
    const scheduler = new Scheduler({ concurrency: 2 })
    const stay = gate()
    const fresh = scheduler.progress
    const bodies = [() => 1, () => Promise.reject(new Error('boom')), () => stay.opened, () => 4]
    const futures = bodies.map((body) => scheduler.spawn(body as () => unknown))
    futures[1]?.catch(() => {})
    futures[3]?.cancel()
    const called = scheduler.progress
    await turn()
    const working = scheduler.progress

    stay.open()
    await scheduler.idle()

    expect(fresh).toEqual(NONE)
    expect(called).toEqual({ ...NONE, called: 4, cancelled: 1, settled: 1, queued: 3 })
    expect(working).toEqual({
      ...{ called: 4, started: 3, fulfilled: 1, rejected: 1, cancelled: 1, settled: 3 },
      ...{ queued: 0, running: 1 },
    })
    expect(scheduler.progress).toEqual({ ...working, fulfilled: 2, settled: 4, running: 0 })
  })

  it('does not change once it was read', async () => {
    const scheduler = new Scheduler()
    const before = scheduler.progress

    await scheduler.spawn(() => 1)

    expect(before).toEqual(NONE)
  })

  it('counts a call that is tried again as started once, and as queued in the delay', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    let attempts = 0
    const body = (): void => {
      attempts += 1
      if (attempts < 3) throw new Error('busy')
    }
    scheduler.spawn(body, { retry: { retries: 2, delay: 10 } })
    await clock.advance(5)
    const delayed = scheduler.progress

    await clock.run()

    expect(delayed).toEqual({ ...NONE, called: 1, started: 1, queued: 1 })
    expect(scheduler.progress).toEqual({
      ...NONE,
      ...{ called: 1, started: 1, fulfilled: 1, settled: 1 },
    })
  })

  it('counts a cancelled call as settled, and as running until its body has ended', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const future = scheduler.spawn(() => clock.sleep(10))
    await clock.advance(1)

    future.cancel()
    const lingering = scheduler.progress
    await clock.run()

    const over = { ...NONE, called: 1, started: 1, cancelled: 1, settled: 1 }
    expect(lingering).toEqual({ ...over, running: 1 })
    expect(scheduler.progress).toEqual(over)
  })

  it('counts lazy calls as called, and not as queued before they are collected', async () => {
    const scheduler = new Scheduler({ start: 'lazy' })
    const futures = [scheduler.spawn(() => 1), scheduler.spawn(() => 2)]
    const lazy = scheduler.progress
    void futures[0]?.then()
    const collected = scheduler.progress
    futures[1]?.cancel()
    await scheduler.idle()

    expect(lazy).toEqual({ ...NONE, called: 2 })
    expect(collected).toEqual({ ...NONE, called: 2, queued: 1 })
    expect(scheduler.progress).toEqual({
      ...NONE,
      ...{ called: 2, started: 1, fulfilled: 1, cancelled: 1, settled: 2 },
    })
  })

  it('does not count calls that a closed scheduler has refused', async () => {
    const scheduler = new Scheduler()
    await scheduler.close()

    expect(() => scheduler.spawn(() => 1)).toThrow()

    expect(scheduler.progress).toEqual(NONE)
  })

  it('always accounts for every call, and listeners are always told of the latest', async () => {
    const time = fc.nat({ max: 40 })
    const jobs = fc.array(
      fc.record({
        arrival: time,
        duration: time,
        failures: fc.nat({ max: 2 }),
        retries: fc.nat({ max: 2 }),
        delay: time,
        cancel: fc.option(time, { nil: undefined }),
        collect: fc.option(time, { nil: undefined, freq: 3 }),
      }),
      { maxLength: 12, size: 'max' },
    )
    const modes = fc.constantFrom('deferred', 'eager', 'lazy')
    const slots = fc.integer({ min: 1, max: 4 })
    await fc.assert(
      fc.asyncProperty(jobs, modes, slots, async (list, start, concurrency) => {
        const clock = new VirtualClock()
        const scheduler = new Scheduler({ clock, start, concurrency })
        const futures: Future<void>[] = []
        const collected = new Set<Future<void>>()
        const started = new Set<number>()
        let bodies = 0

        const check = (progress: Progress): void => {
          const count = (status: string) =>
            futures.filter((each) => each.status === status && isQueued(each)).length
          const isQueued = (each: Future<void>) =>
            start !== 'lazy' || each.status !== 'scheduled' || collected.has(each)
          const [fulfilled, rejected, cancelled] = [
            count('fulfilled'),
            count('rejected'),
            count('cancelled'),
          ]
          expect(progress).toEqual({
            ...{ called: futures.length, started: started.size },
            ...{ fulfilled, rejected, cancelled, settled: fulfilled + rejected + cancelled },
            ...{ queued: count('scheduled'), running: bodies },
          })
        }
        let latest = scheduler.progress
        const stop = scheduler.onProgress((progress) => {
          latest = progress
        })

        for (const [name, job] of list.entries()) {
          let attempt = 0
          const body = async (): Promise<void> => {
            started.add(name)
            bodies += 1
            attempt += 1
            const isFailure = attempt <= job.failures
            await clock.sleep(job.duration)
            // What comes next is the end of the body, before anybody looks.
            bodies -= 1
            if (isFailure) throw new Error('busy')
          }
          clock.callLater(() => {
            const { retries, delay } = job
            const future = scheduler.spawn(body, { retry: { retries, delay } })
            futures.push(future)
            const collect = (): void => {
              collected.add(future)
              future.catch(() => {})
            }
            if (start !== 'lazy') collect()
            else if (job.collect !== undefined) clock.callLater(collect, job.collect)
            if (job.cancel !== undefined) clock.callLater(() => future.cancel(), job.cancel)
          }, job.arrival)
        }
        for (let instant = 0; instant <= 400; instant += 1) {
          await clock.advance(instant === 0 ? 0 : 1)
          check(scheduler.progress)
          expect(latest).toEqual(scheduler.progress)
        }
        await clock.run()
        check(scheduler.progress)
        expect(latest).toEqual(scheduler.progress)
        stop()
      }),
      { numRuns: 20 },
    )
  })
})

describe('scheduler.onProgress()', () => {
  it('tells once, in a microtask, of all that has changed until then', async () => {
    const scheduler = new Scheduler({ concurrency: 100 })
    const log: string[] = []
    scheduler.onProgress(({ called, started, settled }) =>
      log.push(`${called} called, ${started} started, ${settled} settled`),
    )

    for (let n = 0; n < 1000; n++) scheduler.spawn(() => n)
    log.push('called')
    await scheduler.idle()
    await turn()

    expect(log).toEqual([
      'called',
      '1000 called, 0 started, 0 settled',
      '1000 called, 1000 started, 1000 settled',
    ])
  })

  it('tells of each step of a body that takes its time', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 2 })
    const log: string[] = []
    scheduler.onProgress(({ settled, running, queued }) =>
      log.push(`${clock.now()}: ${settled} settled, ${running} running, ${queued} queued`),
    )
    for (const duration of [10, 10, 20, 30]) scheduler.spawn(() => clock.sleep(duration))

    await clock.run()

    expect(log).toEqual([
      '0: 0 settled, 0 running, 4 queued',
      '0: 0 settled, 2 running, 2 queued',
      '10: 2 settled, 2 running, 0 queued',
      '30: 3 settled, 1 running, 0 queued',
      '40: 4 settled, 0 running, 0 queued',
    ])
  })

  it.each<[string, string[]]>([
    ['deferred', ['1 queued', '0 queued']],
    ['lazy', ['0 queued', '1 queued']],
  ])('tells when calls begin to wait: %s', async (start, expected) => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, start: start as 'lazy', concurrency: 1 })
    const log: string[] = []
    scheduler.pause()
    scheduler.onProgress(({ queued }) => log.push(`${queued} queued`))
    const future = scheduler.spawn(() => 1)
    await turn()
    future.then(
      () => {},
      () => {},
    )
    await turn()
    if (start === 'deferred') future.cancel()
    await turn()

    expect(log).toEqual(expected)
    scheduler.resume()
    await scheduler.idle()
  })

  it('tells nothing while nothing changes, and keeps nothing going', async () => {
    const scheduler = new Scheduler()
    let told = 0
    scheduler.onProgress(() => {
      told += 1
    })

    scheduler.pause()
    scheduler.resume()
    await scheduler.idle()
    await turn()

    expect(told).toBe(0)
  })

  it('stops telling a listener that wants no more, also of what has changed already', async () => {
    const scheduler = new Scheduler()
    const log: string[] = []
    const stops = ['one', 'other'].map((name) => scheduler.onProgress(() => log.push(name)))
    await scheduler.spawn(() => 1)
    await turn()
    const before = log.splice(0).length

    scheduler.spawn(() => 2)
    stops[0]?.()
    await scheduler.idle()
    await turn()

    expect(before).toBeGreaterThan(0)
    expect(new Set(log)).toEqual(new Set(['other']))
  })

  it('is not disturbed by one that stops another one while it is told', async () => {
    const scheduler = new Scheduler()
    const log: string[] = []
    scheduler.onProgress(() => {
      log.push('first')
      stop()
    })
    const stop = scheduler.onProgress(() => log.push('second'))

    await scheduler.spawn(() => 1)
    await turn()

    expect(new Set(log)).toEqual(new Set(['first']))
  })

  it('tells those that came after one that is stopped twice', async () => {
    const scheduler = new Scheduler()
    const log: string[] = []
    const stop = scheduler.onProgress(() => log.push('first'))
    stop()
    scheduler.onProgress(() => log.push('second'))

    stop()
    await scheduler.spawn(() => 1)
    await turn()

    expect(new Set(log)).toEqual(new Set(['second']))
  })

  it('tells a listener that was added twice twice', async () => {
    const scheduler = new Scheduler()
    let told = 0
    const listener = (): void => {
      told += 1
    }
    const stops = [scheduler.onProgress(listener), scheduler.onProgress(listener)]
    scheduler.pause()
    const future = scheduler.spawn(() => 1)
    await turn()
    const twice = told
    stops[0]?.()
    future.cancel()
    await turn()

    expect([twice, told]).toEqual([2, 3])
  })

  it('reports what a listener throws, and tells the others all the same', async () => {
    const scheduler = new Scheduler()
    const bug = new Error('a bug in the display')
    const log: number[] = []
    const stop = scheduler.onProgress(() => {
      stop()
      throw bug
    })
    scheduler.onProgress(({ settled }) => log.push(settled))

    const strays = await strayErrorsDuring(() => scheduler.spawn(() => 1))

    expect(strays).toEqual([bug])
    expect(log.at(-1)).toBe(1)
  })

  it('throws for a listener that is no function', () => {
    const scheduler = new Scheduler()

    expect(() => scheduler.onProgress('listener' as never)).toThrow(
      new TypeError('Expected `listener` to be a function, got `listener` (string)'),
    )
  })
})
