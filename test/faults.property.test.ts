import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import {
  any,
  asCompleted,
  Future,
  gather,
  gatherSettled,
  race,
  Scheduler,
  type StartMode,
  type TaskContext,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { HOSTILE, revokedProxy } from './support/hostile.ts'
import { strayErrorsDuring } from './support/stray-errors.ts'

/** What can go wrong in a body, at which of its steps. */
type Step =
  | { readonly do: 'sleep'; readonly milliseconds: number }
  | { readonly do: 'stubborn sleep'; readonly milliseconds: number }
  | { readonly do: 'microtask' }
  | { readonly do: 'throw' }
  | { readonly do: 'throw hostile' }
  | { readonly do: 'cancel'; readonly which: number }
  | { readonly do: 'cancel itself' }
  | { readonly do: 'cancel all' }
  | { readonly do: 'abort' }
  | { readonly do: 'pause' }
  | { readonly do: 'resume' }
  | { readonly do: 'limit'; readonly slots: number }
  | { readonly do: 'call' }
  | { readonly do: 'combine'; readonly how: number; readonly from: number }

interface Body {
  readonly isAsync: boolean
  readonly steps: readonly Step[]
  readonly end: 'value' | 'future' | 'failed future' | 'thenable' | 'hostile thenable' | 'revoked'
  readonly options: { readonly timeout?: number; readonly priority?: number }
  readonly hasSignal: boolean
  readonly listens: 'no' | 'throws' | 'cancels another' | 'calls'
}

interface Program {
  readonly concurrency: number
  readonly start: StartMode
  readonly bodies: readonly Body[]
  readonly combinations: readonly { readonly how: number; readonly from: number }[]
  /** What happens from outside, at an instant. */
  readonly events: readonly { readonly at: number; readonly step: Step }[]
}

const milliseconds = fc.nat({ max: 5 })
const which = fc.nat({ max: 9 })
const combination = { how: fc.nat({ max: 7 }), from: fc.nat({ max: 5 }) }
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ do: fc.constant('sleep' as const), milliseconds }),
  fc.record({ do: fc.constant('stubborn sleep' as const), milliseconds }),
  fc.record({ do: fc.constant('cancel' as const), which }),
  fc.record({ do: fc.constant('limit' as const), slots: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ do: fc.constant('combine' as const), ...combination }),
  fc.record({
    do: fc.constantFrom(
      ...(['microtask', 'throw', 'throw hostile', 'cancel itself', 'cancel all'] as const),
      ...(['abort', 'pause', 'resume', 'call'] as const),
    ),
  }),
)
const body: fc.Arbitrary<Body> = fc.record({
  isAsync: fc.boolean(),
  steps: fc.array(step, { maxLength: 4 }),
  end: fc.constantFrom(
    ...(['value', 'value', 'future', 'failed future', 'thenable'] as const),
    ...(['hostile thenable', 'revoked'] as const),
  ),
  options: fc.record(
    { timeout: fc.integer({ min: 1, max: 6 }), priority: fc.nat({ max: 2 }) },
    { requiredKeys: [] },
  ),
  hasSignal: fc.boolean(),
  listens: fc.constantFrom('no', 'no', 'throws', 'cancels another', 'calls'),
})
const program: fc.Arbitrary<Program> = fc.record({
  concurrency: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  start: fc.constantFrom('deferred', 'eager', 'lazy'),
  bodies: fc.array(body, { minLength: 1, maxLength: 6 }),
  combinations: fc.array(fc.record(combination), { maxLength: 4 }),
  events: fc.array(fc.record({ at: fc.nat({ max: 15 }), step }), { maxLength: 5 }),
})

const combine = (how: number, futures: readonly Future<unknown>[]): Future<unknown> => {
  const options = { cancelRest: how > 3 }
  const ways = [gather, gatherSettled, race, any] as const
  return (ways[how % 4] as typeof race)(futures, options)
}

