import { CancelledError, Future, gather, Scheduler, spawn, task } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

describe('cancelling a scheduled future', () => {
  it('R13 keeps its body from ever running', async () => {
    const log: string[] = []
    const future = spawn(() => void log.push('body'))

    expect(future.cancel('enough')).toBe(true)
    await turn()

    expect(log).toEqual([])
    expect([future.status, future.reason]).toEqual(['cancelled', 'enough'])
    await expect(future).rejects.toBe('enough')
  })

  it('R13 gives a CancelledError unless a reason is given; `null` is one', () => {
    const [first, second] = [spawn(() => 1), spawn(() => 1)]

    first.cancel()
    second.cancel(null)

    expect(first.reason).toBeInstanceOf(CancelledError)
    expect(first.reason).toMatchObject({ name: 'AbortError', code: 20 })
    expect(second.reason).toBe(null)
  })

  it('R13 lets the others start in their order, also by the ten thousand', async () => {
    const scheduler = new Scheduler({ concurrency: 1, slice: Number.POSITIVE_INFINITY })
    const log: number[] = []
    const work = scheduler.task((n: number) => void log.push(n))
    const futures = Array.from({ length: 10_000 }, (_, n) => work(n))

    for (const [n, future] of futures.entries()) if (n % 10 !== 0) future.cancel()
    expect(scheduler.queued).toBe(1000)
    await scheduler.idle()

    expect(log).toEqual(Array.from({ length: 1000 }, (_, n) => n * 10))
  })

  it('R13 by a body that starts before it keeps it from running', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    scheduler.spawn(() => {
      log.push('a')
      second.cancel()
    })
    const second = scheduler.spawn(() => void log.push('b'))
    scheduler.spawn(() => void log.push('c'))

    await scheduler.idle()

    expect(log).toEqual(['a', 'c'])
    expect(scheduler.queued).toBe(0)
  })

  it('R13 drops it from a queue behind a body that never ends', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const body = gate()
    scheduler.spawn(() => body.opened)
    await null

    for (let n = 0; n < 1000; n++) scheduler.spawn(() => n).cancel()

    expect(scheduler.queued).toBe(0)
    body.open()
    await scheduler.idle()
  })
})

describe('cancelling a running future', () => {
  it('R13 settles it at once, then runs its listeners, then aborts its signal', async () => {
    const log: string[] = []
    const body = gate()
    const future = spawn(({ signal }) => {
      signal.addEventListener('abort', () => log.push(`abort: ${signal.reason}`))
      return body.opened
    })
    future.onSettled(({ status }) => log.push(`listener 1: ${status}`))
    future.onSettled(({ reason }) => log.push(`listener 2: ${reason}`))
    await null

    log.push(`cancel: ${future.cancel('enough')}`)

    expect(log).toEqual([
      'listener 1: cancelled',
      'listener 2: enough',
      'abort: enough',
      'cancel: true',
    ])
    body.open()
    await turn()
  })

  it('R13 drops what the body still throws, without an unhandled rejection', async () => {
    const bodies = [gate(), gate()]
    const strays = await strayErrorsDuring(async () => {
      const futures = bodies.map((body) => spawn(() => body.opened))
      await null
      for (const future of futures) future.cancel('enough')
      bodies[0]?.fail(new Error('late'))
      bodies[1]?.open()
      await turn()
      expect(futures.map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
        'cancelled: enough',
        'cancelled: enough',
      ])
    })

    expect(strays).toEqual([])
  })

  it('R13 drops the failure of a future the body gave, which counts as collected', async () => {
    const inner = Future.withResolvers()
    const future = spawn(() => inner.future)
    await null

    future.cancel()
    inner.reject('late')
    await turn()

    expect(inner.future.status).toBe('rejected')
    // What is uncollected would make the guard around every test fail this one.
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R9 R13 does not cancel the future that the body gave', async () => {
    const inner = Future.withResolvers()
    const future = spawn(() => inner.future)
    await null

    future.cancel()

    expect(inner.future.status).toBe('running')
    inner.resolve()
    await turn()
  })

  it('R13 answers a second cancel, and one after the end, with false', async () => {
    const body = gate()
    const cancelled = spawn(() => body.opened)
    const done = spawn(() => 1)
    await done

    expect([cancelled.cancel('first'), cancelled.cancel('second'), done.cancel()]).toEqual([
      true,
      false,
      false,
    ])
    expect(cancelled.reason).toBe('first')
    body.open()
    await turn()
  })

  it('R13 works from inside the body, which goes on and is dropped', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    const future: Future<string> = scheduler.spawn(({ signal }) => {
      future.cancel('by itself')
      log.push(`${future.status}, ${signal.aborted}, ${scheduler.running} running`)
      return 'dropped'
    })
    scheduler.spawn(() => void log.push('next'))

    await scheduler.idle()

    expect(log).toEqual(['cancelled, true, 1 running', 'next'])
    expect(future.reason).toBe('by itself')
  })

  it('R13 works from inside the body before it throws', async () => {
    const future: Future<never> = spawn(() => {
      future.cancel('by itself')
      throw new Error('dropped')
    })

    await expect(future).rejects.toBe('by itself')
  })

  it('R13 works from a listener that runs while it is cancelled', async () => {
    const log: unknown[] = []
    const body = gate()
    const future = spawn(() => body.opened)
    future.onSettled(() => log.push(future.cancel('again')))
    await null

    log.push(future.cancel('enough'))

    expect(log).toEqual([false, true])
    expect(future.reason).toBe('enough')
    body.open()
    await turn()
  })

  it('R13 `using` cancels at the end of the block', async () => {
    const body = gate()
    const future = spawn(() => body.opened)
    await null

    future[Symbol.dispose]()

    expect(future.status).toBe('cancelled')
    body.open()
    await turn()
  })
})

