import { asCompleted, Future, gather, InvalidStateError, Scheduler, type StartMode } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { stopRealTime } from '../support/real-time.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

/** A scheduler whose bodies end when they are told to, and the log of their starts and ends. */
function workshop(options: { concurrency?: number; start?: StartMode } = {}, log: string[] = []) {
  // Bodies of one test start in one go, however slow the machine is.
  const scheduler = new Scheduler({ slice: Number.POSITIVE_INFINITY, ...options })
  const open = new Map<string, () => void>()
  const call = (name: string, priority = 0): Future<string> =>
    scheduler.spawn(
      () => {
        log.push(`${name} starts`)
        return new Promise<string>((resolve) => {
          open.set(name, () => {
            log.push(`${name} ends`)
            open.delete(name)
            resolve(name)
          })
        })
      },
      { name, priority },
    )
  const end = async (...names: string[]): Promise<void> => {
    for (const name of names) {
      open.get(name)?.()
      await turn()
    }
  }
  const endAll = async (): Promise<void> => {
    while (open.size > 0) await end(...open.keys())
  }
  return { scheduler, call, end, endAll, log }
}

describe('a scheduler, starting bodies', () => {
  it('R2 starts those of equal priority in the order of their calls, before any timer or immediate', async () => {
    const { call, endAll, log } = workshop()
    const timer = new Promise<void>((resolve) => {
      setImmediate(() => {
        log.push('immediate')
        resolve()
      })
    })
    for (const name of ['a', 'b', 'c']) call(name)
    queueMicrotask(() => log.push('microtask'))

    await timer

    expect(log).toEqual(['a starts', 'b starts', 'c starts', 'microtask', 'immediate'])
    await endAll()
  })

  it('R2 starts higher priorities first, negative and infinite ones too', async () => {
    const log: number[] = []
    const scheduler = new Scheduler({ slice: Number.POSITIVE_INFINITY })
    const work = scheduler.task((priority: number) => void log.push(priority))
    const { POSITIVE_INFINITY, NEGATIVE_INFINITY } = Number
    for (const priority of [0, -1, NEGATIVE_INFINITY, 2, POSITIVE_INFINITY, 0.5, 2, -0]) {
      work.with({ priority })(priority)
    }

    await scheduler.idle()

    expect(log).toEqual([POSITIVE_INFINITY, 2, 2, 0.5, 0, -0, -1, NEGATIVE_INFINITY])
  })

  it('R2 lets a higher priority overtake those that wait, not those that run', async () => {
    const { call, end, endAll, log } = workshop({ concurrency: 1 })
    call('runs')
    await null
    call('waits')
    call('urgent', 1)

    await end('runs')

    expect(log).toEqual(['runs starts', 'runs ends', 'urgent starts'])
    await endAll()
  })

  it('R2 takes the priority of each call from `with`', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ slice: Number.POSITIVE_INFINITY })
    const work = scheduler.task((name: string) => void log.push(name))

    work('usual')
    work.with({ priority: 1 })('urgent')
    work.with({ priority: -1 })('whenever')
    await scheduler.idle()

    expect(log).toEqual(['urgent', 'usual', 'whenever'])
  })

  it('R2 starts a call made inside a body after those that wait already, in the same drain', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ slice: Number.POSITIVE_INFINITY })
    scheduler.spawn(() => {
      log.push('a')
      scheduler.spawn(() => void log.push('inner'))
      log.push('a goes on')
    })
    scheduler.spawn(() => void log.push('b'))
    queueMicrotask(() => log.push('microtask'))

    await scheduler.idle()

    expect(log).toEqual(['a', 'a goes on', 'b', 'inner', 'microtask'])
  })

  it('S7 gives the order of the events when main is spawned too', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock })
    const part = (name: string, milliseconds: number): Future<void> =>
      scheduler.spawn(async ({ sleep }) => {
        log.push(`${name} Start`)
        await sleep(milliseconds)
        log.push(`${name} Complete`)
      })
    const all = gather(part('Task 1', 1000), part('Task 2', 1000), part('Main', 500))

    expect(await clock.run()).toBe(1000)

    expect(log).toEqual([
      ...['Task 1 Start', 'Task 2 Start', 'Main Start'],
      ...['Main Complete', 'Task 1 Complete', 'Task 2 Complete'],
    ])
    expect(all.done).toBe(true)
  })
})

