import { type RateOptions, Scheduler, type SchedulerOptions, TimeoutError } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { stopRealTime } from '../support/real-time.ts'

stopRealTime()

/** A scheduler with a rate, on a clock of its own, and a task that notes when it starts. */
function limited(rate: RateOptions, options: SchedulerOptions = {}) {
  const clock = new VirtualClock()
  const scheduler = new Scheduler({ ...options, clock, rate })
  const log: string[] = []
  const work = scheduler.task((name: unknown, duration = 0) => {
    log.push(`${clock.now()} ${name}`)
    return clock.sleep(duration)
  })
  return { clock, scheduler, log, work }
}

describe('a scheduler with a rate', () => {
  it('R19 starts `limit` bodies, and the next ones when those are an interval ago', async () => {
    const { clock, log, work } = limited({ limit: 2, interval: 1000 })
    for (let n = 1; n <= 5; n++) work(n)

    expect(await clock.run()).toBe(2000)

    expect(log).toEqual(['0 1', '0 2', '1000 3', '1000 4', '2000 5'])
  })

  it('R19 lets no double burst through around a multiple of the interval', async () => {
    const { clock, log, work } = limited({ limit: 2, interval: 1000 })
    await clock.advance(900)
    for (const name of ['a', 'b']) work(name)
    await clock.advance(150)
    for (const name of ['c', 'd']) work(name)

    await clock.run()

    expect(log).toEqual(['900 a', '900 b', '1900 c', '1900 d'])
  })

  it('R19 counts each start for itself: what is an interval ago makes room for one', async () => {
    const { clock, log, work } = limited({ limit: 2, interval: 100 })
    work(1)
    await clock.advance(60)
    for (let n = 2; n <= 5; n++) work(n)

    await clock.run()

    expect(log).toEqual(['0 1', '60 2', '100 3', '160 4', '200 5'])
  })

  it('R19 counts the attempts of retries', async () => {
    const { clock, scheduler, log, work } = limited({ limit: 2, interval: 100 })
    let attempts = 0
    scheduler.spawn(
      () => {
        attempts += 1
        log.push(`${clock.now()} attempt ${attempts}`)
        if (attempts < 4) throw new Error('busy')
      },
      { retry: { retries: 5, delay: 10 } },
    )
    clock.callLater(() => void work('other'), 15)

    await clock.run()

    expect(log).toEqual([
      '0 attempt 1',
      '10 attempt 2',
      '100 attempt 3',
      // Called before the other one.
      '110 attempt 4',
      '200 other',
    ])
  })

  it('R19 uses nothing up for calls that are cancelled before they start', async () => {
    const { clock, log, work } = limited({ limit: 1, interval: 100 })
    const aborted = AbortSignal.abort('no')
    work(1)
    const futures = [2, 3].map((n) => work(n))
    work.with({ signal: aborted })(4)
    work(5)
    for (const future of futures) clock.callLater(() => future.cancel(), 50)

    await clock.run()

    expect(log).toEqual(['0 1', '100 5'])
  })

  it('R19 has used up what started, also when it is cancelled or fails at once', async () => {
    const { clock, scheduler, log, work } = limited({ limit: 1, interval: 100 })
    const first = work(1, 1000)
    clock.callLater(() => first.cancel(), 10)
    scheduler.spawn(() => Promise.reject(new Error('boom'))).catch(() => {})
    work(3)

    await clock.run()

    expect(log).toEqual(['0 1', '200 3'])
  })

  it('R2 R19 starts by priority what waits for the rate', async () => {
    const { clock, log, work } = limited({ limit: 1, interval: 100 })
    for (let n = 1; n <= 3; n++) work(n)
    clock.callLater(() => void work.with({ priority: 1 })('urgent'), 50)

    await clock.run()

    expect(log).toEqual(['0 1', '100 urgent', '200 2', '300 3'])
  })

  it('R4 R19 keeps to the slots as well', async () => {
    const { clock, log, work } = limited({ limit: 3, interval: 100 }, { concurrency: 2 })
    for (let n = 1; n <= 6; n++) work(n, 40)

    await clock.run()

    expect(log).toEqual(['0 1', '0 2', '40 3', '100 4', '100 5', '140 6'])
  })

  it('R3 R19 starts eager calls inside the call only while the rate allows it', async () => {
    const { clock, log, work } = limited({ limit: 1, interval: 100 }, { start: 'eager' })
    work(1)
    work(2)
    const inside = [...log]

    await clock.run()

    expect(inside).toEqual(['0 1'])
    expect(log).toEqual(['0 1', '100 2'])
  })

  it('R19 counts lazy calls when they start', async () => {
    const { clock, log, work } = limited({ limit: 1, interval: 100 }, { start: 'lazy' })
    const [first, second] = [work(1), work(2)]
    await clock.advance(50)
    void second.then(() => first)

    await clock.run()

    expect(log).toEqual(['50 2', '150 1'])
  })

  it('R19 holds for calls that lend each other a slot, too', async () => {
    const options = { concurrency: 1, reentrant: true }
    const { clock, scheduler, log, work } = limited({ limit: 2, interval: 100 }, options)
    scheduler.spawn(async () => {
      log.push(`${clock.now()} outer`)
      for (let n = 1; n <= 3; n++) await work(n)
    })

    await clock.run()

    expect(log).toEqual(['0 outer', '0 1', '100 2', '100 3'])
  })

  it('R19 is held back by a pause, during which the interval passes', async () => {
    const { clock, scheduler, log, work } = limited({ limit: 1, interval: 100 })
    work(1)
    work(2)
    await clock.advance(50)
    scheduler.pause()
    await clock.advance(250)
    scheduler.resume()

    await clock.run()

    expect(log).toEqual(['0 1', '300 2'])
  })

  it('R14 R19 does not begin the timeout of a call that waits', async () => {
    const { clock, work } = limited({ limit: 1, interval: 1000 })
    const quick = work.with({ timeout: 50 })
    const futures = [quick(1), quick(2), quick(3, 100)]

    await clock.run()

    expect(futures.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'cancelled'])
    expect(futures[2]?.reason).toBeInstanceOf(TimeoutError)
  })

  it.each([false, true])(
    'R19 leaves no timer when nothing waits any more; paused: %s',
    async (paused) => {
      const { clock, scheduler, work } = limited({ limit: 1, interval: 1000 })
      for (let n = 1; n <= 3; n++) work(n)
      await clock.advance(10)

      if (paused) scheduler.pause()
      scheduler.cancel()

      expect(await clock.run()).toBe(10)
      await scheduler.idle()
    },
  )

  it('R19 is exact for intervals that are no whole numbers', async () => {
    const { clock, log, work } = limited({ limit: 1, interval: 0.1 })
    for (let n = 1; n <= 4; n++) work(n)

    await clock.run()

    const times = log.map((entry) => Number.parseFloat(entry))
    expect(times).toEqual([0, 0.1, 0.2, 0.2 + 0.1])
  })
})

