import { asCompleted, type Future, gather, gatherSettled, race, Scheduler, task } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { type Span, type Timeline, trace } from 'gatherly/trace'
import { describe, expect, it } from 'vitest'
import { observer } from '../../src/core/observer.ts'
import { survivorsOf } from '../support/collected.ts'
import { explode, revokedProxy } from '../support/hostile.ts'
import { stopRealTime, timeByHand } from '../support/real-time.ts'
import { turn } from '../support/timed.ts'
import {
  gathered,
  grouped,
  oneAfterAnother,
  record,
  throughALimit,
  troubled,
  work,
} from './recordings.ts'

stopRealTime()

/** A span in one line: who, when called, started and ended, how, and who called. */
function line({ name, kind, scheduled, start, end, status, by }: Span): string {
  return [name, kind, scheduled, start ?? '-', end ?? '-', status, by?.name ?? '-'].join(' ')
}

describe('trace()', () => {
  it("S8 records the chapter's program: all three are active at the same time", async () => {
    const { spans } = await record(gathered)

    expect(spans.map(line)).toEqual([
      'Task 1 task 0 0 1000 fulfilled -',
      'Task 2 task 0 0 1000 fulfilled -',
      'Main main 0 0 500 fulfilled -',
      'gather wait 500 500 1000 fulfilled -',
    ])
  })

  it('S8 records it one after another: only one is active at any time', async () => {
    const { spans } = await record(oneAfterAnother)

    expect(spans.map(line)).toEqual([
      'Task 1 task 0 0 1000 fulfilled -',
      'Task 2 task 1000 1000 2000 fulfilled -',
      'Main main 2000 2000 2500 fulfilled -',
    ])
  })

  it('records how long calls waited for a slot', async () => {
    const { spans } = await record(throughALimit)

    expect(spans.map(line)).toEqual([
      'fetchPage task 0 0 300 fulfilled -',
      'fetchPage task 0 0 200 fulfilled -',
      'fetchPage task 0 0 400 fulfilled -',
      'fetchPage task 0 200 300 fulfilled -',
      'fetchPage task 0 300 600 fulfilled -',
      'fetchPage task 0 300 500 fulfilled -',
      'fetchPage task 0 400 500 fulfilled -',
      'gather wait 0 0 600 fulfilled -',
    ])
    expect(spans.map(({ queued }) => queued)).toEqual([0, 0, 0, 200, 300, 300, 400, 0])
    expect(spans.at(-1)?.inputs).toEqual(spans.slice(0, 7))
    expect(new Set(spans.map(({ scheduler }) => scheduler))).toEqual(new Set(['api']))
  })

  it('records failures, cancels, retries, and who called whom', async () => {
    const { spans } = await record(troubled)

    expect(spans.map(line)).toEqual([
      'report task 0 0 470 fulfilled -',
      'getUser task 0 0 150 rejected -',
      'deaf task 0 0 350 cancelled -',
      'first task 0 0 120 fulfilled -',
      'second task 0 0 110 fulfilled -',
      'never task 0 - 60 cancelled -',
      'flaky task 0 0 400 fulfilled -',
      'everything wait 0 0 470 fulfilled -',
      'loadRows task 50 110 310 fulfilled report',
      'loadSums task 50 120 420 fulfilled report',
      'gather wait 50 50 420 fulfilled report',
    ])
    const [, , deaf, , , never, flaky] = spans
    expect(deaf?.settled).toBe(60)
    expect(never?.runs).toEqual([])
    expect(flaky?.runs).toEqual([
      { start: 0, end: 100 },
      { start: 150, end: 250 },
      { start: 300, end: 400 },
    ])
  })

  it('records groups as calls of their block, and a wait for their members', async () => {
    const { spans } = await record(grouped)

    expect(spans.map(line)).toEqual([
      'parts task 0 0 300 fulfilled -',
      'part 1 task 0 0 100 fulfilled parts',
      'part 2 task 0 0 200 fulfilled parts',
      'part 3 task 0 0 300 fulfilled parts',
      'parts wait 50 50 300 fulfilled parts',
    ])
  })

  it('records a mapping as a wait', async () => {
    const { spans } = await record(async ({ clock, limited }) => {
      await limited(2).map([10, 20, 30], (ms) => clock.sleep(ms))
    })

    expect(spans.map(line)).toEqual([
      'map wait 0 0 40 fulfilled -',
      'anonymous task 0 0 10 fulfilled -',
      'anonymous task 0 0 20 fulfilled -',
      'anonymous task 10 10 40 fulfilled -',
    ])
  })

  it('records that a call was cancelled between two attempts', async () => {
    const { spans } = await record(async ({ clock, scheduler }) => {
      const retry = { retries: 1, delay: 100 }
      const failing = scheduler.spawn(
        async () => {
          await clock.sleep(10)
          throw new Error('busy')
        },
        { name: 'failing', retry },
      )
      clock.callLater(() => failing.cancel(), 50)
      await failing.catch(() => {})
    })

    expect(spans.map(line)).toEqual(['failing task 0 0 50 cancelled -'])
    expect(spans[0]?.runs).toEqual([{ start: 0, end: 10 }])
  })

  it('counts the time in which a call waits to be tried again, but not the delay before', async () => {
    const { spans } = await record(async ({ clock, limited }) => {
      const scheduler = limited(1)
      const failing = (name: string, delay: number) =>
        scheduler.spawn(
          async () => {
            await clock.sleep(10)
            throw new Error('busy')
          },
          { name, retry: { retries: 1, delay } },
        )
      const atOnce = failing('at once', 0)
      clock.callLater(() => work({ scheduler }, 'urgent', 20, { priority: 1 }), 5)
      await gatherSettled([atOnce])
      const delayed = failing('delayed', 15)
      clock.callLater(() => work({ scheduler }, 'meanwhile', 50), 12)
      await gatherSettled([delayed])
    })

    const tasks = spans.filter(({ kind }) => kind === 'task')
    expect(tasks.map(({ name, queued }) => [name, queued])).toEqual([
      ['at once', 20],
      ['urgent', 5],
      ['delayed', 37],
      ['meanwhile', 0],
    ])
  })

  it('counts the time in the queue of a lazy call from when it was asked for', async () => {
    const { spans } = await record(async ({ clock }) => {
      const lazy = new Scheduler({ clock, start: 'lazy', concurrency: 1, name: 'lazy' })
      const first = work({ scheduler: lazy }, 'first', 100)
      const second = work({ scheduler: lazy }, 'second', 100)
      await clock.sleep(40)
      await gather(first, second)
    })

    expect(
      spans.map(({ name, scheduled, start, queued }) => [name, scheduled, start, queued]),
    ).toEqual([
      ['first', 0, 40, 0],
      ['second', 0, 140, 100],
      ['gather', 40, 40, 0],
    ])
  })

  it('records who calls, after an await too, and to any depth', async () => {
    const { spans } = await record(async ({ clock, timeline, scheduler }) => {
      const leaf = () => work({ scheduler }, 'leaf', 10)
      const branch = scheduler.task(
        async () => {
          await clock.sleep(10)
          await leaf()
        },
        { name: 'branch' },
      )
      await timeline.span('Main', async () => {
        await clock.sleep(5)
        await gather(branch(), branch())
      })
    })

    expect(spans.map(({ name, by }) => `${name} by ${by?.name}`)).toEqual([
      'Main by undefined',
      'branch by Main',
      'branch by Main',
      'gather by Main',
      'leaf by branch',
      'leaf by branch',
    ])
  })

  it('asked not to, knows only who calls before the first await', async () => {
    const program = async ({ clock, scheduler }: Parameters<typeof troubled>[0]) => {
      const outer = async () => {
        const before = work({ scheduler }, 'before', 10)
        await clock.sleep(5)
        await gather(before, work({ scheduler }, 'after', 10))
      }
      await scheduler.spawn(outer, { name: 'outer' })
    }

    const { spans } = await record(program, { callers: false })

    expect(spans.map(({ name, by }) => `${name} by ${by?.name}`)).toEqual([
      'outer by undefined',
      'before by outer',
      'after by undefined',
      'gather by undefined',
    ])
  })

  it('records when somebody first looked', async () => {
    const { spans } = await record(async ({ clock, scheduler }) => {
      const one = work({ scheduler }, 'one', 10)
      const two = work({ scheduler }, 'two', 20)
      work({ scheduler }, 'three', 30)
      await clock.sleep(15)
      await one
      for await (const future of asCompleted([two])) future.result()
    })

    expect(spans.map(({ name, collected }) => [name, collected])).toEqual([
      ['one', 15],
      ['two', 20],
      ['three', undefined],
    ])
  })

  it('measures in real time how long a body held the thread, without those it started', async () => {
    const pass = timeByHand()

    const { spans } = await record(async ({ clock, timeline }) => {
      const eager = new Scheduler({ clock, start: 'eager' })
      const inner = eager.task(() => pass(30), { name: 'inner' })
      const outer = eager.task(
        async () => {
          pass(100)
          await inner()
          pass(1000)
        },
        { name: 'outer' },
      )
      await timeline.span('Main', () => {
        pass(7)
        return outer()
      })
    })

    expect(spans.map(({ name, held }) => [name, held])).toEqual([
      ['Main', 7],
      ['outer', 100],
      ['inner', 30],
    ])
  })

  it('records only the calls of given schedulers, and what waits for them', async () => {
    const clock = new VirtualClock()
    const watched = new Scheduler({ clock, name: 'watched' })
    const other = new Scheduler({ clock, name: 'other' })
    const timeline = trace({ schedulers: [watched] })

    const both = gather(work({ scheduler: watched }, 'a', 10), work({ scheduler: other }, 'b', 20))
    gather([work({ scheduler: other }, 'c', 20)])
    await clock.run()

    expect(timeline.stop().spans.map(line)).toEqual([
      'a task 0 0 10 fulfilled -',
      'gather wait 0 0 20 fulfilled -',
    ])
    expect(both.status).toBe('fulfilled')
  })

  it('says where calls were made, if asked to', async () => {
    const timeline = trace({ stacks: true })
    const here = task(async () => {})

    await here()

    await new Scheduler().map([1], () => {})

    const [span, , later] = timeline.stop().spans
    expect(span?.stack?.split('\n')[0]).toMatch(/recording\.test\.ts:\d+/)
    expect([later?.kind, later?.stack]).toEqual(['task', undefined])
  })

  it('keeps the latest spans, up to twice the limit in memory', async () => {
    const { spans, summary } = await record(
      async (stage) => {
        for (let i = 0; i < 50; i++) await work(stage, `call ${i}`, 1)
      },
      { limit: 3 },
    )

    expect(spans.map(({ name }) => name)).toEqual(['call 47', 'call 48', 'call 49'])
    expect(summary.calls).toBe(50)
  })

  it('keeps nothing of those before, although each was called by one before', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const timeline = trace({ limit: 2 })
    const call = (more: number): void => {
      const body = async () => {
        await clock.sleep(1)
        if (more > 0) call(more - 1)
      }
      scheduler.spawn(body, { name: `${more} more` })
    }
    call(10)
    await clock.advance(1)
    // The first is kept as the last that was called from outside.
    const references = timeline.spans.slice(1).map((span) => new WeakRef(span))
    await clock.run()

    expect(timeline.spans.map(({ name, by }) => `${name} by ${by?.name}`)).toEqual([
      '1 more by 2 more',
      '0 more by 1 more',
    ])
    expect(references).toHaveLength(1)
    expect(await survivorsOf(references)).toBe(0)
    timeline.stop()
  })

  it('keeps no future alive, nor what one gave', async () => {
    const timeline = trace()
    const make = (): WeakRef<object>[] => {
      const future = task(async () => ({ large: true }))()
      return [new WeakRef(future)]
    }

    const references = make()
    await turn()

    expect(await survivorsOf(references)).toBe(0)
    expect(timeline.stop().spans).toHaveLength(1)
  })
})