describe('a scheduler with start: "eager"', () => {
  it('R3 starts the body inside the call, up to its first await', async () => {
    const { call, endAll, log } = workshop({ start: 'eager' })

    const future = call('a')
    log.push(future.status)

    expect(log).toEqual(['a starts', 'running'])
    await endAll()
  })

  it('R3 settles inside the call when the body is synchronous', async () => {
    const scheduler = new Scheduler({ start: 'eager' })

    const fulfilled = scheduler.spawn(() => 1)
    const rejected = scheduler.spawn(() => {
      throw 'failure'
    })
    rejected.catch(() => {})

    expect([fulfilled.status, fulfilled.value]).toEqual(['fulfilled', 1])
    expect([rejected.status, rejected.reason]).toEqual(['rejected', 'failure'])
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R3 starts it as deferred when no slot is free', async () => {
    const { call, end, endAll, log } = workshop({ start: 'eager', concurrency: 1 })
    const futures = [call('a'), call('b')]

    expect(futures.map(({ status }) => status)).toEqual(['running', 'scheduled'])
    await end('a')

    expect(log).toEqual(['a starts', 'a ends', 'b starts'])
    await endAll()
  })

  it('R3 starts it as deferred when somebody waits, although a slot is free', async () => {
    const { scheduler, call, endAll, log } = workshop({ start: 'eager', concurrency: 1 })
    call('a')
    call('b')
    scheduler.concurrency = 3

    call('c')
    log.push('returned')
    await null

    expect(log).toEqual(['a starts', 'returned', 'b starts', 'c starts'])
    await endAll()
  })

  it('R3 starts it as deferred while the scheduler is paused', async () => {
    const { scheduler, call, endAll, log } = workshop({ start: 'eager' })
    scheduler.pause()

    call('a')
    log.push('returned')
    scheduler.resume()
    await null

    expect(log).toEqual(['returned', 'a starts'])
    await endAll()
  })

  it('R3 starts nested calls inside each other, but none so deep that the stack might end', async () => {
    const scheduler = new Scheduler({ start: 'eager' })
    let started = 0
    const nest = scheduler.task(async (depth: number): Promise<number> => {
      started += 1
      return depth === 0 ? 0 : 1 + (await nest(depth - 1))
    })

    const future = nest(10_000)
    const inside = started

    expect(inside).toBe(200)
    expect(await future).toBe(10_000)
    await scheduler.idle()
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R3 starts nested calls inside each other', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ start: 'eager', slice: Number.POSITIVE_INFINITY })

    scheduler.spawn(() => {
      log.push('outer')
      scheduler.spawn(() => void log.push('inner'))
      log.push('outer ends')
    })

    expect(log).toEqual(['outer', 'inner', 'outer ends'])
    await scheduler.idle()
  })

  it('S7 gives the order of the events with main inline', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    const scheduler = new Scheduler({ clock, start: 'eager' })
    const part = scheduler.task(async (name: string, milliseconds: number) => {
      log.push(`${name} Start`)
      await clock.sleep(milliseconds)
      log.push(`${name} Complete`)
    })
    const main = async (): Promise<void> => {
      const futures = [part('Task 1', 1000), part('Task 2', 1000)]
      log.push('Main Start')
      await clock.sleep(500)
      log.push('Main Complete')
      await gather(futures)
    }
    const whole = main()

    expect(await clock.run()).toBe(1000)
    await whole

    expect(log).toEqual([
      ...['Task 1 Start', 'Task 2 Start', 'Main Start'],
      ...['Main Complete', 'Task 1 Complete', 'Task 2 Complete'],
    ])
  })
})

