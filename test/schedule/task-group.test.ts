import { getEventListeners } from 'node:events'
import {
  CancelledError,
  context,
  Future,
  gather,
  InvalidStateError,
  Scheduler,
  type TaskContext,
  TaskGroup,
  type TaskGroupOptions,
  TimeoutError,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { heldFailures } from '../../src/core/uncollected.ts'
import { HOSTILE, revokedProxy } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { failAfter, valueAfter } from '../support/timed.ts'

stopRealTime()

let clock: VirtualClock
let scheduler: Scheduler
let log: string[]

beforeEach(() => {
  clock = new VirtualClock()
  scheduler = new Scheduler({ clock })
  log = []
})

type Body = (context: TaskContext) => Promise<string>

function note(what: string): void {
  log.push(`${clock.now()} ${what}`)
}

/** A body that a cancel ends at once. */
function obedient(name: string, milliseconds: number): Body {
  return async ({ sleep }) => {
    note(`${name} starts`)
    try {
      await sleep(milliseconds)
      note(`${name} ends`)
      return name
    } catch (error) {
      note(`${name} is cancelled`)
      throw error
    }
  }
}

/** A body that does not look at its signal. */
function stubborn(name: string, milliseconds: number): Body {
  return async () => {
    note(`${name} starts`)
    await clock.sleep(milliseconds)
    note(`${name} ends`)
    return name
  }
}

/** A body that fails in the end, whatever becomes of its future. */
function failing(error: unknown, milliseconds: number): Body {
  return async () => {
    await clock.sleep(milliseconds)
    note(`throws ${String(error)}`)
    throw error
  }
}

/** A body that waits to be cancelled, and then throws something of its own. */
function failingToStop(error: unknown, milliseconds = 0): Body {
  return async ({ sleep }) => {
    await sleep(1_000_000).catch(() => clock.sleep(milliseconds))
    note(`throws ${String(error)}`)
    throw error
  }
}

/** What the block of a group throws, or that it throws nothing. */
async function outcomeOf(block: PromiseLike<unknown>): Promise<unknown> {
  let outcome: unknown = 'still pending'
  block.then(
    () => {
      outcome = 'nothing thrown'
      note('the block has ended')
    },
    (error) => {
      outcome = error
      note('the block has thrown')
    },
  )
  await clock.run()
  return outcome
}

function errorsOf(error: unknown): unknown {
  return error instanceof AggregateError ? error.errors : 'not an AggregateError'
}

describe('the block of a group', () => {
  it('R17 ends when all its bodies have ended', async () => {
    const block = async () => {
      await using group = new TaskGroup({ scheduler })
      group.spawn(obedient('a', 20))
      group.spawn(obedient('b', 10))
      note('that was all')
    }

    await outcomeOf(block())

    expect(log).toEqual([
      '0 that was all',
      '0 a starts',
      '0 b starts',
      '10 b ends',
      '20 a ends',
      '20 the block has ended',
    ])
  })

  it('R17 ends when those that were cancelled have ended too', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(stubborn('a', 20))
    group.spawn(stubborn('b', 10)).cancel()
    const c = group.spawn(stubborn('c', 30))
    clock.callLater(() => c.cancel(), 1)

    await outcomeOf(group.join())

    expect(log).toEqual([
      '0 a starts',
      '0 c starts',
      '20 a ends',
      '30 c ends',
      '30 the block has ended',
    ])
  })

  it('R17 ends at once without bodies', async () => {
    const group = new TaskGroup()

    await expect(group.join()).resolves.toBe(undefined)
  })

  it('R17 waits for what its bodies add, however late', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(async () => {
      await clock.sleep(10)
      group.spawn(async (context) => {
        group.add(scheduler.spawn(stubborn('grandchild', 5)))
        await obedient('child', 3)(context)
      })
    })

    await outcomeOf(group.join())

    expect(log).toEqual([
      '10 child starts',
      '10 grandchild starts',
      '13 child ends',
      '15 grandchild ends',
      '15 the block has ended',
    ])
  })

  it('R17 waits for what a listener of its last body adds', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(obedient('a', 5)).onSettled(() => group.spawn(obedient('b', 5)))

    await outcomeOf(group.join())

    expect(log).toEqual([
      '0 a starts',
      '5 a ends',
      '5 b starts',
      '10 b ends',
      '10 the block has ended',
    ])
  })

  it('R17 takes what a cancelled body adds, cancels it, and waits for it', async () => {
    const group = new TaskGroup({ scheduler })
    const running = scheduler.spawn(stubborn('running', 30))
    let spawned: Future<unknown> | undefined
    group.spawn(async () => {
      await clock.sleep(10)
      spawned = group.spawn(obedient('spawned', 1))
      group.add(running)
    })
    clock.callLater(() => group.cancel('enough'), 5)

    const outcome = await outcomeOf(group.join())

    expect(outcome).toBe('enough')
    expect(log).toEqual(['0 running starts', '30 running ends', '30 the block has thrown'])
    expect([spawned?.status, spawned?.reason]).toEqual(['cancelled', 'enough'])
    expect([running.status, running.reason]).toEqual(['cancelled', 'enough'])
  })

  it('R17 takes nothing once it has ended', async () => {
    const group = new TaskGroup({ scheduler, name: 'pages' })
    const future = Future.resolve(1)
    await group.join()

    expect(() => group.spawn(obedient('a', 1))).toThrow(InvalidStateError)
    expect(() => group.spawn(obedient('a', 1))).toThrow('The group "pages" has ended')
    expect(() => group.add(future)).toThrow(InvalidStateError)
    await clock.run()
    expect(log).toEqual([])
  })

  it('R17 takes nothing once it has ended with a failure', async () => {
    const group = new TaskGroup({ scheduler })
    group.cancel('enough')
    await expect(group.join()).rejects.toBe('enough')

    expect(() => group.spawn(obedient('a', 1))).toThrow(InvalidStateError)
  })

  it('ends once, however often it is joined', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(failing('no', 1))
    group.spawn(failingToStop('neither'))

    const [first, second, third] = [group.join(), group.join(), group[Symbol.asyncDispose]()]
    const outcome = await outcomeOf(first)

    expect(errorsOf(outcome)).toEqual(['no', 'neither'])
    await expect(second).rejects.toBe(outcome)
    await expect(third).rejects.toBe(outcome)
  })

  it('gives back the future that is added, and collects it', async () => {
    const group = new TaskGroup()
    const failed = Future.reject('no')

    expect(group.add(failed)).toBe(failed)
    expect(heldFailures().map(({ name }) => name)).toEqual(['group'])
    await expect(group.join()).rejects.toBe('no')
    expect([...heldFailures()]).toEqual([])
  })

  it('starts the lazy calls that are added', async () => {
    const lazy = new Scheduler({ clock, start: 'lazy' })
    const group = new TaskGroup({ scheduler: lazy })
    group.spawn(obedient('spawned', 1))
    group.add(lazy.spawn(obedient('added', 2)))

    await outcomeOf(group.join())

    expect(log).toEqual([
      '0 spawned starts',
      '0 added starts',
      '1 spawned ends',
      '2 added ends',
      '2 the block has ended',
    ])
  })
})