describe('a timeline', () => {
  it('records nothing before it is made, and nothing after it was stopped', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const before = work({ scheduler }, 'before', 30)
    const timeline = trace()
    const during = work({ scheduler }, 'during', 30)

    await clock.advance(10)
    timeline.stop()
    work({ scheduler }, 'after', 30)
    await clock.run()

    expect(timeline.spans.map(line)).toEqual(['during task 0 0 - running -'])
    expect(timeline.summary.wall).toBe(10)
    expect(gather(before, during).done).toBe(true)
  })

  it('can be looked at while it records', async () => {
    const clock = new VirtualClock()
    const timeline = trace()
    work({ scheduler: new Scheduler({ clock }) }, 'long', 1000)

    await clock.advance(300)
    const { wall, work: done } = timeline.summary

    expect([wall, done]).toEqual([300, 300])
    await clock.run()
    timeline.stop()
  })

  it('does not mind other timelines, in any order', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const outer = trace()
    const first = work({ scheduler }, 'first', 10)
    const inner = trace()
    const second = work({ scheduler }, 'second', 10)
    await clock.run()
    outer.stop()
    const third = work({ scheduler }, 'third', 10)
    await clock.run()
    inner.stop()

    expect(outer.spans.map(({ name }) => name)).toEqual(['first', 'second'])
    expect(inner.spans.map(({ name }) => name)).toEqual(['second', 'third'])
    expect(gather(first, second, third).done).toBe(true)
  })

  it('made inside a body records the bodies within it', async () => {
    const clock = new VirtualClock()
    const eager = new Scheduler({ clock, start: 'eager' })
    const timeline = await new Promise<Timeline>((resolve) => {
      eager.spawn(() => {
        const made = trace()
        work({ scheduler: eager }, 'inside', 10)
        resolve(made)
      })
    })
    work({ scheduler: eager }, 'beside', 20)
    await clock.run()

    expect(timeline.stop().spans.map(line)).toEqual([
      'inside task 0 0 10 fulfilled -',
      'beside task 0 0 20 fulfilled -',
    ])
  })

  it('only calls the body of a span after it was stopped', async () => {
    const timeline = trace()
    timeline.stop()

    expect(timeline.span('late', () => 42)).toBe(42)
    expect(timeline.spans).toEqual([])
  })

  it('stops by itself at the end of its block', () => {
    const timeline = trace()

    timeline[Symbol.dispose]()
    task(async () => {})()

    expect(timeline.spans).toEqual([])
  })

  it('brings schedulers with different clocks to one axis', async () => {
    const [early, late] = [new VirtualClock(5000), new VirtualClock(70)]
    const timeline = trace()
    work({ scheduler: new Scheduler({ clock: early, name: 'early' }) }, 'a', 100)
    await early.advance(30)
    work({ scheduler: new Scheduler({ clock: late, name: 'late' }) }, 'b', 100)
    await late.run()
    await early.run()

    const { spans, summary } = timeline.stop()

    expect(spans.map(line)).toEqual([
      'a task 5000 5000 5100 fulfilled -',
      'b task 70 70 170 fulfilled -',
    ])
    expect(summary.wall).toBe(130)
  })
})

