import { Future, gather, gatherSettled, Scheduler, spawn, task } from 'gatherly'
import { trace } from 'gatherly/trace'
import { describe, expect, it } from 'vitest'
import { observer } from '../../src/core/observer.ts'
import { stopRealTime, timeByHand } from '../support/real-time.ts'
import { turn } from '../support/timed.ts'
import { gathered, record, type Stage, throughALimit, work } from './recordings.ts'

// On a slow machine, whatever the body, it may seem to hold the thread.
stopRealTime()

/** What a program is told, in words. */
async function told(program: (stage: Stage) => unknown): Promise<readonly string[]> {
  const { summary } = await record(program)
  return summary.findings.map(String)
}

describe('a healthy program', () => {
  it('is told nothing', async () => {
    timeByHand()

    expect(await told(gathered)).toEqual([])
  })
})

describe('a body that held the thread', () => {
  const blocking = (milliseconds: number, times = 1) => {
    const pass = timeByHand()
    return async ({ scheduler }: Stage) => {
      const call = scheduler.task(() => pass(milliseconds), { name: 'Task 1' })
      await gather(Array.from({ length: times }, call))
    }
  }

  it('is named, with how long and what to do', async () => {
    expect(await told(blocking(1000))).toEqual([
      'Task 1 held the thread for 1 000 ms in one go; nothing else could run. ' +
        'Make it await, or give it to a WorkerPool.',
    ])
  })

  it('is named once, however often it did', async () => {
    expect(await told(blocking(120, 3))).toEqual([
      'Task 1 held the thread 3 times, for up to 120 ms in one go and 360 ms in all; ' +
        'nothing else could run. Make it await, or give it to a WorkerPool.',
    ])
  })

  it('is not named for less than 50 ms', async () => {
    expect(await told(blocking(49))).toEqual([])
    expect((await record(blocking(49))).summary.held).toEqual([{ name: 'Task 1', ms: 49 }])
    expect((await record(blocking(4))).summary.held).toEqual([])
  })

  it('may be main', async () => {
    const pass = timeByHand()

    expect(await told(({ timeline }) => timeline.span('Main', () => pass(500)))).toEqual([
      'Main held the thread for 500 ms in one go; nothing else could run. ' +
        'Make it await, or give it to a WorkerPool.',
    ])
  })

  it('leaves the other threads free', async () => {
    const pass = timeByHand()
    const timeline = trace()
    const { future, resolve } = Future.withResolvers<void>()
    const elsewhere = spawn(() => future, { name: 'elsewhere' })
    await turn()
    observer?.started(elsewhere, 'pool 1', performance.now())
    timeline.span('Main', () => pass(500))
    resolve()
    await elsewhere

    const { findings, verdict } = timeline.stop().summary
    expect(findings.map(String)).toEqual([
      'Main held the thread for 500 ms in one go; nothing else on this thread could run. ' +
        'Make it await, or give it to a WorkerPool.',
    ])
    expect(verdict).toBe(
      '1 000 ms of work in 500 ms: 2 times as fast as one after the other; ' +
        'the thread was held for 500 ms of it.',
    )
  })

  describe('after its first await', () => {
    it('is named, when something else has happened in the same turn', async () => {
      const pass = timeByHand()
      const timeline = trace()
      const work = task(
        async () => {
          await null
          pass(500)
        },
        { name: 'work' },
      )

      await work()

      const { held, findings, verdict } = timeline.stop().summary
      expect(held).toEqual([{ name: 'work', ms: 500 }])
      expect(findings.map(String)).toEqual([
        'work held the thread for 500 ms in one go; nothing else could run. ' +
          'Make it await, or give it to a WorkerPool.',
      ])
      expect(verdict).toBe('500 ms of work in 500 ms.')
    })

    it('shares the time with those of which nothing was heard before either', async () => {
      const pass = timeByHand()
      const timeline = trace()
      const hold = (name: string, ms: number) =>
        spawn(
          async () => {
            await null
            pass(ms)
          },
          { name },
        )
      const parent = spawn(() => gather(hold('a', 300), hold('b', 500)), { name: 'parent' })

      await parent

      const { held, verdict } = timeline.stop().summary
      expect(held).toEqual([
        { name: 'a', ms: 400 },
        { name: 'b', ms: 400 },
      ])
      expect(verdict).toBe('1 600 ms of work in 800 ms; the thread was held for 800 ms of it.')
    })

    it('may be main', async () => {
      const pass = timeByHand()
      const timeline = trace()

      await timeline.span('Main', async () => {
        await null
        pass(300)
      })

      expect(timeline.stop().summary.held).toEqual([{ name: 'Main', ms: 300 }])
    })

    it('is named for what it computed before it makes a call, and not for what it waits', async () => {
      const pass = timeByHand()
      const timeline = trace()
      const inner = task(() => turn(), { name: 'inner' })

      await spawn(
        async () => {
          await null
          pass(60)
          const call = inner()
          pass(70)
          await call
          pass(0.5)
        },
        { name: 'outer' },
      )

      const { held } = timeline.stop().summary
      expect(held).toEqual([{ name: 'outer', ms: 70 }])
    })

    it('is named in a later turn, too, but for the beat that was due', async () => {
      const pass = timeByHand()
      const timeline = trace()

      await timeline.span('Main', async () => {
        await turn()
        pass(300)
      })

      expect(timeline.stop().summary.held).toEqual([{ name: 'Main', ms: 280 }])
    })

    it('is not named for what was done before it started, or by nobody', async () => {
      const pass = timeByHand()
      const timeline = trace()
      const quick = task(() => null, { name: 'quick' })

      const call = quick()
      pass(300)
      await call
      pass(300)
      await quick()

      expect(timeline.stop().summary).toMatchObject({ held: [], findings: [] })
    })

    it('is not named for time that passes while the event loop turns', async () => {
      const pass = timeByHand()
      const timeline = trace()

      await spawn(async () => {
        await turn()
        pass(19)
      })

      expect(timeline.stop().summary).toMatchObject({ held: [], findings: [] })
    })
  })
})