describe('a group in a body that holds the only slot', () => {
  it('R22 lends the slot to what is added while it waits for a body that was cancelled', async () => {
    const narrow = new Scheduler({ clock, concurrency: 1, reentrant: true })
    const block = narrow.spawn(async () => {
      await using group = new TaskGroup({ scheduler: narrow })
      const body = async (): Promise<void> => {
        await clock.sleep(10)
        group.spawn(obedient('added', 5))
      }
      const cancelled = group.add(scheduler.spawn(body))
      clock.callLater(() => cancelled.cancel(), 5)
    })

    await outcomeOf(block)

    expect(log).toEqual(['10 added starts', '15 added ends', '15 the block has ended'])
  })
})

describe('a failure in a group', () => {
  it('R17 cancels the others when one fails, and waits until they have ended', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(failing('no', 10))
    group.spawn(obedient('a', 100))
    group.spawn(stubborn('b', 30))
    group.spawn(obedient('c', 5))

    const outcome = await outcomeOf(group.join())

    expect(outcome).toBe('no')
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '0 c starts',
      '5 c ends',
      '10 throws no',
      '10 a is cancelled',
      '30 b ends',
      '30 the block has thrown',
    ])
  })

  it('R17 is the cause of what the others are cancelled with', async () => {
    const group = new TaskGroup({ scheduler })
    const error = new Error('no')
    group.spawn(failing(error, 10))
    const other = group.spawn(obedient('other', 100))

    await outcomeOf(group.join())

    expect(other.reason).toBeInstanceOf(CancelledError)
    expect(other.reason).toMatchObject({ cause: error })
    expect(group.signal.reason).toBe(other.reason)
  })

  it('R17 keeps bodies from running that have not started, also such that would at once', async () => {
    const eager = new Scheduler({ clock, start: 'eager' })
    const group = new TaskGroup({ scheduler: eager })
    group.spawn(() => {
      throw new Error('no')
    })

    const future = group.spawn(obedient('late', 1))

    expect(future.status).toBe('cancelled')
    await expect(group.join()).rejects.toThrow('no')
    expect(log).toEqual([])
  })

  it.each([
    ['an error', new Error('no')],
    ['undefined', undefined],
    ['a frozen object', Object.freeze({})],
    ['a hostile object', HOSTILE],
    ['a revoked proxy', revokedProxy()],
    ['an error with a hostile name', hostileError()],
    ['an AggregateError', new AggregateError([1, 2])],
  ])('R17 alone is thrown as it is: %s', async (_what, error) => {
    const group = new TaskGroup({ scheduler })
    group.spawn(() => Promise.reject(error))
    group.spawn(obedient('other', 10))

    // In a list: a promise of it would look at it.
    const [thrown] = await group.join().then(
      () => ['nothing'],
      (error) => [error],
    )

    expect(thrown === error).toBe(true)
  })

  it('R17 with others becomes an AggregateError, in the order they happened', async () => {
    const group = new TaskGroup({ scheduler, name: 'pages' })
    group.spawn(failingToStop('last', 20))
    group.spawn(failingToStop('second', 10))
    group.spawn(failing('first', 5))

    const outcome = await outcomeOf(group.join())

    expect(errorsOf(outcome)).toEqual(['first', 'second', 'last'])
    expect((outcome as Error).message).toBe('3 failures in the group "pages"')
    expect(log.at(-1)).toBe('25 the block has thrown')
  })

  it('R17 is what a cancelled body throws, unless it is the reason or an AbortError', async () => {
    const group = new TaskGroup({ scheduler })
    const reason = new Error('enough')
    group.spawn(async ({ signal }) => {
      await clock.sleep(10)
      signal.throwIfAborted()
    })
    group.spawn(failingToStop(new DOMException('aborted', 'AbortError')))
    group.spawn(failingToStop('a failure'))
    group.spawn(failingToStop(new DOMException('late', 'TimeoutError')))
    clock.callLater(() => group.cancel(reason), 1)

    const outcome = await outcomeOf(group.join())

    expect(errorsOf(outcome)).toEqual([
      reason,
      'a failure',
      expect.objectContaining({ name: 'TimeoutError' }),
    ])
  })

  it('R17 counts once, whoever else throws the same', async () => {
    const group = new TaskGroup({ scheduler })
    const error = new Error('no')
    group.spawn(failing(error, 1))
    group.spawn(failing(error, 2))
    group.add(failAfter(clock, 1, error))

    expect(await outcomeOf(group.join())).toBe(error)
  })

  it('R17 is a member that timed out', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(obedient('slow', 100), { timeout: 10 })
    group.spawn(obedient('other', 50))

    expect(await outcomeOf(group.join())).toBeInstanceOf(TimeoutError)
    expect(log).toEqual([
      '0 slow starts',
      '0 other starts',
      '10 other is cancelled',
      '10 slow is cancelled',
      '10 the block has thrown',
    ])
  })

  it('R17 is none if a member was cancelled by its own handle', async () => {
    const group = new TaskGroup({ scheduler })
    const one = group.spawn(obedient('one', 20))
    group.spawn(obedient('other', 10))
    clock.callLater(() => one.cancel(new Error('not needed')), 5)

    expect(await outcomeOf(group.join())).toBe('nothing thrown')
    expect(log).toEqual([
      '0 one starts',
      '0 other starts',
      '5 one is cancelled',
      '10 other ends',
      '10 the block has ended',
    ])
  })

  it('R17 is what a member throws after it was cancelled by its own handle', async () => {
    const group = new TaskGroup({ scheduler })
    const one = group.spawn(failingToStop('cannot clear up', 5))
    group.spawn(obedient('other', 20))
    clock.callLater(() => one.cancel(), 5)

    expect(await outcomeOf(group.join())).toBe('cannot clear up')
    expect(log).toEqual([
      '0 other starts',
      '10 throws cannot clear up',
      '10 other is cancelled',
      '10 the block has thrown',
    ])
  })

  it('R17 behind a cancelled gather counts, each of them', async () => {
    const group = new TaskGroup({ scheduler })
    const inner = gather(
      scheduler.spawn(obedient('obedient', 100)),
      scheduler.spawn(failingToStop('first', 5)),
      gather(scheduler.spawn(failingToStop('third', 15)), valueAfter(clock, 1, 'value')),
    )
    group.add(inner)
    group.spawn(failingToStop('second', 10))
    clock.callLater(() => group.cancel('enough'), 1)

    const outcome = await outcomeOf(group.join())

    expect(errorsOf(outcome)).toEqual(['enough', 'first', 'second', 'third'])
    expect(log.at(-1)).toBe('16 the block has thrown')
  })

  it('R17 is the last of a member that is tried again', async () => {
    const group = new TaskGroup({ scheduler })
    let attempts = 0
    const attempt = () => Promise.reject(`failure ${++attempts}`)
    group.spawn(attempt, { retry: { retries: 2, delay: 10 } })
    group.spawn(obedient('other', 15))

    expect(await outcomeOf(group.join())).toBe('failure 3')
    expect(log).toEqual(['0 other starts', '15 other ends', '20 the block has thrown'])
  })

  it('R16 is held under the name of the group until that is joined', async () => {
    const group = new TaskGroup({ scheduler, name: 'pages' })
    group.spawn(failing('no', 1))
    group.spawn(failingToStop('neither'))

    await clock.run()

    expect([...heldFailures()]).toMatchObject([{ name: 'pages', reason: 'no' }])
    expect(errorsOf(await outcomeOf(group.join()))).toEqual(['no', 'neither'])
    expect([...heldFailures()]).toEqual([])
  })
})

