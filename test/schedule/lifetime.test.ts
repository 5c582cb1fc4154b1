import { Future, InvalidStateError, Scheduler, spawn } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { stopRealTime } from '../support/real-time.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

describe('scheduler.idle()', () => {
  it('resolves at once when there is nothing to wait for', async () => {
    await expect(new Scheduler().idle()).resolves.toBe(undefined)
  })

  it('R4 waits until nothing runs and nothing waits', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock, concurrency: 1 })
    for (const milliseconds of [30, 20]) {
      scheduler.spawn(async ({ sleep }) => {
        await sleep(milliseconds)
        log.push(`${clock.now()}: end`)
      })
    }
    void scheduler.idle().then(() => log.push(`${clock.now()}: idle`))

    await clock.run()

    expect(log).toEqual(['30: end', '50: end', '50: idle'])
  })

  it('R4 waits for the real end of bodies whose futures were cancelled', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock })
    const future = scheduler.spawn(async () => {
      await clock.sleep(50)
      log.push(`${clock.now()}: end`)
    })
    clock.callLater(() => {
      future.cancel()
      void scheduler.idle().then(() => log.push(`${clock.now()}: idle`))
    }, 10)

    await clock.run()

    expect(log).toEqual(['50: end', '50: idle'])
  })

  it('waits on while bodies and listeners make new calls', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    const first = scheduler.spawn(() => void log.push('first'))
    first.onSettled(() =>
      scheduler.spawn(async () => {
        await null
        log.push('second')
      }),
    )

    await scheduler.idle()

    expect(log).toEqual(['first', 'second'])
  })

  it('resolves for all who wait, each time anew', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    const round = async (name: string): Promise<void> => {
      scheduler.spawn(() => void log.push(`${name} runs`))
      await Promise.all([scheduler.idle(), scheduler.idle()])
      log.push(`${name} idle`)
    }

    await round('one')
    await round('two')

    expect(log).toEqual(['one runs', 'one idle', 'two runs', 'two idle'])
  })

  it('resolves when the last call that waits is cancelled', async () => {
    const scheduler = new Scheduler()
    scheduler.pause()
    const future = scheduler.spawn(() => 1)
    const idle = scheduler.idle()

    future.cancel()

    await expect(idle).resolves.toBe(undefined)
  })

  it('R4 waits after failures as after successes', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const futures = [1, 2, 3].map((n) => scheduler.spawn(() => Promise.reject(n)))

    await scheduler.idle()

    await expect(Promise.allSettled(futures)).resolves.toHaveLength(3)
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })
})

describe('scheduler.close()', () => {
  it('R5 lets run what it has, takes no new calls, and resolves at the end', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock, concurrency: 1, name: 'crawler' })
    const work = scheduler.task(async (name: string) => {
      await clock.sleep(10)
      log.push(`${clock.now()}: ${name}`)
    })
    work('a')
    work('b')
    void scheduler.close().then(() => log.push(`${clock.now()}: closed`))

    expect(() => work('c')).toThrow(InvalidStateError)
    expect(() => scheduler.spawn(() => 1)).toThrow(/crawler/)
    await clock.run()

    expect(log).toEqual(['10: a', '20: b', '20: closed'])
  })

  it('R5 throws InvalidStateError for calls inside its bodies too', async () => {
    const scheduler = new Scheduler()
    const future = scheduler.spawn(async () => {
      await null
      return scheduler.spawn(() => 1)
    })

    const closed = scheduler.close()

    await expect(future).rejects.toThrow(InvalidStateError)
    await closed
  })

  it('R5 throws the same under every start mode, and for a wrong body still a TypeError', async () => {
    for (const start of ['deferred', 'eager', 'lazy'] as const) {
      const scheduler = new Scheduler({ start })
      await scheduler.close()
      expect(() => scheduler.spawn(() => 1)).toThrow(InvalidStateError)
      expect(() => scheduler.spawn(5 as never)).toThrow(TypeError)
    }
  })

  it('resolves at once when there is nothing to wait for, and as often as it is called', async () => {
    const scheduler = new Scheduler()

    await scheduler.close()
    await scheduler.close()

    await expect(scheduler.idle()).resolves.toBe(undefined)
  })

  it('R4 waits for the real end of cancelled bodies', async () => {
    const log: string[] = []
    const body = gate()
    const scheduler = new Scheduler()
    scheduler.spawn(() => body.opened)
    await null
    scheduler.cancel()
    const closed = scheduler.close().then(() => log.push('closed'))
    await turn()

    expect(log).toEqual([])
    body.open()
    await closed
    expect(log).toEqual(['closed'])
  })

  it('`await using` closes at the end of the block', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    scheduler.spawn(async () => {
      await null
      log.push('body')
    })

    await scheduler[Symbol.asyncDispose]()

    expect(log).toEqual(['body'])
    expect(() => scheduler.spawn(() => 1)).toThrow(InvalidStateError)
  })

  it('leaves the default scheduler, and others, open', async () => {
    await new Scheduler().close()

    expect(await spawn(() => 1)).toBe(1)
    expect(await new Scheduler().spawn(() => 2)).toBe(2)
  })

  it('still takes cancels, pauses and other limits', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    scheduler.pause()
    const futures = [scheduler.spawn(() => void log.push('a')), scheduler.spawn(() => 'b')]
    const closed = scheduler.close()

    futures[1]?.cancel()
    scheduler.concurrency = 2
    scheduler.resume()
    await closed

    expect(log).toEqual(['a'])
    expect(futures.map(({ status }) => status)).toEqual(['fulfilled', 'cancelled'])
  })

  it('does not let a body that hands out its future keep it open', async () => {
    const scheduler = new Scheduler()
    const future = scheduler.spawn(() => Future.resolve(1))

    await scheduler.close()

    expect(future.value).toBe(1)
  })
})