describe('a scheduler with start: "lazy"', () => {
  it('R3 leaves a call out of the queue until its future is collected', async () => {
    const { scheduler, call, endAll, log } = workshop({ start: 'lazy' })
    const future = call('a')
    await scheduler.idle()
    await turn()

    expect([log, scheduler.queued, scheduler.running, future.status]).toEqual([
      [],
      0,
      0,
      'scheduled',
    ])
    const value = future.then((it) => it)
    expect([log, scheduler.queued]).toEqual([[], 1])
    await null

    expect(log).toEqual(['a starts'])
    await endAll()
    expect(await value).toBe('a')
  })

  it('R3 starts bodies in the order of collection, then', async () => {
    const { call, endAll, log } = workshop({ start: 'lazy' })
    const [a, b, c] = [call('a'), call('b'), call('c')]
    c.catch(() => {})
    gather([b, a])

    await null

    expect(log).toEqual(['c starts', 'b starts', 'a starts'])
    await endAll()
  })

  it('R3 R8 is started by every way of collecting', async () => {
    const { call, endAll, log } = workshop({ start: 'lazy' })
    const names = [
      'then',
      'catch',
      'finally',
      'await',
      'gather',
      'followed',
      'resolved',
      'returned',
    ]
    const futures = Object.fromEntries(names.map((name) => [name, call(name)]))
    const eager = new Scheduler({ start: 'eager' })

    void futures.then?.then()
    void futures.catch?.catch(() => {})
    void futures.finally?.finally(() => {})
    void (async () => await futures.await)()
    gather([futures.gather])
    new Future((resolve) => resolve(futures.followed))
    void Promise.resolve(futures.resolved)
    eager.spawn(() => futures.returned)
    asCompleted([call('asCompleted')])
    await turn()

    expect(log.map((line) => line.replace(' starts', '')).sort()).toEqual(
      [...names, 'asCompleted'].sort(),
    )
    await endAll()
  })

  it('R3 R8 is not started by looking at it', async () => {
    const { scheduler, call, log } = workshop({ start: 'lazy' })
    const future = call('a')

    future.onSettled(() => {})()
    expect([future.status, future.value, future.reason, future.done, future.name]).toEqual([
      'scheduled',
      undefined,
      undefined,
      false,
      'a',
    ])
    expect(() => future.result()).toThrow(InvalidStateError)
    expect(Future.resolve(future)).toBe(future)
    await turn()

    expect([log, scheduler.queued]).toEqual([[], 0])
  })

  it('R13 never runs what was cancelled before it was collected', async () => {
    const { scheduler, call, log } = workshop({ start: 'lazy' })
    const future = call('a')

    future.cancel('enough')

    await expect(future).rejects.toBe('enough')
    expect([log, scheduler.queued, scheduler.running]).toEqual([[], 0, 0])
  })

  it('R3 is not cancelled with what the scheduler has: it is neither queued nor running', async () => {
    const { scheduler, call, endAll, log } = workshop({ start: 'lazy' })
    const future = call('a')

    scheduler.cancel('enough')
    future.catch(() => {})
    await null

    expect([future.status, log]).toEqual(['running', ['a starts']])
    await endAll()
  })

  it('R3 respects priorities and slots from its collection on', async () => {
    const { call, endAll, log } = workshop({ start: 'lazy', concurrency: 1 })
    const [usual, urgent] = [call('usual'), call('urgent', 1)]
    usual.catch(() => {})
    urgent.catch(() => {})

    await null
    await endAll()

    expect(log).toEqual(['urgent starts', 'urgent ends', 'usual starts', 'usual ends'])
  })

  it('R3 collected after the scheduler was closed is rejected with InvalidStateError', async () => {
    const { scheduler, call } = workshop({ start: 'lazy' })
    const [awaited, gathered, completed] = [call('a'), call('b'), call('c')]
    await scheduler.close()

    await expect(awaited).rejects.toThrow(InvalidStateError)
    await expect(gather([gathered])).rejects.toThrow(InvalidStateError)
    expect(await asCompleted([completed]).next()).toEqual({ done: false, value: completed })
    expect(completed.reason).toBeInstanceOf(InvalidStateError)
  })

  it('R3 collected after the signal of the scheduler has aborted is cancelled', async () => {
    const controller = new AbortController()
    const scheduler = new Scheduler({ start: 'lazy', signal: controller.signal })
    const [awaited, completed] = [scheduler.spawn(() => 1), scheduler.spawn(() => 1)]
    controller.abort('gone')

    await expect(awaited).rejects.toBe('gone')
    expect(await asCompleted([completed]).next()).toEqual({ done: false, value: completed })
    expect([completed.status, completed.reason]).toEqual(['cancelled', 'gone'])
  })

  it('R13 survives being cancelled by a listener that its own start brings about', async () => {
    const { scheduler, call, log } = workshop({ start: 'lazy', concurrency: 1 })
    const future = call('a')
    const all = gather([future])

    all.cancel('enough')
    await turn()

    expect([future.status, future.reason, log, scheduler.queued]).toEqual([
      'cancelled',
      'enough',
      [],
      0,
    ])
  })
})