function hostileError(): Error {
  return Object.defineProperty(new Error(), 'name', {
    get() {
      throw HOSTILE
    },
  })
}

describe('cancelling a group', () => {
  it('R17 cancels what is unfinished, and has the block throw the reason', async () => {
    const group = new TaskGroup({ scheduler })
    const done = group.spawn(obedient('a', 1))
    const running = group.spawn(obedient('b', 100))
    const added = group.add(valueAfter(clock, 200, 'late'))
    clock.callLater(() => group.cancel('enough'), 5)

    const outcome = group.join()
    outcome.catch(() => note('the block has thrown'))
    await clock.run()

    await expect(outcome).rejects.toBe('enough')
    expect([done.status, running.reason, added.reason]).toEqual(['fulfilled', 'enough', 'enough'])
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '1 a ends',
      '5 b is cancelled',
      '5 the block has thrown',
    ])
  })

  it('has a CancelledError for a reason unless another one is given', async () => {
    const group = new TaskGroup()

    group.cancel()

    await expect(group.join()).rejects.toBeInstanceOf(CancelledError)
  })

  it('happens once: the first reason counts, and a failure before it', async () => {
    const [cancelled, failed] = [new TaskGroup(), new TaskGroup()]
    cancelled.cancel('first')
    cancelled.cancel('second')
    failed.add(Future.reject('failure'))
    failed.cancel('too late')

    await expect(cancelled.join()).rejects.toBe('first')
    await expect(failed.join()).rejects.toBe('failure')
  })

  it('does nothing after the end', async () => {
    const group = new TaskGroup()
    await group.join()

    group.cancel('too late')

    await expect(group.join()).resolves.toBe(undefined)
    expect(group.signal.aborted).toBe(false)
  })

  it('aborts the signal of the group with the reason, also if it is looked at later', () => {
    const [early, late] = [new TaskGroup(), new TaskGroup()]
    const { signal } = early
    signal.addEventListener('abort', () => note(`aborted: ${signal.reason}`))

    early.cancel('enough')
    late.cancel('enough')

    expect(log).toEqual(['0 aborted: enough'])
    expect([late.signal.aborted, late.signal.reason]).toEqual([true, 'enough'])
    return Promise.allSettled([early.join(), late.join()])
  })

  it('by its signal has the block throw the reason of that', async () => {
    const controller = new AbortController()
    const group = new TaskGroup({ scheduler, signal: controller.signal })
    group.spawn(obedient('a', 100))
    clock.callLater(() => controller.abort('enough'), 5)

    expect(await outcomeOf(group.join())).toBe('enough')
    expect(log).toEqual(['0 a starts', '5 a is cancelled', '5 the block has thrown'])
  })

  it('R15 by a signal that has aborted keeps its bodies from running', async () => {
    const group = new TaskGroup({ scheduler, signal: AbortSignal.abort('enough') })
    const spawned = group.spawn(obedient('a', 100))
    const added = group.add(valueAfter(clock, 5, 'value'))

    expect(await outcomeOf(group.join())).toBe('enough')
    expect([spawned.reason, added.reason]).toEqual(['enough', 'enough'])
    expect(log).toEqual(['0 the block has thrown'])
  })

  it.each<[string, (group: TaskGroup) => void]>([
    ['ended well', () => {}],
    ['was cancelled', (group) => group.cancel()],
    ['has failed', (group) => group.add(Future.reject('no'))],
  ])('R15 leaves no listener on its signal and no timer once it %s', async (_how, act) => {
    const { signal } = new AbortController()
    const group = new TaskGroup({ scheduler, signal, timeout: 1000 })
    group.spawn(obedient('a', 5))
    act(group)

    await outcomeOf(group.join())

    expect(getEventListeners(signal, 'abort')).toEqual([])
    expect(clock.now()).toBeLessThan(1000)
  })

  it('by its timeout has the block throw a TimeoutError that names it', async () => {
    const group = new TaskGroup({ scheduler, timeout: 10, name: 'pages' })
    group.spawn(obedient('a', 100))
    group.spawn(obedient('b', 5))

    const outcome = await outcomeOf(group.join())

    expect(outcome).toBeInstanceOf(TimeoutError)
    expect((outcome as Error).message).toBe('"pages" timed out after 10 ms')
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '5 b ends',
      '10 a is cancelled',
      '10 the block has thrown',
    ])
  })
})

