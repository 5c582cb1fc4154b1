import {
  any,
  asCompleted,
  Future,
  gather,
  gatherSettled,
  race,
  Scheduler,
  type SchedulerOptions,
  spawn,
  TaskGroup,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { Holder } from '../../src/schedule/holder.ts'
import { survivorsOf } from '../support/collected.ts'
import { stopRealTime } from '../support/real-time.ts'
import { valueAfter } from '../support/timed.ts'

stopRealTime()

/** A reentrant scheduler on a virtual clock, and a log of what its bodies do. */
function world(options?: SchedulerOptions) {
  const clock = new VirtualClock()
  const scheduler = new Scheduler({ clock, concurrency: 1, reentrant: true, ...options })
  const log: string[] = []
  const say = (what: string): void => void log.push(`${clock.now()} ${what}`)
  /** Calls a body that only takes time. */
  const work = (name: string, milliseconds = 10, priority = 0): Future<string> =>
    scheduler.spawn(
      async () => {
        say(`${name} starts`)
        await clock.sleep(milliseconds)
        say(`${name} ends`)
        return name
      },
      { name, priority },
    )
  return { clock, scheduler, log, say, work }
}
type World = ReturnType<typeof world>

describe('a reentrant scheduler', () => {
  it('R22 runs calls that nest to any depth in one slot, and gives their results', async () => {
    const { clock, scheduler } = world()
    const count = scheduler.task(
      async (depth: number): Promise<number> => (depth === 0 ? 0 : 1 + (await count(depth - 1))),
    )
    const counted = count(10_000)

    await clock.run()

    expect(counted.value).toBe(10_000)
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it.each<[string, (world: World) => unknown]>([
    ['await', async ({ work }) => await work('a')],
    ['returning it', ({ work }) => work('a')],
    ['returning it from an async function', async ({ work }) => work('a')],
    ['then()', ({ work }) => work('a').then((value) => value)],
    ['gather()', async ({ work }) => await gather(work('a'), work('b'))],
    ['gatherSettled()', async ({ work }) => await gatherSettled([work('a'), work('b')])],
    ['race()', async ({ work }) => await race([work('a'), work('b')])],
    ['any()', async ({ work }) => await any([work('a'), work('b')])],
    ['Promise.all()', ({ work }) => Promise.all([work('a'), work('b')])],
    ['Promise.race()', ({ work }) => Promise.race([work('a'), work('b')])],
    ['nested combinations', async ({ work }) => await gather([race([any([work('a')])])])],
    ['a future resolved with it', async ({ work }) => await new Future((give) => give(work('a')))],
    ['the join of a group', joinGroup],
    ['TaskGroup.run()', async ({ work }) => await TaskGroup.run((group) => group.add(work('a')))],
    ['awaiting a mapping', async ({ scheduler }) => await scheduler.map([1, 2, 3], (n) => n)],
    ['iterating over a mapping', ({ scheduler }) => iterate(scheduler.map([1, 2, 3], (n) => n))],
    ['asCompleted()', ({ work }) => iterate(asCompleted([work('a'), work('b')]))],
    ['a body without a limit', ({ work }) => spawn(async () => await work('a'))],
    ['a body of a limited scheduler', throughAnother],
  ])('R22 lends a slot to what a body waits for by %s', async (_how, wait) => {
    const all = world()
    const outer = all.scheduler.spawn(async () => {
      await wait(all)
      return 'went on'
    })

    await all.clock.run()

    expect(outer.value).toBe('went on')
    expect([all.scheduler.running, all.scheduler.queued]).toEqual([0, 0])
  })

  it('R22 runs what a body waits for one by one, and goes on with the body then', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      say('outer starts')
      await gather(work('a'), work('b'))
      say('outer goes on')
      await clock.sleep(5)
      say('outer ends')
    })
    work('next')

    await clock.run()

    expect(log).toEqual([
      '0 outer starts',
      '0 a starts',
      '10 a ends',
      '10 b starts',
      '20 b ends',
      '20 outer goes on',
      '25 outer ends',
      '25 next starts',
      '35 next ends',
    ])
  })

  it('R22 counts a body that has lent its slot as running', async () => {
    const { clock, scheduler, work } = world()
    scheduler.spawn(async () => await gather(work('a'), work('b')))

    await clock.advance(5)

    expect([scheduler.running, scheduler.queued]).toEqual([2, 1])
    await clock.run()
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R2 starts what a body waits for by priority, and in the order of the calls among equals', async () => {
    const { clock, scheduler, log, work } = world()
    scheduler.spawn(async () => {
      const [a, low, high, b] = [work('a'), work('low', 10, -1), work('high', 10, 1), work('b')]
      await gather(b, low, a, high)
    })

    await clock.run()

    expect(log.filter((line) => line.endsWith('starts'))).toEqual([
      '0 high starts',
      '10 a starts',
      '20 b starts',
      '30 low starts',
    ])
  })

  it('R2 R19 starts by priority what several bodies wait for, as the rate allows', async () => {
    const rate = { limit: 1, interval: 10 }
    const { clock, scheduler, log, work } = world({ concurrency: 2, rate })
    scheduler.spawn(async () => await gather(work('b', 1), work('c', 1), work('a', 1, 1)))
    scheduler.spawn(async () => await gather(work('f', 1), work('g', 1), work('d', 1, 1)))

    await clock.run()

    expect(log.filter((line) => line.endsWith('starts'))).toEqual([
      '10 a starts',
      '30 d starts',
      '40 b starts',
      '50 c starts',
      '60 f starts',
      '70 g starts',
    ])
  })

  it('R4 has a body whose wait is over wait for its slot until that is free', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      await race([work('slow'), valueAfter(clock, 3, 'quick')])
      say('outer goes on')
    })

    await clock.run()

    expect(log).toEqual(['0 slow starts', '10 slow ends', '10 outer goes on'])
  })

  it('R4 has a body whose wait is over go on in another slot that is free', async () => {
    const { clock, scheduler, log, say, work } = world({ concurrency: 2 })
    scheduler.spawn(async () => {
      await race([work('quick', 5), work('slow', 20)])
      say('outer goes on')
      await clock.sleep(5)
      say('outer ends')
    })
    await clock.advance(0)
    work('next')

    await clock.run()

    expect(log).toEqual([
      '0 quick starts',
      '0 slow starts',
      '5 quick ends',
      '5 outer goes on',
      '10 outer ends',
      '10 next starts',
      '20 slow ends',
      '20 next ends',
    ])
  })

  it('R4 has a body whose wait is over go on when there are more slots, paused or not', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      await race([work('slow'), valueAfter(clock, 3, 'quick')])
      say('outer goes on')
    })
    clock.callLater(() => {
      scheduler.pause()
      scheduler.concurrency = 2
    }, 6)

    await clock.run()

    expect(log).toEqual(['0 slow starts', '6 outer goes on', '10 slow ends'])
  })

  it('R4 has a body go on while the one in its slot waits, and that one only after it', async () => {
    const { clock, scheduler, log, say } = world()
    scheduler.spawn(async () => {
      const inner = scheduler.spawn(async () => {
        await valueAfter(clock, 10, 'something')
        say('inner goes on')
      })
      await race([inner, valueAfter(clock, 5, 'quick')])
      say('outer goes on')
      await clock.sleep(10)
      say('outer ends')
    })

    await clock.run()

    expect(log).toEqual(['5 outer goes on', '15 outer ends', '15 inner goes on'])
  })

  it('R4 lends a slot to one call at a time, also while that waits for something else', async () => {
    const { clock, scheduler, log, say } = world()
    const inner = (name: string): Future<void> =>
      scheduler.spawn(async () => {
        say(`${name} starts`)
        await valueAfter(clock, 10, 'something')
        say(`${name} ends`)
      })
    scheduler.spawn(async () => await gather(inner('a'), inner('b')))

    await clock.run()

    expect(log).toEqual(['0 a starts', '10 a ends', '10 b starts', '20 b ends'])
  })

  it('R4 ends what a call in a lent slot has called before it lends the slot to the next', async () => {
    const { clock, scheduler, log, say, work } = world()
    const inner = (name: string): Future<void> =>
      scheduler.spawn(async () => {
        await gather(work(`${name}1`), work(`${name}2`))
        say(`${name} ends`)
      })
    scheduler.spawn(async () => await gather(inner('a'), inner('b')))

    await clock.run()

    expect(log.filter((line) => line.endsWith('ends'))).toEqual([
      '10 a1 ends',
      '20 a2 ends',
      '20 a ends',
      '30 b1 ends',
      '40 b2 ends',
      '40 b ends',
    ])
  })

  it('starts nothing in a slot that a body waits for no longer', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      await race([work('first'), work('second')])
      say('outer goes on')
      await valueAfter(clock, 10, 'something')
      say('outer ends')
    })

    await clock.run()

    expect(log).toEqual([
      '0 first starts',
      '10 first ends',
      '10 outer goes on',
      '20 outer ends',
      '20 second starts',
      '30 second ends',
    ])
  })

  it('starts a call after the body that made it, if that does not wait for it', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      work('inner')
      await clock.sleep(5)
      await valueAfter(clock, 5, 'something')
      say('outer ends')
    })

    await clock.run()

    expect(log).toEqual(['10 outer ends', '10 inner starts', '20 inner ends'])
  })

  it('starts a call once that two bodies wait for', async () => {
    const { clock, scheduler, log, say, work } = world({ concurrency: 2 })
    const bodies = ['one', 'other'].map((name) =>
      scheduler.spawn(async () => {
        const value = await shared
        say(`${name} gets ${value}`)
        await clock.sleep(5)
        say(`${name} ends`)
      }),
    )
    const shared = work('shared')

    await clock.run()

    expect(log).toEqual([
      '0 shared starts',
      '10 shared ends',
      '10 one gets shared',
      '10 other gets shared',
      '15 one ends',
      '15 other ends',
    ])
    expect(bodies.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled'])
  })

  it('lends nothing for a future that has settled', async () => {
    const { clock, scheduler, log, say, work } = world()
    const settled = Future.resolve('settled')
    scheduler.spawn(async () => {
      const waiting = work('inner')
      say(`outer gets ${await settled}`)
      say(`outer gets ${await waiting}`)
    })

    await clock.run()

    expect(log).toEqual([
      '0 outer gets settled',
      '0 inner starts',
      '10 inner ends',
      '10 outer gets inner',
    ])
  })

  it('starts nothing in a lent slot while it is paused', async () => {
    const { clock, scheduler, log, work } = world()
    scheduler.spawn(async () => await work('inner'))
    await null
    scheduler.pause()
    clock.callLater(() => scheduler.resume(), 7)

    await clock.run()

    expect(log).toEqual(['7 inner starts', '17 inner ends'])
  })

  it('R19 keeps the slot of a body while a call that it waits for is between two attempts', async () => {
    const { clock, scheduler, log, say, work } = world()
    let attempt = 0
    const flaky = async (): Promise<void> => {
      attempt += 1
      say(`attempt ${attempt}`)
      if (attempt < 3) throw new Error('boom')
    }
    const retry = { retries: 2, delay: 5 }
    scheduler.spawn(async () => {
      await scheduler.spawn(flaky, { retry })
      say('outer ends')
    })
    work('next')

    await clock.run()

    expect(log).toEqual([
      '0 attempt 1',
      '5 attempt 2',
      '10 attempt 3',
      '10 outer ends',
      '10 next starts',
      '20 next ends',
    ])
  })

  it('R19 starts a call that is tried again before those that were called after it', async () => {
    const { clock, scheduler, log, say, work } = world()
    let attempt = 0
    const flaky = async (): Promise<void> => {
      attempt += 1
      say(`attempt ${attempt}`)
      if (attempt < 3) throw new Error('boom')
    }
    scheduler.spawn(async () => {
      await gather(scheduler.spawn(flaky, { retry: { retries: 2 } }), work('b'), work('c'))
    })

    await clock.run()

    expect(log.filter((line) => !line.endsWith('ends'))).toEqual([
      '0 attempt 1',
      '0 attempt 2',
      '0 attempt 3',
      '0 b starts',
      '10 c starts',
    ])
  })

  it('hands the failure of a call on to the body that lent it the slot', async () => {
    const { clock, scheduler, log, say } = world()
    const inner = async (): Promise<never> => {
      await clock.sleep(5)
      throw new Error('boom')
    }
    const outer = scheduler.spawn(async () => {
      await scheduler.spawn(inner).catch((error: Error) => say(`outer gets ${error.message}`))
      await scheduler.spawn(inner)
    })
    outer.catch(() => {})

    await clock.run()

    expect(log).toEqual(['5 outer gets boom'])
    expect(outer.reason).toEqual(new Error('boom'))
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R13 goes on with a body when the call it waits for is cancelled before its start', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      const second = work('second')
      clock.callLater(() => second.cancel('enough'), 5)
      await gather(work('first'), second).catch((reason) => say(`outer gets ${reason}`))
      await clock.sleep(1)
      say('outer ends')
    })
    await null
    work('first in line', 10, 1)

    await clock.run()

    expect(log).toEqual([
      '0 second starts',
      '10 second ends',
      '10 outer gets enough',
      '11 outer ends',
      '11 first in line starts',
      '21 first in line ends',
      '21 first starts',
      '31 first ends',
    ])
  })

  it('R4 R13 goes on with a body only when the cancelled one in its slot has really ended', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      const inner = work('inner')
      clock.callLater(() => inner.cancel('enough'), 3)
      await inner.catch((reason) => say(`outer gets ${reason}`))
    })

    await clock.run()

    expect(log).toEqual(['0 inner starts', '10 inner ends', '10 outer gets enough'])
  })

  it('R13 still lends the slot of a body whose future was cancelled', async () => {
    const { clock, scheduler, log, say, work } = world()
    const outer = scheduler.spawn(async () => {
      await gather(work('a'), work('b'))
      say('outer ends')
    })
    clock.callLater(() => outer.cancel(), 5)

    await clock.run()

    expect(log).toEqual(['0 a starts', '10 a ends', '10 b starts', '20 b ends', '20 outer ends'])
    expect(outer.status).toBe('cancelled')
    expect([scheduler.running, scheduler.queued]).toEqual([0, 0])
  })

  it('R17 lends the slot of a body that ends a group to what cancelled members wait for', async () => {
    const { clock, scheduler, log, say, work } = world()
    scheduler.spawn(async () => {
      const group = new TaskGroup({ scheduler })
      const member = group.spawn(async () => {
        await valueAfter(clock, 5, 'something')
        await work('inner')
        say('member ends')
      })
      clock.callLater(() => member.cancel(), 2)
      await group.join()
      say('outer ends')
    })

    await clock.run()

    expect(log).toEqual(['5 inner starts', '15 inner ends', '15 member ends', '15 outer ends'])
  })

  it('takes no note of what a body that has ended waits for', () => {
    const owner = { lent: 0, hasFree: true, idle: new Set<never>(), parked: new Set<never>() }
    const holder = new Holder(owner, undefined)
    const { future } = Future.withResolvers()

    holder.end()
    holder.wait(future)

    expect(holder.waits.size).toBe(0)
  })

  it('keeps no slot for what a body has left running when it ended', async () => {
    const { clock, scheduler, log, say } = world()
    const later = async (milliseconds: number): Promise<void> => {
      say(await valueAfter(clock, milliseconds, `${milliseconds} is over`))
    }
    scheduler.spawn(async () => {
      await scheduler.spawn(() => void later(5))
      await later(10)
      await scheduler.spawn(() => say('inner'))
      say('outer ends')
    })

    await clock.run()

    expect(log).toEqual(['5 5 is over', '10 10 is over', '10 inner', '10 outer ends'])
    expect(scheduler.running).toBe(0)
  })

  it('lends slots to and fro between schedulers whose bodies call each other', async () => {
    const clock = new VirtualClock()
    const [left, right] = [0, 1].map(
      () => new Scheduler({ clock, concurrency: 1, reentrant: true }),
    ) as [Scheduler, Scheduler]
    const nest = async (depth: number): Promise<number> => {
      if (depth === 0) return 0
      const scheduler = depth % 2 === 0 ? left : right
      return 1 + (await scheduler.spawn(() => nest(depth - 1)))
    }
    const both = [left.spawn(() => nest(9)), right.spawn(() => nest(10))]

    await clock.run()

    expect(both.map(({ value }) => value)).toEqual([9, 10])
    expect([left.running, right.running]).toEqual([0, 0])
  })

  it('lends a slot to what a full scheduler waits for that is not reentrant', async () => {
    const { clock, scheduler, log, work } = world()
    const plain = new Scheduler({ clock, concurrency: 1 })
    scheduler.spawn(async () => {
      await clock.sleep(1)
      await plain.spawn(() => log.push('behind'))
    })
    plain.spawn(async () => {
      await clock.sleep(1)
      await work('inner')
    })

    await clock.run()

    expect(log).toHaveLength(3)
    expect(log.at(-1)).toBe('behind')
  })

  it('lets go of everything when bodies have ended', async () => {
    const { clock, scheduler } = world()
    const references: WeakRef<object>[] = []
    const nest = scheduler.task(async (depth: number): Promise<object> => {
      const value = { depth }
      references.push(new WeakRef(value))
      if (depth > 0) await gather(nest(depth - 1), nest(0))
      return value
    })
    nest(200)

    await clock.run()

    expect(references).toHaveLength(401)
    // A few may stay until the next call comes to its turn.
    expect(await survivorsOf(references)).toBeLessThan(100)
    scheduler.spawn(() => 'next')
    await clock.run()
    expect(await survivorsOf(references)).toBe(0)
  })

  it('lets ten thousand calls of one body by in one slot', async () => {
    const { clock, scheduler } = world()
    const work = scheduler.task((n: number) => n)
    const outer = scheduler.spawn(async () => {
      const numbers = Array.from({ length: 10_000 }, (_, n) => n)
      const results = await gather(numbers.map((n) => work(n)))
      return results.length
    })

    await clock.run()

    expect(outer.value).toBe(10_000)
  })
})

describe('reentrant, where there is no AsyncLocalStorage', () => {
  afterEach(() => {
    vi.unstubAllGlobals()
    vi.resetModules()
  })

  it('throws a TypeError', async () => {
    vi.resetModules()
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined })
    const fresh = await import('gatherly')

    expect(() => new fresh.Scheduler({ reentrant: true })).toThrow(
      new TypeError(
        'Expected `reentrant` to be false: there is no AsyncLocalStorage, got `true` (boolean)',
      ),
    )
    expect(new fresh.Scheduler({ reentrant: false, concurrency: 1 }).concurrency).toBe(1)
  })

  it.each([1, null, 'yes'])('R5 throws a TypeError for %j as well as anywhere', (reentrant) => {
    expect(() => new Scheduler({ reentrant: reentrant as never })).toThrow(TypeError)
  })
})

async function joinGroup({ scheduler }: World): Promise<void> {
  const group = new TaskGroup({ scheduler })
  group.spawn(({ sleep }) => sleep(5))
  group.spawn(() => {})
  await group.join()
}

async function throughAnother({ clock, work }: World): Promise<void> {
  const other = new Scheduler({ clock, concurrency: 1 })
  await other.spawn(async () => await work('a'))
}

async function iterate(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}
