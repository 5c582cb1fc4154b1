import { getEventListeners } from 'node:events'
import {
  context,
  Future,
  InvalidStateError,
  Scheduler,
  spawn,
  type TaskContext,
  task,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { explode } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

stopRealTime()

/** What `context()` does here: the name of the body, or the name of the error. */
const here = (): string => {
  try {
    return context().name
  } catch (error) {
    return error instanceof InvalidStateError ? 'InvalidStateError' : String(error)
  }
}

describe('context()', () => {
  it('gives the context of the body that runs, before its first await', async () => {
    const names = await spawn(
      async () => {
        const before = here()
        await null
        return [before, here()]
      },
      { name: 'work' },
    )

    expect(names).toEqual(['work', 'InvalidStateError'])
  })

  it('throws InvalidStateError outside a body', async () => {
    expect(() => context()).toThrow(InvalidStateError)
    await spawn(() => 1)
    expect(() => context()).toThrow(InvalidStateError)
  })

  it('gives the same one every time, the one the body was handed', async () => {
    const [given, first, second] = await spawn((it) => [it, context(), context()])

    expect(first).toBe(given)
    expect(second).toBe(given)
  })

  it('gives the caller’s again after a nested body has run inside the call', async () => {
    const scheduler = new Scheduler({ start: 'eager' })
    const log: string[] = []
    await scheduler.spawn(
      () => {
        log.push(here())
        scheduler.spawn(() => log.push(here()), { name: 'inner' })
        scheduler.spawn(explode, { name: 'throws' }).catch(() => {})
        log.push(here())
      },
      { name: 'outer' },
    )
    log.push(here())

    expect(log).toEqual(['outer', 'inner', 'outer', 'InvalidStateError'])
  })

  it('gives each body its own when they start in one drain', async () => {
    const log: string[] = []
    const work = task(() => void log.push(here()))

    await Promise.all([work.with({ name: 'a' })(), work.with({ name: 'b' })()])

    expect(log).toEqual(['a', 'b'])
  })

  it('throws in the listener of a body that has ended, and in what follows it', async () => {
    const log: string[] = []
    const future = spawn(() => 1)
    future.onSettled(() => log.push(here()))

    await future.then(() => log.push(here()))

    expect(log).toEqual(['InvalidStateError', 'InvalidStateError'])
  })

  it('works in what a body calls, an executor and a generator included', async () => {
    const names = await spawn(
      () => {
        const fromExecutor = new Future<string>((resolve) => resolve(here()))
        const [fromGenerator] = (function* () {
          yield here()
        })()
        return [fromExecutor.value, fromGenerator]
      },
      { name: 'work' },
    )

    expect(names).toEqual(['work', 'work'])
  })
})

describe('the signal of a context', () => {
  it('R13 aborts with the reason when the future is cancelled', async () => {
    const reason = { why: 'enough' }
    const seen: TaskContext[] = []
    const body = gate()
    const future = spawn((given) => {
      seen.push(given)
      return body.opened
    })
    await null
    const before = seen[0]?.signal.aborted

    future.cancel(reason)

    expect([before, seen[0]?.signal.aborted]).toEqual([false, true])
    expect(seen[0]?.signal.reason).toBe(reason)
    body.open()
    await turn()
  })

  it('R13 has aborted when it is asked for after the cancel', async () => {
    const future = spawn(async ({ signal: _unused, ...given }) => given)
    const late = spawn(async (given) => {
      await null
      await null
      return given.signal.aborted ? given.signal.reason : 'not aborted'
    })
    const seen: unknown[] = []
    const cancelled = spawn(async (given) => {
      await null
      seen.push(given.signal.aborted, given.signal.reason)
    })
    await null

    cancelled.cancel('enough')
    await turn()

    expect(seen).toEqual([true, 'enough'])
    expect(await late).toBe('not aborted')
    await future
  })

  it('is one and the same, and never aborts when the body ends well', async () => {
    const seen: TaskContext[] = []
    await spawn((given) => void seen.push(given))

    expect(seen[0]?.signal).toBe(seen[0]?.signal)
    expect(seen[0]?.signal.aborted).toBe(false)
  })

  it('of one run does not abort by the cancel of the next', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const signals: AbortSignal[] = []
    const body = gate()
    await scheduler.spawn(({ signal }) => void signals.push(signal))
    const second = scheduler.spawn(({ signal }) => {
      signals.push(signal)
      return body.opened
    })
    await null

    second.cancel()
    body.open()
    await scheduler.idle()

    expect(signals.map(({ aborted }) => aborted)).toEqual([false, true])
  })

  it('of a body that waits for another reaches that one by hand', async () => {
    const body = gate()
    const log: string[] = []
    const inner = task(
      () => {
        context().signal.addEventListener('abort', () => log.push('inner aborted'))
        return body.opened
      },
      { name: 'inner' },
    )
    const outer = spawn(({ signal }) => inner.with({ signal })())
    await null
    await null

    outer.cancel('enough')

    expect(log).toEqual(['inner aborted'])
    body.open()
    await turn()
  })

  it('reports an abort listener that throws as uncaught, and settles all the same', async () => {
    const error = new Error('from an abort listener')
    const body = gate()
    const future = spawn(({ signal }) => {
      signal.addEventListener('abort', () => {
        throw error
      })
      return body.opened
    })
    await null

    const strays = await strayErrorsDuring(() => future.cancel())

    expect(strays).toEqual([error])
    expect(future.status).toBe('cancelled')
    body.open()
    await turn()
  })
})

describe('the sleep of a context', () => {
  it('waits on the clock of the scheduler', async () => {
    const clock = new VirtualClock()
    const future = new Scheduler({ clock }).spawn(async ({ sleep }) => {
      await sleep(3_600_000)
      return clock.now()
    })

    await clock.run()

    expect(future.value).toBe(3_600_000)
  })

  it('rejects with the reason as soon as the future is cancelled, and leaves no timer', async () => {
    const clock = new VirtualClock()
    const log: unknown[] = []
    const future = new Scheduler({ clock }).spawn(async ({ sleep }) => {
      try {
        await sleep(1000)
      } catch (error) {
        log.push(error, clock.now())
      }
    })
    clock.callLater(() => future.cancel('enough'), 10)

    expect(await clock.run()).toBe(10)

    expect(log).toEqual(['enough', 10])
  })

  it('rejects at once when the future has been cancelled before', async () => {
    const clock = new VirtualClock()
    const log: unknown[] = []
    const future = new Scheduler({ clock }).spawn(async ({ sleep }) => {
      await clock.sleep(20)
      await sleep(1000).catch((error) => log.push(error))
    })
    clock.callLater(() => future.cancel('enough'), 10)

    expect(await clock.run()).toBe(20)

    expect(log).toEqual(['enough'])
  })

  it('R15 leaves no listener on the signal', async () => {
    const clock = new VirtualClock()
    const counts: number[] = []
    new Scheduler({ clock }).spawn(async ({ sleep, signal }) => {
      const sleeping = sleep(10)
      counts.push(getEventListeners(signal, 'abort').length)
      await sleeping
      counts.push(getEventListeners(signal, 'abort').length)
    })

    await clock.run()

    expect(counts).toEqual([1, 0])
  })

  it('throws for a wrong time', async () => {
    const future = spawn(({ sleep }) => sleep(-1))

    await expect(future).rejects.toThrow(RangeError)
  })
})