/** Runs a program in which anything may fail at any step; gives all that can be seen afterwards. */
async function run({ concurrency, start, bodies, combinations, events }: Program) {
  const clock = new VirtualClock()
  const controller = new AbortController()
  const { signal } = controller
  const scheduler = new Scheduler({ clock, concurrency, start, slice: Number.POSITIVE_INFINITY })
  const futures: Future<unknown>[] = []
  const settledTimes = new Map<Future<unknown>, number>()
  let budget = 20
  let executing = 0

  const watch = <T>(future: Future<T>): Future<T> => {
    futures.push(future)
    settledTimes.set(future, 0)
    future.onSettled(() => settledTimes.set(future, (settledTimes.get(future) ?? 0) + 1))
    return future
  }

  const perform = (
    current: Step,
    context: TaskContext | undefined,
    own: Future<unknown> | undefined,
  ): unknown => {
    switch (current.do) {
      case 'sleep':
        return context?.sleep(current.milliseconds)
      case 'stubborn sleep':
        return clock.sleep(current.milliseconds)
      case 'throw':
        throw new Error('boom')
      case 'throw hostile':
        throw revokedProxy()
      case 'cancel':
        return void futures[current.which]?.cancel()
      case 'cancel itself':
        return void own?.cancel()
      case 'cancel all':
        return scheduler.cancel()
      case 'abort':
        return controller.abort()
      case 'pause':
        return scheduler.pause()
      case 'resume':
        return scheduler.resume()
      case 'limit':
        scheduler.concurrency = current.slots
        return undefined
      case 'call':
        return void call(bodies[0] as Body)
      case 'combine':
        return void watch(combine(current.how, futures.slice(current.from))).catch(() => {})
      case 'microtask':
        return undefined
    }
  }

  const give = (end: Body['end']): unknown => {
    const ends = {
      value: () => 1,
      future: () => Future.resolve(clock.sleep(2)),
      'failed future': () => Future.reject(new Error('inner')),
      thenable: () => ({ then: (resolve: (value: number) => void) => resolve(1) }),
      'hostile thenable': () => ({
        then: (resolve: (value: unknown) => void, reject: (reason: unknown) => void) => {
          resolve(1)
          reject(HOSTILE)
          throw HOSTILE
        },
      }),
      revoked: revokedProxy,
    }
    return ends[end]()
  }

  const call = ({ isAsync, steps, end, options, hasSignal, listens }: Body): void => {
    if (budget-- <= 0) return
    let own: Future<unknown> | undefined
    const synchronous = (context: TaskContext): unknown => {
      executing += 1
      try {
        for (const each of steps) Promise.resolve(perform(each, context, own)).catch(() => {})
        return give(end)
      } finally {
        executing -= 1
      }
    }
    const asynchronous = async (context: TaskContext): Promise<unknown> => {
      executing += 1
      try {
        for (const each of steps) await perform(each, context, own)
        return await give(end)
      } finally {
        executing -= 1
      }
    }
    const all = hasSignal ? { ...options, signal } : options
    const future = watch(scheduler.spawn(isAsync ? asynchronous : synchronous, all))
    own = future
    const listeners = {
      no: () => {},
      throws: () => {
        throw HOSTILE
      },
      'cancels another': () => void futures[0]?.cancel(),
      calls: () => call(bodies[0] as Body),
    }
    future.onSettled(listeners[listens])
    future.catch(() => {})
  }

  const strays = await strayErrorsDuring(async () => {
    for (const [index, each] of bodies.entries()) clock.callLater(() => call(each), index % 4)
    for (const { how, from } of combinations) {
      clock.callLater(() => {
        watch(combine(how, futures.slice(from))).catch(() => {})
      }, from)
    }
    for (const { at, step: current } of events) {
      clock.callLater(() => {
        Promise.resolve()
          .then(() => perform(current, undefined, undefined))
          .catch(() => {})
      }, at)
    }
    const completions = (async () => {
      await clock.sleep(3)
      const seen = asCompleted(futures)
      for (let next = await seen.next(); !next.done; next = await seen.next()) {
        if (next.value.status === 'cancelled') break
      }
      await seen.return?.()
    })()
    await clock.run()
    // However often it was paused: each time it goes on, a body less is left to do it again.
    for (let times = 0; times < 30; times++) {
      scheduler.resume()
      await clock.run()
    }
    // Races of nothing stay pending, as the platform's do.
    for (const future of futures) if (!future.done && future.name === 'race') future.cancel()
    await scheduler.idle()
    await clock.run()
    await completions
  })

  return {
    unsettled: futures.filter(({ done }) => !done).map(({ name }) => name),
    settledTwice: [...settledTimes.values()].filter((times) => times !== 1),
    executing,
    running: scheduler.running,
    queued: scheduler.queued,
    listeners: getEventListeners(signal, 'abort').length,
    // Listeners that throw are to be reported as uncaught; nothing else may be.
    strays: strays.filter((error) => error !== HOSTILE),
    // What is uncollected would make the package listen for the end of the program.
    uncollected: process.listenerCount('beforeExit'),
  }
}

describe('a program in which anything may fail at any step', () => {
  it('R4 R8 R13 R15 R16 always settles every future once, and leaves nothing behind', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (each) => {
        expect(await run(each)).toEqual({
          unsettled: [],
          settledTwice: [],
          executing: 0,
          running: 0,
          queued: 0,
          listeners: 0,
          strays: [],
          uncollected: 0,
        })
      }),
      { numRuns: 200 },
    )
  })
})
