import { Future, Scheduler, spawn } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { explode, HOSTILE } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'

stopRealTime()

describe('spawn()', () => {
  it('R1 runs none of the body, and gives a future that is scheduled', async () => {
    const log: string[] = []
    const future = spawn(() => void log.push('body'))
    log.push(future.status)

    await future

    expect(log).toEqual(['scheduled', 'body'])
  })

  it('hands its body the context, and nothing else', async () => {
    const seen = await spawn(
      function (this: unknown, ...values: unknown[]) {
        return { self: this, keys: values.map((value) => (value as { name: string }).name) }
      },
      { name: 'work' },
    )

    expect(seen).toEqual({ self: undefined, keys: ['work'] })
  })

  it('gives the value of its body, sync or async', async () => {
    expect(await spawn(() => 1)).toBe(1)
    expect(await spawn(async () => 2)).toBe(2)
    expect(await spawn(() => Future.resolve(3))).toBe(3)
  })

  it('R5 rejects with what its body throws', async () => {
    await expect(spawn(explode)).rejects.toBe(HOSTILE)
    await expect(spawn(async () => explode())).rejects.toBe(HOSTILE)
  })

  it('is called as its options say, else as its body, else `anonymous`', async () => {
    const futures = [spawn(() => 1, { name: 'work' }), spawn(function body() {}), spawn(() => 1)]

    expect(futures.map(({ name }) => name)).toEqual(['work', 'body', 'anonymous'])
    await Promise.all(futures)
  })

  it('takes its options as they are now: what is changed in them later has no effect', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    const options = { name: 'work', timeout: 100, priority: 0 }
    const futures = [1, 2].map(() => scheduler.spawn(() => clock.sleep(50), options))

    Object.assign(options, { name: 'changed', timeout: 1 })
    await clock.run()

    expect(futures.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'work: fulfilled',
      'work: fulfilled',
    ])
  })

  it('R5 reads its options once', async () => {
    const log: string[] = []
    const options = {
      get timeout() {
        log.push('timeout')
        return log.length > 1 ? explode() : 100
      },
    }
    const clock = new VirtualClock()
    const future = new Scheduler({ clock }).spawn(() => clock.sleep(5), options)

    await clock.run()

    expect(future.status).toBe('fulfilled')
    expect(log).toEqual(['timeout'])
  })
})