describe('timeline.span()', () => {
  it('gives what the body returned, and ends with it', async () => {
    const timeline = trace({ clock: new VirtualClock(3) })

    expect(timeline.span('Main', () => 'result')).toBe('result')

    expect(timeline.stop().spans.map(line)).toEqual(['Main main 3 3 3 fulfilled -'])
  })

  it('throws what the body threw', () => {
    const timeline = trace({ clock: new VirtualClock() })

    expect(() => timeline.span('Main', explode)).toThrow()

    expect(timeline.stop().spans.map(line)).toEqual(['Main main 0 0 0 rejected -'])
  })

  it('gives back a future as it is, without collecting it', async () => {
    const clock = new VirtualClock()
    const timeline = trace({ clock })
    const scheduler = new Scheduler({ clock })
    let future: Future<void> | undefined

    const given = timeline.span('Main', () => {
      future = work({ scheduler }, 'inner', 10)
      return future
    })
    await clock.run()

    expect(given).toBe(future)
    const { spans } = timeline.stop()
    expect(spans.map(line)).toEqual([
      'Main main 0 0 10 fulfilled -',
      'inner task 0 0 10 fulfilled Main',
    ])
    expect(spans[1]?.collected).toBe(undefined)
  })

  it('passes a rejection on, and only once', async () => {
    const timeline = trace({ clock: new VirtualClock() })
    const reason = new Error('no')

    await expect(timeline.span('Main', () => Promise.reject(reason))).rejects.toBe(reason)

    expect(timeline.stop().spans[0]?.status).toBe('rejected')
  })

  it('goes by the clock of the first scheduler, though that is not known when it begins', async () => {
    const pass = timeByHand()
    const clock = new VirtualClock(100)
    const timeline = trace()

    const ended = timeline.span('Main', async () => {
      await clock.sleep(20)
      pass(500)
      await work({ scheduler: new Scheduler({ clock }) }, 'inner', 10)
    })
    await clock.run()
    await ended

    const [main, inner] = timeline.stop().spans
    expect([inner?.scheduled, inner?.end]).toEqual([120, 130])
    expect([main?.start, main?.end]).toEqual([120, 130])
  })
})