describe('TaskGroup.run()', () => {
  const run = <T>(block: (group: TaskGroup) => T | PromiseLike<T>, options?: TaskGroupOptions) =>
    TaskGroup.run(block, { scheduler, ...options })

  it('R17 gives what its block returned when all bodies have ended', async () => {
    const block = run(async (group) => {
      const first = group.spawn(obedient('a', 10))
      group.spawn(obedient('b', 20))
      const value = await first
      note(`the block gives ${value}`)
      return value
    })

    await outcomeOf(block)

    expect(block.value).toBe('a')
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '10 a ends',
      '10 the block gives a',
      '20 b ends',
      '20 the block has ended',
    ])
  })

  it('calls its block in the next microtask, with the context of the group', async () => {
    const block = run(
      (group) => {
        const { name, signal } = context()
        note(`${name}, ${signal === group.signal}`)
      },
      { name: 'pages' },
    )
    note(block.name)
    await outcomeOf(block)

    expect(log).toEqual(['0 pages', '0 pages, true', '0 the block has ended'])
    expect(() => context()).toThrow(InvalidStateError)
  })

  it('R17 cancels what is unfinished when its block throws', async () => {
    const error = new Error('the block fails')
    const block = run(async (group) => {
      group.spawn(obedient('a', 100))
      group.spawn(stubborn('b', 20))
      await clock.sleep(10)
      throw error
    })

    expect(await outcomeOf(block)).toBe(error)
    expect(block.status).toBe('rejected')
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '10 a is cancelled',
      '20 b ends',
      '20 the block has thrown',
    ])
  })

  it('R17 never masks what its block throws', async () => {
    const block = run(async (group) => {
      group.spawn(failingToStop('cannot clear up'))
      await clock.sleep(10)
      throw 'the block fails'
    })
    const late = run(async (group) => {
      group.spawn(failing('a member fails', 5))
      await clock.sleep(10)
      throw 'the block fails'
    })

    expect(errorsOf(await outcomeOf(block))).toEqual(['the block fails', 'cannot clear up'])
    expect(errorsOf(await outcomeOf(late))).toEqual(['a member fails', 'the block fails'])
  })

  it('R17 throws one failure of a member that its block awaits', async () => {
    const error = new Error('no')
    const block = run((group) =>
      gather([group.spawn(failing(error, 5)), group.spawn(obedient('a', 9))]),
    )

    expect(await outcomeOf(block)).toBe(error)
  })

  it('R17 throws the failure, and not that its block was cancelled because of it', async () => {
    const block = run(async (group) => {
      group.spawn(failing('no', 5))
      await clock.sleep(100, { signal: group.signal })
    })

    expect(await outcomeOf(block)).toBe('no')
    expect(log).toEqual(['5 throws no', '5 the block has thrown'])
  })

  it('R17 throws an AbortError of its block if nothing was cancelled', async () => {
    const aborted = new DOMException('aborted', 'AbortError')

    expect(await outcomeOf(run(() => Promise.reject(aborted)))).toBe(aborted)
  })

  it('rejects with what its block throws at once', async () => {
    const block = run(() => {
      throw new Error('no')
    })

    await expect(block).rejects.toThrow('no')
  })

  it('R17 rejects with what its block throws after it has joined the group', async () => {
    const error = new Error('too late')
    const block = run(async (group) => {
      await group.join()
      throw error
    })

    expect(await outcomeOf(block)).toBe(error)
    expect(block.status).toBe('rejected')
  })

  it('R17 throws what a join in its block has thrown, and nothing twice', async () => {
    const passedOn = run(async (group) => {
      group.spawn(failing('first', 1))
      group.spawn(failingToStop('second'))
      await group.join()
    })
    const wrapped = run(async (group) => {
      group.spawn(failing('first', 1))
      await group.join().catch(() => Promise.reject('wrapped'))
    })
    const swallowed = run(async (group) => {
      group.spawn(failing('first', 1))
      await group.join().catch(() => {})
    })

    expect(errorsOf(await outcomeOf(passedOn))).toEqual(['first', 'second'])
    expect(errorsOf(await outcomeOf(wrapped))).toEqual(['first', 'wrapped'])
    expect(await outcomeOf(swallowed)).toBe('first')
  })

  it.each<[string, TaskGroupOptions, (group: TaskGroup) => void]>([
    ['cancel()', {}, (group) => group.cancel('enough')],
    ['a signal', { signal: AbortSignal.abort('enough') }, () => {}],
  ])('R17 is cancelled with the reason if its group is: by %s', async (_how, options, act) => {
    const block = run(act, options)

    expect(await outcomeOf(block)).toBe('enough')
    expect([block.status, block.reason]).toEqual(['cancelled', 'enough'])
  })

  it('never calls its block under a signal that has aborted', async () => {
    const block = run(() => note('called'), { signal: AbortSignal.abort('enough') })

    expect(await outcomeOf(block)).toBe('enough')
    expect(log).toEqual(['0 the block has thrown'])
  })

  it('never calls its block when it is cancelled before', async () => {
    const block = run(() => note('called'))

    block.cancel('enough')

    expect(await outcomeOf(block)).toBe('enough')
    expect(log).toEqual(['0 the block has thrown'])
  })

  it('R13 settles at once when it is cancelled, and cancels the group', async () => {
    const block = run(async (group) => {
      group.spawn(obedient('a', 100))
      group.spawn(stubborn('b', 20))
      await clock.sleep(50)
      note('the block ends')
    })
    clock.callLater(() => block.cancel('enough'), 10)

    expect(await outcomeOf(block)).toBe('enough')
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '10 the block has thrown',
      '10 a is cancelled',
      '20 b ends',
      '50 the block ends',
    ])
  })

  it('holds no slot', async () => {
    const narrow = new Scheduler({ clock, concurrency: 1 })
    const block = TaskGroup.run(
      async (group) => {
        await group.spawn(obedient('a', 5))
        await group.spawn(obedient('b', 5))
      },
      { scheduler: narrow },
    )

    expect(await outcomeOf(block)).toBe('nothing thrown')
    expect(clock.now()).toBe(10)
  })

  it('takes no new work after its block has thrown', async () => {
    let inner: TaskGroup | undefined
    const block = run(async (group) => {
      inner = group
      group.spawn(async () => {
        await clock.sleep(5)
        group.spawn(obedient('late', 1))
      })
      await clock.sleep(1)
      throw new Error('no')
    })

    await outcomeOf(block)

    expect(log).toEqual(['5 the block has thrown'])
    expect(() => inner?.spawn(obedient('later', 1))).toThrow(InvalidStateError)
  })
})