describe('scheduler.cancel()', () => {
  /** Two slots, taken by `a` and `b`; `c` and `d` wait. Whatever happens to them is logged. */
  async function busy() {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 2 })
    const body = gate()
    const futures = ['a', 'b', 'c', 'd'].map((name) => {
      const future = scheduler.spawn(
        ({ signal }) => {
          log.push(`${name} starts`)
          signal.addEventListener('abort', () => log.push(`${name} aborted: ${signal.reason}`))
          return body.opened
        },
        { name },
      )
      future.onSettled(({ status, reason }) => log.push(`${name} ${status}: ${reason}`))
      return future
    })
    await null
    log.length = 0
    return { scheduler, futures, log, body }
  }

  it('R13 cancels what runs in the order of the starts, then what waits, and starts nothing meanwhile', async () => {
    const { scheduler, log, body } = await busy()

    scheduler.cancel('enough')

    expect(log).toEqual([
      ...['a cancelled: enough', 'a aborted: enough', 'b cancelled: enough', 'b aborted: enough'],
      ...['c cancelled: enough', 'd cancelled: enough'],
    ])
    expect([scheduler.running, scheduler.queued]).toEqual([2, 0])
    body.open()
    await scheduler.idle()
  })

  it('R13 keeps to the order of the starts when bodies have ended in between', async () => {
    const log: string[] = []
    const scheduler = new Scheduler()
    const bodies = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, ...gate() }))
    for (const { name, opened } of bodies) {
      scheduler
        .spawn(() => opened, { name })
        .onSettled(({ reason }) => log.push(`${name}: ${reason}`))
    }
    await null
    bodies[0]?.open()
    bodies[2]?.open()
    await turn()
    const last = scheduler.spawn(() => bodies[1]?.opened)
    last.onSettled(({ reason }) => log.push(`last: ${reason}`))
    await null

    scheduler.cancel('enough')

    expect(log).toEqual([
      ...['a: undefined', 'c: undefined'],
      ...['b: enough', 'd: enough', 'e: enough', 'last: enough'],
    ])
    for (const { open } of bodies) open()
    await scheduler.idle()
  })

  it('R13 starts nothing although the bodies end because of it', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    const { future, reject } = Future.withResolvers<never>()
    scheduler.spawn(({ signal }) => {
      signal.addEventListener('abort', () => reject(signal.reason))
      return future
    })
    scheduler.spawn(() => void log.push('must not start'))
    await null

    scheduler.cancel('enough')
    await scheduler.idle()

    expect(log).toEqual([])
  })

  it('gives one default reason to all', async () => {
    const { scheduler, futures, body } = await busy()

    scheduler.cancel()

    expect(futures[0]?.reason).toBeInstanceOf(CancelledError)
    expect(new Set(futures.map(({ reason }) => reason)).size).toBe(1)
    body.open()
    await scheduler.idle()
  })

  it('takes later calls as before, those of its listeners too', async () => {
    const { scheduler, futures, log, body } = await busy()
    futures[0]?.onSettled(() => scheduler.spawn(() => void log.push('called by a listener')))
    scheduler.cancel('enough')
    log.length = 0
    scheduler.spawn(() => void log.push('called afterwards'))

    body.open()
    await scheduler.idle()

    expect(log).toEqual(['called by a listener', 'called afterwards'])
  })

  it('works inside a listener that it runs itself', async () => {
    const { scheduler, futures, body } = await busy()
    futures[0]?.onSettled(() => scheduler.cancel('inner'))

    scheduler.cancel('outer')

    expect(futures.map(({ reason }) => reason)).toEqual(['outer', 'inner', 'inner', 'inner'])
    expect(scheduler.queued).toBe(0)
    body.open()
    await scheduler.idle()
  })

  it('works inside a body, which it cancels with the rest', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1 })
    const futures = [
      scheduler.spawn(() => {
        scheduler.cancel('enough')
        log.push(`${scheduler.running} running, ${scheduler.queued} queued`)
      }),
      scheduler.spawn(() => void log.push('must not start')),
    ]

    await scheduler.idle()

    expect(log).toEqual(['1 running, 0 queued'])
    expect(futures.map(({ reason }) => reason)).toEqual(['enough', 'enough'])
  })

  it('does nothing to a scheduler that has nothing', async () => {
    const scheduler = new Scheduler()

    scheduler.cancel()
    const future = scheduler.spawn(() => 1)

    expect(await future).toBe(1)
  })

  it('cancels what a gather waits for, which becomes cancelled', async () => {
    const { scheduler, futures, body } = await busy()
    const all = gather(futures)

    scheduler.cancel('enough')

    expect([all.status, all.reason]).toEqual(['cancelled', 'enough'])
    body.open()
    await scheduler.idle()
  })

  it('cancels 100 000 calls', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const futures = Array.from({ length: 100_000 }, () => scheduler.spawn(() => 1))

    scheduler.cancel('enough')

    expect(scheduler.queued).toBe(0)
    expect(futures.filter(({ status }) => status === 'cancelled')).toHaveLength(100_000)
    await scheduler.idle()
  })
})