describe('trace(), with bad input', () => {
  it.each([
    [
      { limit: 0 },
      RangeError,
      'Expected `limit` to be a whole number from 1 up, or Infinity, got `0` (number)',
    ],
    [{ limit: '5' }, TypeError, 'Expected `limit` to be a whole number'],
    [{ stacks: 1 }, TypeError, 'Expected `stacks` to be true or false, got `1` (number)'],
    [{ callers: null }, TypeError, 'Expected `callers` to be true or false, got `null` (object)'],
    [
      { schedulers: 5 },
      TypeError,
      'Expected `schedulers` to be a list of schedulers, got `5` (number)',
    ],
    [
      { schedulers: [5] },
      TypeError,
      'Expected `schedulers` to be a list of schedulers, got `5` (number)',
    ],
    [
      { schedulers: [{}] },
      TypeError,
      'Expected `schedulers` to be a list of schedulers, got some object',
    ],
    [{ clock: {} }, TypeError, 'Expected `clock` to be a Clock, got some object'],
    [null, TypeError, 'Expected `options` to be an object, got `null` (object)'],
  ])('of %j throws', (options, kind, message) => {
    const make = () => trace(options as never)

    expect(make).toThrow(kind)
    expect(make).toThrow(message)
  })

  it('does not disturb a program whose arguments and results are hostile', async () => {
    const timeline = trace()
    const odd = task(async (..._args: unknown[]) => ({
      get trap() {
        return explode()
      },
    }))

    await odd(1)
    await odd(revokedProxy(), {
      get trap() {
        return explode()
      },
    })
    await race([odd(null)])

    expect(timeline.stop().spans.map(({ status }) => status)).toEqual(Array(4).fill('fulfilled'))
  })
})

describe('what a pool tells of bodies on other threads', () => {
  it('makes their spans exact: which thread, from when to when', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock, name: 'pool' })
    const timeline = trace()
    const call = scheduler.spawn(
      async () => {
        await clock.sleep(100)
        // As a pool does, once it knows.
        observer?.started(call, 'pool 1', 20)
        observer?.ended(call, 90)
      },
      { name: 'remote' },
    )
    await clock.run()

    const [span] = timeline.stop().spans
    expect(span).toMatchObject({ thread: 'pool 1', scheduled: 0, start: 20, end: 90, queued: 20 })
    expect(span?.runs).toEqual([{ start: 20, end: 90 }])
    expect(
      timeline.toText({ color: false, width: 60, unicode: true, verdict: false }).split('\n')[1],
    ).toBe('remote  ░░░░░░░░███████████████████████████  70 ms in pool 1')
  })
})