describe('await using', () => {
  it('R17 waits when its block throws, which the language does not tell', async () => {
    const block = async () => {
      await using group = new TaskGroup({ scheduler })
      group.spawn(obedient('a', 10))
      throw new Error('the block fails')
    }

    expect(await outcomeOf(block())).toMatchObject({ message: 'the block fails' })
    expect(log).toEqual(['0 a starts', '10 a ends', '10 the block has thrown'])
  })

  it('R17 keeps both what its block throws and what failed in the group', async () => {
    const block = async () => {
      await using group = new TaskGroup({ scheduler })
      group.spawn(failing('a member fails', 10))
      throw 'the block fails'
    }

    expect(await outcomeOf(block())).toMatchObject({
      name: 'SuppressedError',
      error: 'a member fails',
      suppressed: 'the block fails',
    })
  })
})

describe('a group in another one', () => {
  it('R17 fails the outer one, which ends when all inside has ended', async () => {
    const outer = new TaskGroup({ scheduler })
    const inner = TaskGroup.run(
      async (group) => {
        group.spawn(failing('no', 5))
        group.spawn(stubborn('inside', 20))
      },
      { scheduler },
    )
    outer.add(inner)
    outer.spawn(obedient('outside', 100))

    expect(await outcomeOf(outer.join())).toBe('no')
    expect(log).toEqual([
      '0 outside starts',
      '0 inside starts',
      '5 throws no',
      '20 inside ends',
      '20 outside is cancelled',
      '20 the block has thrown',
    ])
  })

  it('R17 is cancelled with the outer one, which waits for its bodies and their failures', async () => {
    const outer = new TaskGroup({ scheduler })
    const inner = TaskGroup.run(
      async (group) => {
        group.spawn(obedient('a', 100))
        group.spawn(stubborn('b', 20))
        group.spawn(failingToStop('cannot clear up', 10))
      },
      { scheduler },
    )
    outer.add(inner)
    clock.callLater(() => outer.cancel('enough'), 5)

    const outcome = await outcomeOf(outer.join())

    expect(inner.status).toBe('cancelled')
    expect(errorsOf(outcome)).toEqual(['enough', expect.any(AggregateError)])
    expect(errorsOf((outcome as AggregateError).errors[1])).toEqual(['enough', 'cannot clear up'])
    expect(log).toEqual([
      '0 a starts',
      '0 b starts',
      '5 a is cancelled',
      '15 throws cannot clear up',
      '20 b ends',
      '20 the block has thrown',
    ])
  })

  it('R17 is no failure of the outer one if it was cancelled by its own handle', async () => {
    const outer = new TaskGroup({ scheduler })
    const inner = outer.add(
      TaskGroup.run((group) => void group.spawn(obedient('inside', 100)), { scheduler }),
    )
    outer.spawn(obedient('outside', 10))
    clock.callLater(() => inner.cancel(), 5)

    expect(await outcomeOf(outer.join())).toBe('nothing thrown')
    expect(log).toEqual([
      '0 outside starts',
      '0 inside starts',
      '5 inside is cancelled',
      '10 outside ends',
      '10 the block has ended',
    ])
  })

  it.each(['new TaskGroup', 'TaskGroup.run'])(
    'R17 is cancelled together with the body that it was made in: %s',
    async (how) => {
      const body = async () => {
        if (how === 'TaskGroup.run') {
          await TaskGroup.run((inner) => void inner.spawn(obedient('inside', 100)), { scheduler })
        } else {
          await using inner = new TaskGroup({ scheduler })
          inner.spawn(obedient('inside', 100))
        }
      }
      const outer = new TaskGroup({ scheduler })
      outer.spawn(body)
      outer.spawn(failing('no', 5))

      expect(await outcomeOf(outer.join())).toBe('no')
      expect(log).toEqual([
        '0 inside starts',
        '5 throws no',
        '5 inside is cancelled',
        '5 the block has thrown',
      ])
    },
  )

  it.each<[string, (outer: TaskGroup) => void, unknown]>([
    ['fails', (outer) => outer.add(Future.reject('no')), 'no'],
    ['is cancelled', (outer) => outer.cancel('enough'), 'enough'],
  ])('R17 is cancelled if the group in whose block it was made %s', async (_how, act, thrown) => {
    const block = TaskGroup.run(
      async (outer) => {
        await using inner = new TaskGroup({ scheduler })
        inner.spawn(obedient('inside', 100))
        clock.callLater(() => act(outer), 5)
      },
      { scheduler },
    )

    expect(await outcomeOf(block)).toBe(thrown)
    expect(log).toEqual(['0 inside starts', '5 inside is cancelled', '5 the block has thrown'])
  })

  it('R15 leaves nothing on the signal of a body that goes on', async () => {
    const body = scheduler.spawn(async ({ signal }) => {
      await new TaskGroup({ scheduler }).join()
      return getEventListeners(signal, 'abort').length
    })

    await clock.run()

    expect(body.value).toBe(0)
  })
})