describe('cancels of many, one by one', () => {
  it('takes 100 000 calls of as many priorities', async () => {
    const scheduler = new Scheduler()
    scheduler.pause()
    const futures = Array.from({ length: 100_000 }, (_, priority) =>
      scheduler.spawn(() => {}, { priority }),
    )

    for (const future of futures) future.cancel()

    expect(scheduler.queued).toBe(0)
    await scheduler.idle()
  })
})

describe('cancels of many at once', () => {
  it('R10 R14 pass from body to body by gathers, 10 000 deep, without growing the stack', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, slice: Number.POSITIVE_INFINITY })
    const work = scheduler.task((inner: Future<unknown> | undefined) => inner)
    const leaf = Future.withResolvers<number>()
    let outermost: Future<unknown> = leaf.future
    for (let level = 0; level < 10_000; level++) {
      const inner = outermost
      outermost = gather([work(inner)])
    }
    await clock.advance(0)

    leaf.future.cancel('enough')

    expect([outermost.status, outermost.reason]).toEqual(['cancelled', 'enough'])
    await scheduler.idle()
  })

  it('R10 settle chains of bodies that give each other’s futures, 100 000 long', async () => {
    const scheduler = new Scheduler({ slice: Number.POSITIVE_INFINITY })
    const leaf = Future.withResolvers<number>()
    let outermost: Future<number> = leaf.future
    for (let level = 0; level < 100_000; level++) {
      const inner = outermost
      outermost = scheduler.spawn(() => inner)
    }
    await null

    leaf.resolve(42)

    expect(outermost.value).toBe(42)
    expect(scheduler.running).toBe(0)
  })

  it('R10 start chains of bodies by each other’s end, one slot, 100 000 long', async () => {
    const scheduler = new Scheduler({ concurrency: 1, slice: Number.POSITIVE_INFINITY })
    const first = Future.withResolvers<number>()
    scheduler.spawn(() => first.future)
    const futures = Array.from({ length: 100_000 }, (_, n) =>
      scheduler.spawn(() => Future.resolve(n)),
    )
    await null

    first.resolve(-1)

    expect(futures.at(-1)?.value).toBe(99_999)
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R10 R13 cancel chains in which each body’s abort cancels the next', async () => {
    const log: number[] = []
    const body = gate()
    const futures: Future<unknown>[] = []
    const work = task((n: number) => body.opened.then(() => log.push(n)))
    for (let n = 0; n < 3; n++) {
      futures.push(work(n))
      futures[n]?.onSettled(() => futures[n + 1]?.cancel('passed on'))
    }
    await null

    futures[0]?.cancel('enough')

    expect(futures.map(({ reason }) => reason)).toEqual(['enough', 'passed on', 'passed on'])
    body.open()
    await turn()
    expect(log).toEqual([0, 1, 2])
  })
})
