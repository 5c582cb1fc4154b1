import {
  gather,
  longStackTraces,
  Scheduler,
  spawn,
  TaskGroup,
  type TaskOptions,
  task,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { explode, HOSTILE, revokedProxy } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'

stopRealTime()

beforeEach(() => longStackTraces())

afterEach(() => {
  longStackTraces(false)
  vi.restoreAllMocks()
})

/** Fails always, and later than its call. */
async function body(): Promise<never> {
  await null
  throw new Error('boom')
}

/** The sections of a stack that say where calls were made: their names, and their functions. */
function sectionsOf(error: unknown): string[] {
  const [, ...sections] = (error as Error).stack?.split('\nFrom the call of ') ?? []
  return sections.map((section) => {
    const [name, ...frames] = section.split('\n')
    const callers = frames.map((frame) => / at (?:async )?(?:\w+\.)?(\w+) \(/.exec(frame)?.[1])
    return `${name} ${callers[0]}`
  })
}

async function failureOf(future: PromiseLike<unknown>): Promise<unknown> {
  return future.then(
    () => expect.fail('it should have failed'),
    (reason: unknown) => reason,
  )
}

describe('the stack of an error', () => {
  const scheduler = new Scheduler({ concurrency: 1 })
  const work = task(body)
  const limited = scheduler.task(body, { name: 'limited' })
  const callers: Record<string, () => PromiseLike<unknown>> = {
    callsTask: () => work(),
    callsTaskOfScheduler: () => limited(),
    callsTaskWithOptions: () => work.with({ name: 'other' })(),
    callsMethod: () => ({ work }).work(),
    callsSpawn: () => spawn(body),
    callsSpawnOfScheduler: () => scheduler.spawn(body),
    callsMap: () => scheduler.map([1], body),
    callsGroup: () => TaskGroup.run(body),
  }

  it.each<[string, string]>([
    ['callsTask', '"body":'],
    ['callsTaskOfScheduler', '"limited":'],
    ['callsTaskWithOptions', '"other":'],
    ['callsMethod', '"body":'],
    ['callsSpawn', '"body":'],
    ['callsSpawnOfScheduler', '"body":'],
    ['callsMap', '"body":'],
  ])('says where the call was made, at the top of its section: %s', async (caller, name) => {
    const error = await failureOf(callers[caller]?.() as PromiseLike<unknown>)

    expect(sectionsOf(error)).toEqual([`${name} ${caller}`])
    expect((error as Error).stack).toMatch(/^Error: boom\n +at (Object\.)?body /)
    expect((error as Error).stack).not.toMatch(/[\\/]src[\\/]/)
  })

  it('says so for a member and the block of a group', async () => {
    function callsInGroup(group: TaskGroup): void {
      group.spawn(body)
    }
    const error = await failureOf(
      (function callsGroup() {
        return TaskGroup.run((group) => callsInGroup(group), { name: 'batch' })
      })(),
    )
    const thrown = await failureOf(callers.callsGroup?.() as PromiseLike<unknown>)

    expect(sectionsOf(error)[0]).toBe('"body": callsInGroup')
    expect(sectionsOf(error)[1]).toMatch(/ callsGroup$/)
    expect(sectionsOf(thrown)).toHaveLength(1)
    expect(sectionsOf(thrown)[0]).toMatch(/ callsGroup$/)
    expect((error as Error).stack).not.toMatch(/[\\/]src[\\/]/)
  })

  it('says so for a call that has timed out', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    function callsSlow() {
      return scheduler.spawn(({ sleep }) => sleep(100), { name: 'slow', timeout: 5 })
    }
    const failure = failureOf(callsSlow())

    await clock.run()

    expect(sectionsOf(await failure)).toEqual(['"slow": callsSlow'])
  })

  it('has a section for each call around the one that failed, the innermost first', async () => {
    async function middle(): Promise<void> {
      await work()
    }
    function callsOutside() {
      return spawn(async function outer() {
        await gather([spawn(middle)])
      })
    }

    const error = await failureOf(callsOutside())

    expect(sectionsOf(error)).toEqual([
      '"body": middle',
      '"middle": outer',
      '"outer": callsOutside',
    ])
    expect((error as Error).stack).not.toMatch(/[\\/]src[\\/]/)
  })

  it('says where the call was made, not who freed the slot', async () => {
    const clock = new VirtualClock()
    const narrow = new Scheduler({ clock, concurrency: 1 })
    function callsFirst() {
      return narrow.spawn(() => clock.sleep(10))
    }
    function callsSecond() {
      return narrow.spawn(body)
    }
    callsFirst()
    const second = callsSecond()
    second.catch(() => {})

    await clock.run()

    expect(sectionsOf(second.reason)).toEqual(['"body": callsSecond'])
  })

  it('has one section for an error that is thrown by every attempt', async () => {
    const same = new Error('same')
    function callsAgain() {
      const fail = () => Promise.reject(same)
      return spawn(fail, { name: 'again', retry: { retries: 3 } })
    }

    expect(await failureOf(callsAgain())).toBe(same)
    expect(sectionsOf(same)).toEqual(['"again": callsAgain'])
  })

  it('has a section in the errors of the earlier attempts, too', async () => {
    function callsAgain(options: TaskOptions) {
      return spawn(body, options)
    }

    const error = await failureOf(callsAgain({ retry: { retries: 2 } }))

    const all = [...(error as AggregateError).errors, error]
    expect(all.map(sectionsOf)).toEqual(Array(3).fill(['"body": callsAgain']))
  })

  it('stays as it is for a failure of a call made before places were recorded', async () => {
    longStackTraces(false)
    const before = work()
    longStackTraces()

    expect(sectionsOf(await failureOf(before))).toEqual([])
  })

  it('stays as it is where the platform does not tell', async () => {
    const { captureStackTrace } = Error
    Object.defineProperty(Error, 'captureStackTrace', { value: undefined, configurable: true })
    try {
      expect(sectionsOf(await failureOf(work()))).toEqual([])
    } finally {
      Object.defineProperty(Error, 'captureStackTrace', {
        value: captureStackTrace,
        configurable: true,
        writable: true,
      })
    }
  })

  it.each<[string, unknown]>([
    ['a string', 'boom'],
    ['undefined', undefined],
    ['a frozen error', Object.freeze(new Error('frozen'))],
    ['an error without a stack', Object.assign(new Error('no'), { stack: undefined })],
    [
      'an error whose stack cannot be read',
      Object.defineProperty(new Error('no'), 'stack', { get: explode }),
    ],
    [
      'an error whose stack cannot be written',
      Object.defineProperty(new Error('no'), 'stack', { get: () => 'a stack', set: explode }),
    ],
    ['a revoked proxy', revokedProxy()],
    ['no error at all', HOSTILE],
  ])('stays as it is, and the failure is what was thrown: %s', async (_, thrown) => {
    const narrow = new Scheduler({ concurrency: 1 })
    const future = narrow.spawn(() => {
      throw thrown
    })
    await future.catch(() => {})

    expect(Object.is(future.reason, thrown)).toBe(true)
    expect(await narrow.spawn(() => 'next')).toBe('next')
  })
})

describe('longStackTraces(false)', () => {
  it('takes no stack trace of any call', async () => {
    longStackTraces(false)
    const capture = vi.spyOn(Error, 'captureStackTrace')
    const scheduler = new Scheduler({ concurrency: 1 })

    await gather([spawn(() => 1), scheduler.spawn(() => 2), scheduler.task(() => 3)()])
    await scheduler.map([1, 2], (n) => n)
    await TaskGroup.run((group) => void group.spawn(() => 4))

    expect(capture).not.toHaveBeenCalled()
  })

  it('adds nothing to errors', async () => {
    longStackTraces(false)

    expect(sectionsOf(await failureOf(spawn(body)))).toEqual([])
  })
})

describe('longStackTraces()', () => {
  it('takes one stack trace for each call, and one for all items of a mapping', async () => {
    const capture = vi.spyOn(Error, 'captureStackTrace')
    const scheduler = new Scheduler({ concurrency: 2 })
    const once = (act: () => unknown) => async () => {
      capture.mockClear()
      await act()
      return capture.mock.calls.length
    }

    const counts = [
      await once(() => spawn(() => 1))(),
      await once(() => scheduler.task(() => 1)())(),
      await once(() => scheduler.map([1, 2, 3, 4], (n) => n))(),
    ]

    expect(counts).toEqual([1, 1, 1])
  })
})