describe('misuse of a group', () => {
  it.each<[string, object | number | null, string]>([
    ['options', 5, 'Expected `options` to be an object, got `5` (number)'],
    ['null', null, 'Expected `options` to be an object, got `null` (object)'],
    ['a scheduler', { scheduler: {} }, 'Expected `scheduler` to be a Scheduler, got some object'],
    ['a signal', { signal: {} }, 'Expected `signal` to be an AbortSignal, got some object'],
    ['a name', { name: 5 }, 'Expected `name` to be a string, got `5` (number)'],
    ['a timeout', { timeout: '5' }, 'Expected `timeout` to be milliseconds above 0'],
    ['no time', { timeout: 0 }, 'Expected `timeout` to be milliseconds above 0'],
    ['no number', { timeout: Number.NaN }, 'Expected `timeout` to be milliseconds above 0'],
  ])('throws at once for what is not %s', (_what, options, message) => {
    // @ts-expect-error wrong options
    expect(() => new TaskGroup(options)).toThrow(message)
    // @ts-expect-error wrong options
    expect(() => TaskGroup.run(() => {}, options)).toThrow(message)
  })

  it.each([undefined, null, 5, {}, Promise.resolve()])(
    'throws at once for a body that is %s',
    async (body) => {
      const group = new TaskGroup()

      // @ts-expect-error no body
      expect(() => group.spawn(body)).toThrow('Expected `body` to be a function')
      // @ts-expect-error no body
      expect(() => TaskGroup.run(body)).toThrow('Expected `body` to be a function')
      await group.join()
    },
  )

  it.each([undefined, null, 5, Promise.resolve(), { then() {} }])(
    'throws at once for a future that is %s',
    async (future) => {
      const group = new TaskGroup()

      // @ts-expect-error no future
      expect(() => group.add(future)).toThrow('Expected `future` to be a Future')
      await group.join()
    },
  )

  it.each([null, 5, { signal: 5 }, { timeout: 0 }, { priority: 'high' }])(
    'throws at once for wrong options of a body, also when it is cancelled: %j',
    async (options) => {
      const [group, cancelled] = [new TaskGroup(), new TaskGroup()]
      cancelled.cancel()

      // @ts-expect-error wrong options
      expect(() => group.spawn(() => 1, options)).toThrow(/Expected `\w+` to be/)
      // @ts-expect-error wrong options
      expect(() => cancelled.spawn(() => 1, options)).toThrow(/Expected `\w+` to be/)
      await Promise.allSettled([group.join(), cancelled.join()])
    },
  )

  it('throws for a scheduler that is closed, and loses nothing', async () => {
    const group = new TaskGroup({ scheduler })
    group.spawn(obedient('a', 5))
    const closed = scheduler.close()

    expect(() => group.spawn(obedient('b', 5))).toThrow(InvalidStateError)

    expect(await outcomeOf(group.join())).toBe('nothing thrown')
    await closed
  })
})