describe('a scheduler with slots', () => {
  it('R4 runs no more than `concurrency` bodies at once', async () => {
    const { scheduler, call, end, endAll, log } = workshop({ concurrency: 2 })
    for (const name of ['a', 'b', 'c', 'd']) call(name)
    await null

    expect([scheduler.running, scheduler.queued]).toEqual([2, 2])
    await end('b')

    expect(log).toEqual(['a starts', 'b starts', 'b ends', 'c starts'])
    expect([scheduler.running, scheduler.queued]).toEqual([2, 1])
    await endAll()
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R4 counts a call as queued until it starts', async () => {
    const { scheduler, call, endAll } = workshop()
    call('a')
    call('b')

    expect([scheduler.queued, scheduler.running]).toEqual([2, 0])
    await null

    expect([scheduler.queued, scheduler.running]).toEqual([0, 2])
    await endAll()
  })

  it('R4 hands a freed slot on at once, after the listeners of the future that ended', async () => {
    const log: string[] = []
    const { scheduler, call, end, endAll } = workshop({ concurrency: 1 }, log)
    const first = call('a')
    first.onSettled(() => log.push(`listener, ${scheduler.running} running`))
    call('b')
    await null
    queueMicrotask(() => log.push('unrelated'))

    await end('a')

    expect(log.indexOf('b starts')).toBe(log.indexOf('listener, 0 running') + 1)
    expect(log).toContain('unrelated')
    await endAll()
  })

  it('R4 hands it on without a turn of the event loop in between', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1, slice: Number.POSITIVE_INFINITY })
    const work = scheduler.task(async (n: number) => {
      await null
      log.push(`${n}`)
    })
    setImmediate(() => log.push('immediate'))
    for (let n = 0; n < 20; n++) work(n)

    await turn()

    expect(log).toEqual([...Array.from({ length: 20 }, (_, n) => `${n}`), 'immediate'])
  })

  it('R4 keeps the slot of a cancelled body until it has really ended', async () => {
    const { scheduler, call, end, endAll, log } = workshop({ concurrency: 1 })
    const first = call('a')
    call('b')
    await null

    first.cancel()
    await turn()

    expect([first.status, scheduler.running, scheduler.queued]).toEqual(['cancelled', 1, 1])
    expect(log).toEqual(['a starts'])
    await end('a')

    expect(log).toEqual(['a starts', 'a ends', 'b starts'])
    await endAll()
  })

  it('R4 keeps the slot while what the body gave is pending: promise, future or thenable', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const log: string[] = []
    const { future, resolve } = Future.withResolvers<string>()
    const outer = scheduler.spawn(() => future)
    scheduler.spawn(() => void log.push('next'))
    await turn()

    outer.cancel()
    await turn()
    expect([log, scheduler.running, scheduler.queued]).toEqual([[], 1, 1])
    resolve('done')
    await turn()

    expect([log, scheduler.running, outer.status]).toEqual([['next'], 0, 'cancelled'])
  })

  it('R13 gives the slot of a call that was cancelled before its start to nobody: it had none', async () => {
    const { scheduler, call, end, endAll, log } = workshop({ concurrency: 1 })
    call('a')
    const cancelled = call('b')
    call('c')
    await null

    cancelled.cancel()
    expect([scheduler.running, scheduler.queued]).toEqual([1, 1])
    await end('a')

    expect(log).toEqual(['a starts', 'a ends', 'c starts'])
    await endAll()
  })

  it('R4 starts synchronous bodies one after the other in one drain', async () => {
    const scheduler = new Scheduler({ concurrency: 1, slice: Number.POSITIVE_INFINITY })
    const log: number[] = []
    for (let n = 0; n < 1000; n++) scheduler.spawn(() => void log.push(n))

    await null

    expect(log).toEqual([...Array(1000).keys()])
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R21 takes the sum of all with one slot, the longest with ample ones', async () => {
    const makespan = async (concurrency: number): Promise<number> => {
      const clock = new VirtualClock()
      const scheduler = new Scheduler({ clock, concurrency })
      for (const milliseconds of [30, 10, 50, 20]) {
        scheduler.spawn(({ sleep }) => sleep(milliseconds))
      }
      return clock.run()
    }

    expect(await makespan(1)).toBe(110)
    // The list schedule: 30 and 10 start, 50 at 10, 20 at 30.
    expect(await makespan(2)).toBe(60)
    expect(await makespan(4)).toBe(50)
    expect(await makespan(Number.POSITIVE_INFINITY)).toBe(50)
  })
})