describe('awaits in sequence', () => {
  const ADVICE = 'Make the calls before you await the first, unless one needs what another gives.'

  it('are named, with what gathering would have saved', async () => {
    const program = async (stage: Stage) => {
      await work(stage, 'getUser', 210)
      await work(stage, 'getOrders', 300)
    }

    expect(await told(program)).toEqual([
      `getUser and getOrders ran one after the other; gathered they would have taken 210 ms less. ${ADVICE}`,
    ])
  })

  it('are named once for a whole loop', async () => {
    const program = async (stage: Stage) => {
      for (let page = 0; page < 10; page++) await work(stage, 'fetchPage', 100)
    }

    expect(await told(program)).toEqual([
      `fetchPage ran 10 times, one after the other; gathered these calls would have taken 900 ms less. ${ADVICE}`,
    ])
  })

  it('are named when what one gave is what both were called with', async () => {
    const program = async ({ scheduler, clock }: Stage) => {
      const wait = scheduler.task(async (_name: string, ms: number) => {
        await clock.sleep(ms)
        return ms
      })
      await wait('a', 100)
      await wait('b', 100)
    }

    expect((await told(program)).length).toBe(1)
  })

  it('are counted with the slots that there are', async () => {
    const program = async ({ limited }: Stage) => {
      const scheduler = limited(2)
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await work({ scheduler }, name, 100)
    }

    expect(await told(program)).toEqual([
      `a, b, c, d and 2 more ran one after the other; gathered they would have taken 300 ms less. ${ADVICE}`,
    ])
  })

  it('are counted with the rate that there is', async () => {
    const program = async ({ clock }: Stage) => {
      const scheduler = new Scheduler({ clock, rate: { limit: 2, interval: 150 } })
      for (const name of ['a', 'b', 'c', 'd']) await work({ scheduler }, name, 100)
    }

    expect(await told(program)).toEqual([
      `a, b, c and d ran one after the other; gathered they would have taken 150 ms less. ${ADVICE}`,
    ])
  })

  it('are found within a body, too', async () => {
    const program = (stage: Stage) =>
      gather(
        stage.scheduler.spawn(async () => {
          await stage.clock.sleep(10)
          await work(stage, 'inner 1', 100)
          await work(stage, 'inner 2', 100)
        }),
        work(stage, 'beside', 150),
      )

    expect(await told(program)).toEqual([
      `inner 1 and inner 2 ran one after the other; gathered they would have taken 100 ms less. ${ADVICE}`,
    ])
  })

  it.each<[string, (stage: Stage) => Promise<unknown>]>([
    ['when they overlap', (stage) => gather(work(stage, 'a', 100), work(stage, 'b', 100))],
    ...['the whole', 'a part', 'a text made of it'].map(
      (what): [string, (stage: Stage) => Promise<unknown>] => [
        `when one is made with what the other gave: ${what}`,
        async ({ scheduler, clock }) => {
          const getUser = scheduler.task(async () => {
            await clock.sleep(100)
            return { id: 7, orders: { first: 815 } }
          })
          const getOrders = scheduler.task((_where: unknown) => clock.sleep(100))
          const user = await getUser()
          if (what === 'the whole') await getOrders(user)
          else if (what === 'a part') await getOrders(user.orders.first)
          else await getOrders(`/users/${user.id}/orders`)
        },
      ],
    ),
    [
      'when there was something to do between them',
      async (stage) => {
        await work(stage, 'a', 100)
        await stage.clock.sleep(30)
        await work(stage, 'b', 100)
      },
    ],
    [
      'when there is one slot',
      async ({ limited }) => {
        const scheduler = limited(1)
        await work({ scheduler }, 'a', 100)
        await work({ scheduler }, 'b', 100)
      },
    ],
    [
      'when their callers are different',
      ({ scheduler, clock }) => {
        const call = async () => {
          await work({ scheduler }, 'inner', 100)
        }
        const later = async () => {
          await clock.sleep(100)
          await work({ scheduler }, 'later', 100)
        }
        return gather(scheduler.spawn(call), scheduler.spawn(later))
      },
    ],
    [
      'when the first was gathered with others',
      async (stage) => {
        await gather(work(stage, 'a', 100), work(stage, 'b', 100))
        await gather(work(stage, 'c', 100), work(stage, 'd', 100))
      },
    ],
    [
      'when the second was gathered with others',
      async (stage) => {
        await work(stage, 'a', 100)
        await gather(work(stage, 'b', 100), work(stage, 'c', 100))
      },
    ],
    [
      'when it saves next to nothing',
      async (stage) => {
        await work(stage, 'long', 1000)
        await work(stage, 'short', 50)
      },
    ],
  ])('are not named %s', async (_when, program) => {
    expect(await told(program)).toEqual([])
  })

  it('are not named when both hold the thread: gathered they would take as long', async () => {
    const pass = timeByHand()
    const timeline = trace()
    const hold = task(() => pass(40))

    await hold()
    await hold()

    expect(timeline.stop().summary).toMatchObject({ wall: 80, findings: [] })
  })
})

