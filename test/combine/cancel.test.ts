import { getEventListeners } from 'node:events'
import {
  any,
  type Clock,
  Future,
  type GatherOptions,
  gather,
  gatherSettled,
  race,
  systemClock,
  TimeoutError,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn, valueAfter } from '../support/timed.ts'

type Combine = (list: Iterable<unknown> & object, options?: GatherOptions) => Future<unknown>

const combinators: [string, Combine][] = [
  ['gather', gather],
  ['gatherSettled', gatherSettled],
  ['race', race],
  ['any', any],
]

const pending = (name: string, onCancel?: () => void): Future<unknown> =>
  Future.withResolvers({ name, onCancel }).future

afterEach(() => {
  vi.restoreAllMocks()
})

describe.each(combinators)('%s(), cancelled', (name, combine) => {
  it('R14 cancels every unfinished input with the same reason, in argument order, after its listeners', () => {
    const log: string[] = []
    const inputs = ['a', 'b', 'c'].map((each) => pending(each, () => log.push(`${each}: onCancel`)))
    const all = combine(inputs)
    for (const input of inputs) input.onSettled((it) => log.push(`${it.name}: ${it.reason}`))
    all.onSettled((it) => log.push(`${it.name}: ${it.reason}`))

    expect(all.cancel('enough')).toBe(true)

    expect(log).toEqual([
      `${name}: enough`,
      ...['a: enough', 'a: onCancel', 'b: enough', 'b: onCancel', 'c: enough', 'c: onCancel'],
    ])
    expect(all.status).toBe('cancelled')
  })

  it.each([undefined, null, 1, { done: false }, Future.resolve(1)])(
    'R8 R13 R14 stays cancelled, and cancels the rest, when a listener settles inputs: with %s',
    (value) => {
      const last = Future.withResolvers<unknown>()
      const only = Future.withResolvers<unknown>()
      const both = combine([last.future, pending('rest')])
      const one = combine([only.future])
      both.onSettled(() => last.resolve(value))
      one.onSettled(() => only.resolve(value))

      expect([both.cancel('enough'), one.cancel('enough')]).toEqual([true, true])

      expect([both, one].map(({ status, reason }) => [status, reason])).toEqual(
        Array(2).fill(['cancelled', 'enough']),
      )
    },
  )

  it('R13 gives the default reason, the same to all, and answers a second cancel with false', () => {
    const input = pending('input')
    const all = combine([input, input])

    expect([all.cancel(), all.cancel(), input.cancel()]).toEqual([true, false, false])
    expect(all.reason).toMatchObject({ name: 'AbortError', code: 20 })
    expect(input.reason).toBe(all.reason)
  })

  it('R14 by its signal cancels every unfinished input with the signal’s reason', () => {
    const controller = new AbortController()
    const inputs = [pending('a'), pending('b')]
    const all = combine(inputs, { signal: controller.signal })
    const reason = new Error('the user left')

    controller.abort(reason)

    expect(all.status).toBe('cancelled')
    expect([all, ...inputs].map((each) => each.reason === reason)).toEqual([true, true, true])
  })

  it('R14 by its timeout cancels with a TimeoutError, exactly on time', async () => {
    const clock = new VirtualClock()
    const inputs = [pending('a'), pending('b')]
    const all = combine(inputs, { timeout: 50, clock })

    await clock.advance(49)
    expect(all.status).toBe('running')
    await clock.advance(1)

    expect(all.status).toBe('cancelled')
    expect(all.reason).toBeInstanceOf(TimeoutError)
    expect(all.reason).toMatchObject({ name: 'TimeoutError', code: 23 })
    expect(String(all.reason)).toMatch(/50 ms/)
    expect(inputs.map(({ reason }) => reason === all.reason)).toEqual([true, true])
  })

  it('R14 leaves no timer on the clock once it is done', async () => {
    const clock = new VirtualClock()
    const stop = vi.fn()
    const spied: Clock = { now: () => 0, callLater: vi.fn(() => stop) }
    const all = combine([valueAfter(clock, 10, 1)], { timeout: 1000, clock: spied })

    await clock.run()

    expect(all.status).toBe('fulfilled')
    expect(spied.callLater).toHaveBeenCalledOnce()
    expect(stop).toHaveBeenCalledOnce()
  })

  it('R14 takes its timeout on the system’s clock unless it is given one', () => {
    const callLater = vi.spyOn(systemClock, 'callLater').mockReturnValue(() => {})

    combine([pending('a')], { timeout: 1234 })

    expect(callLater).toHaveBeenCalledExactlyOnceWith(expect.any(Function), 1234)
  })

  it('R14 sets no timer for `timeout: Infinity`, nor when it is done at once', () => {
    const callLater = vi.spyOn(systemClock, 'callLater')

    combine([pending('a')], { timeout: Number.POSITIVE_INFINITY })
    combine([Future.resolve(1)], { timeout: 1000 })

    expect(callLater).not.toHaveBeenCalled()
  })

  it('R15 under a signal that has aborted is cancelled at once, and so are its inputs', () => {
    const input = pending('input')
    const all = combine([input], { signal: AbortSignal.abort('gone') })

    expect([all.status, all.reason]).toEqual(['cancelled', 'gone'])
    expect([input.status, input.reason]).toEqual(['cancelled', 'gone'])
  })

  it('R15 under a signal that has aborted is cancelled even if all inputs are done', () => {
    const all = combine([Future.resolve(1)], { signal: AbortSignal.abort('gone') })

    expect([all.status, all.reason]).toEqual(['cancelled', 'gone'])
  })

  it('R15 leaves no listener on a long-lived signal, however it ended', async () => {
    const { signal } = new AbortController()
    const listeners = (): number => getEventListeners(signal, 'abort').length
    const { future, resolve, reject } = Future.withResolvers<number>()
    const failing = Future.withResolvers()
    const options = { signal }

    combine([future], options).catch(() => {})
    combine([failing.future], options).catch(() => {})
    combine([failing.future, future], options).catch(() => {})
    const cancelled = combine([future], options)
    const overCancelled = combine([pending('cancelled')], options)
    expect(listeners()).toBeGreaterThan(0)
    overCancelled.cancel()
    cancelled.cancel()
    resolve(1)
    failing.reject('failure')
    reject('late')
    combine([Future.resolve(1)], options)
    combine([Future.reject('failure')], options).catch(() => {})
    combine([1], { signal, timeout: -1 }).catch(() => {})
    combine(5 as never, options).catch(() => {})
    await turn()

    expect(listeners()).toBe(0)
  })

  it('R14 cannot end a native promise, whose late failure is nobody’s trouble', async () => {
    const clock = new VirtualClock()
    const strays = await strayErrorsDuring(async () => {
      const promise = clock.sleep(10).then(() => Promise.reject(new Error('late')))
      combine([promise, Promise.reject(new Error('at once'))]).cancel('enough')
      await clock.run()
    })

    expect(strays).toEqual([])
  })

  it('R11 takes its options as they are now: what is changed in them later has no effect', () => {
    const options = { cancelRest: false, name: 'pages' }
    const failing = Future.withResolvers()
    const rest = pending('rest')
    const all = combine([failing.future, rest], options)
    all.catch(() => {})

    Object.assign(options, { cancelRest: true, name: 'changed' })
    failing.reject('failure')

    expect([all.name, rest.status]).toEqual(['pages', 'running'])
  })

  it('R14 passes a cancel on through nested ones', () => {
    const input = pending('input')
    const outer = combine([combine([combine([input])])])

    outer.cancel('enough')

    expect([input.status, input.reason]).toEqual(['cancelled', 'enough'])
  })

  it('cancels an input once although it was given twice', () => {
    const log: string[] = []
    const input = pending('input', () => log.push('onCancel'))

    combine([input, input, Future.resolve(input)]).cancel()

    expect(log).toEqual(['onCancel'])
  })

  it('survives a listener of its own that settles an input while it is being cancelled', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const other = pending('other')
    const all = combine([future, other])
    all.onSettled(() => resolve(1))

    all.cancel('enough')

    expect([all.status, future.status, other.status]).toEqual([
      'cancelled',
      'fulfilled',
      'cancelled',
    ])
  })

  it('survives an input that is cancelled in turn by the cancel of the input before it', () => {
    const log: string[] = []
    const second = pending('second', () => log.push('second'))
    const first = pending('first', () => {
      log.push('first')
      second.cancel('by the first')
    })
    const all = combine([first, second])

    all.cancel('enough')

    expect(log).toEqual(['first', 'second'])
    expect([all.reason, first.reason, second.reason]).toEqual(['enough', 'enough', 'by the first'])
  })

  it('R14 `using` cancels what is not done at the end of the block', () => {
    const input = pending('input')

    combine([input])[Symbol.dispose]()

    expect(input.status).toBe('cancelled')
  })
})