describe('a scheduler whose concurrency is changed while it runs', () => {
  it('R4 starts more when it is raised, from the next microtask on', async () => {
    const { scheduler, call, endAll, log } = workshop({ concurrency: 1 })
    for (const name of ['a', 'b', 'c', 'd']) call(name)
    await null

    scheduler.concurrency = 3
    log.push('set')
    await null

    expect(log).toEqual(['a starts', 'set', 'b starts', 'c starts'])
    await endAll()
  })

  it('R4 starts nothing until it has room again when it is lowered', async () => {
    const { scheduler, call, end, endAll, log } = workshop({ concurrency: 3 })
    for (const name of ['a', 'b', 'c', 'd', 'e']) call(name)
    await null

    scheduler.concurrency = 1
    await end('a', 'b')
    expect([scheduler.running, scheduler.queued]).toEqual([1, 2])
    await end('c')

    expect(log.slice(3)).toEqual(['a ends', 'b ends', 'c ends', 'd starts'])
    await endAll()
  })

  it('R4 may be changed by a body, for those that start after it in the same drain', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ concurrency: 1, slice: Number.POSITIVE_INFINITY })
    const body = gate()
    scheduler.spawn(() => {
      scheduler.concurrency = 2
      log.push('a')
      return body.opened
    })
    scheduler.spawn(() => {
      log.push('b')
      return body.opened
    })
    scheduler.spawn(() => void log.push('c'))

    await null

    expect(log).toEqual(['a', 'b'])
    body.open()
    await scheduler.idle()
    expect(log).toEqual(['a', 'b', 'c'])
  })

  it('keeps the old value when a new one is refused', () => {
    const scheduler = new Scheduler({ concurrency: 2 })

    expect(() => {
      scheduler.concurrency = 0
    }).toThrow(RangeError)
    expect(scheduler.concurrency).toBe(2)
  })
})

describe('a paused scheduler', () => {
  it('starts nothing until it is resumed, and lets run what runs', async () => {
    const { scheduler, call, end, endAll, log } = workshop({ concurrency: 1 })
    call('a')
    await null
    scheduler.pause()
    call('b')
    await end('a')

    expect([log, scheduler.paused, scheduler.queued]).toEqual([['a starts', 'a ends'], true, 1])
    scheduler.resume()
    expect(scheduler.paused).toBe(false)
    await null

    expect(log).toEqual(['a starts', 'a ends', 'b starts'])
    await endAll()
  })

  it('starts nothing when it is paused between a call and its start', async () => {
    const { scheduler, call, endAll, log } = workshop()
    call('a')
    scheduler.pause()
    await turn()

    expect(log).toEqual([])
    scheduler.resume()
    scheduler.resume()
    await null

    expect(log).toEqual(['a starts'])
    await endAll()
  })

  it('starts nothing more in a drain in which a body pauses it', async () => {
    const log: string[] = []
    const scheduler = new Scheduler({ slice: Number.POSITIVE_INFINITY })
    scheduler.spawn(() => {
      log.push('a')
      scheduler.pause()
    })
    scheduler.spawn(() => void log.push('b'))
    await turn()

    expect(log).toEqual(['a'])
    scheduler.resume()
    await scheduler.idle()
    expect(log).toEqual(['a', 'b'])
  })

  it('starts in the order of priority and calls once it is resumed', async () => {
    const { scheduler, call, endAll, log } = workshop()
    scheduler.pause()
    call('a')
    call('b', 1)
    call('c')
    scheduler.resume()

    await null

    expect(log).toEqual(['b starts', 'a starts', 'c starts'])
    await endAll()
  })

  it('takes cancels', async () => {
    const { scheduler, call, log } = workshop()
    scheduler.pause()
    const future = call('a')

    future.cancel('enough')
    await scheduler.idle()
    scheduler.resume()
    await turn()

    expect([future.status, log]).toEqual(['cancelled', []])
  })
})

describe('a scheduler’s name', () => {
  it('is `scheduler` unless it is given one', () => {
    expect(new Scheduler().name).toBe('scheduler')
    expect(new Scheduler({ name: 'crawler' }).name).toBe('crawler')
  })
})