describe('a limit that was the bottleneck', () => {
  it('is named, with what it has cost', async () => {
    expect(await told(throughALimit)).toEqual([
      'The limit of 3 in "api" was the bottleneck: its calls waited 1 200 ms for a slot in all, ' +
        'and took 600 ms where 400 ms would have done without it. ' +
        'Raise it, if what they use can take more.',
    ])
  })

  it('is not named when slots are free', async () => {
    const program = ({ limited }: Stage) => {
      const scheduler = limited(3)
      return gather([100, 200, 300].map((ms) => work({ scheduler }, 'work', ms)))
    }

    expect(await told(program)).toEqual([])
  })

  it('is not named when its bodies hold the thread: more slots would not help', async () => {
    const pass = timeByHand()
    const timeline = trace()
    const hold = new Scheduler({ concurrency: 1, slice: Infinity }).task(() => pass(40))

    await gather(hold(), hold(), hold())

    expect(timeline.stop().summary).toMatchObject({ wall: 120, queueWait: 120, findings: [] })
  })

  it('is not named when calls waited for something else', async () => {
    const ofAPause = async ({ clock, limited }: Stage) => {
      const scheduler = limited(2)
      scheduler.pause()
      clock.callLater(() => scheduler.resume(), 500)
      await gather([1, 2].map(() => work({ scheduler }, 'work', 10)))
    }

    expect(await told(ofAPause)).toEqual([])
  })

  it('may be a rate', async () => {
    const atARate = ({ clock }: Stage) => {
      const rate = { limit: 1, interval: 500 }
      const scheduler = new Scheduler({ clock, concurrency: 3, rate, name: 'api' })
      return gather([1, 2, 3].map(() => work({ scheduler }, 'work', 100)))
    }

    expect(await told(atARate)).toEqual([
      'The rate of 1 in 500 ms in "api" was the bottleneck: its calls waited 1 500 ms for their ' +
        'turn in all, and took 1 100 ms where 100 ms would have done without it. ' +
        'Raise it, if what they use can take more.',
    ])
  })

  it('is not a rate that lets all start, or that is not what calls waited for', async () => {
    const rate = { limit: 3, interval: 500 }
    const wideEnough = ({ clock }: Stage) => {
      const scheduler = new Scheduler({ clock, rate })
      return gather([1, 2, 3].map(() => work({ scheduler }, 'work', 100)))
    }
    const paused = async ({ clock }: Stage) => {
      const scheduler = new Scheduler({ clock, rate })
      scheduler.pause()
      clock.callLater(() => scheduler.resume(), 500)
      await gather([1, 2, 3].map(() => work({ scheduler }, 'work', 10)))
    }

    expect(await told(wideEnough)).toEqual([])
    expect(await told(paused)).toEqual([])
  })
})