describe('a wrong rate', () => {
  const limit = 'a whole number from 1 up'
  const interval = 'finite milliseconds above 0'
  it.each<[string, unknown, string]>([
    ['no object', 5, 'TypeError: Expected `rate` to be an object, got `5` (number)'],
    ['null', null, 'TypeError: Expected `rate` to be an object, got `null` (object)'],
    [
      'no limit',
      { interval: 1 },
      `TypeError: Expected \`limit\` to be ${limit}, got \`undefined\` (undefined)`,
    ],
    [
      'a limit of 0',
      { limit: 0, interval: 1 },
      `RangeError: Expected \`limit\` to be ${limit}, got \`0\` (number)`,
    ],
    [
      'half a start',
      { limit: 0.5, interval: 1 },
      `RangeError: Expected \`limit\` to be ${limit}, got \`0.5\` (number)`,
    ],
    [
      'no limit at all',
      { limit: Number.POSITIVE_INFINITY, interval: 1 },
      `RangeError: Expected \`limit\` to be ${limit}, got \`Infinity\` (number)`,
    ],
    [
      'no interval',
      { limit: 1 },
      `TypeError: Expected \`interval\` to be ${interval}, got \`undefined\` (undefined)`,
    ],
    [
      'an interval of 0',
      { limit: 1, interval: 0 },
      `RangeError: Expected \`interval\` to be ${interval}, got \`0\` (number)`,
    ],
    [
      'an interval of text',
      { limit: 1, interval: '1s' },
      `TypeError: Expected \`interval\` to be ${interval}, got \`1s\` (string)`,
    ],
  ])('R5 throws where it is given: %s', (_, rate, message) => {
    let thrown: unknown
    try {
      new Scheduler({ rate: rate as RateOptions })
    } catch (error) {
      thrown = error
    }

    expect(String(thrown)).toBe(message)
  })
})