describe('a gather late on a failed task', () => {
  const failing = ({ scheduler, clock }: Stage) =>
    scheduler.spawn(
      async () => {
        await clock.sleep(10)
        throw new Error('no such user')
      },
      { name: 'getUser' },
    )
  const ADVICE =
    'what was done meanwhile may have been in vain. ' +
    'Gather what can fail together with the work that is done beside it.'

  it('is named, with how late it was', async () => {
    const program = async (stage: Stage) => {
      const user = failing(stage)
      await stage.timeline.span('Main', () => stage.clock.sleep(500))
      await gather(user).catch(() => {})
    }

    expect(await told(program)).toEqual([`getUser failed 490 ms before it was gathered: ${ADVICE}`])
  })

  it('is named, too, when it is something else that looks', async () => {
    const awaited = async (stage: Stage) => {
      const user = failing(stage)
      await work(stage, 'other', 100)
      await user.catch(() => {})
    }
    const settled = async (stage: Stage) => {
      const user = failing(stage)
      await work(stage, 'other', 100)
      await gatherSettled([user], { name: 'all of it' })
    }

    expect(await told(awaited)).toEqual([`getUser failed 90 ms before it was awaited: ${ADVICE}`])
    expect(await told(settled)).toEqual([
      `getUser failed 90 ms before "all of it" looked at it: ${ADVICE}`,
    ])
  })

  it('is not named when all was over at once, and it was seen a few milliseconds later', async () => {
    const program = async ({ scheduler, clock }: Stage) => {
      const user = scheduler.spawn(() => Promise.reject(new Error('no such user')))
      await clock.sleep(9)
      await user.catch(() => {})
    }

    expect(await told(program)).toEqual([])
  })

  it('is named once for each name, with the latest', async () => {
    const program = async (stage: Stage) => {
      const [first, second] = [failing(stage), failing(stage)]
      await work(stage, 'other', 300)
      await second.catch(() => {})
      await gather(work(stage, 'another', 100))
      await first.catch(() => {})
      const third = failing(stage)
      await work(stage, 'third', 100)
      await third.catch(() => {})
    }

    const late = (await told(program)).filter((finding) => finding.startsWith('getUser failed'))
    expect(late).toEqual([`getUser failed 390 ms before it was awaited: ${ADVICE}`])
  })

  it('is not named when it waits already', async () => {
    const program = async (stage: Stage) => {
      await gather(failing(stage), work(stage, 'other', 100)).catch(() => {})
    }

    expect(await told(program)).toEqual([])
  })
})

describe('calls that nobody collected', () => {
  const ADVICE = 'Await it, gather it, or add it to a TaskGroup.'

  it('are named', async () => {
    const once = (stage: Stage) => void work(stage, 'save', 10)
    const often = (stage: Stage) => {
      for (let i = 0; i < 3; i++) work(stage, 'save', 10)
    }

    expect(await told(once)).toEqual([
      `save was never collected: nobody would hear if it failed. ${ADVICE}`,
    ])
    expect(await told(often)).toEqual([
      `save was called 3 times and never collected: nobody would hear if it failed. ${ADVICE}`,
    ])
  })

  it('are named when they have failed', async () => {
    let failed: PromiseLike<unknown> | undefined
    const program = ({ scheduler }: Stage) => {
      failed = scheduler.spawn(() => Promise.reject(new Error('disk full')), { name: 'save' })
    }

    expect(await told(program)).toEqual([`save failed, and nobody has collected it. ${ADVICE}`])
    await failed?.then(undefined, () => {})
  })

  it('are not named when they are collected or cancelled', async () => {
    const program = async (stage: Stage) => {
      work(stage, 'cancelled', 10).cancel()
      const read = work(stage, 'read', 10)
      await work(stage, 'awaited', 10)
      read.result()
    }

    expect(await told(program)).toEqual([])
  })
})
