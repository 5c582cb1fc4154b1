import {
  CancelledError,
  type Clock,
  InvalidStateError,
  onUncollected,
  type SleepOptions,
  sleep,
  systemClock,
  TimeoutError,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expectTypeOf, test } from 'vitest'

declare const signal: AbortSignal

describe('Clock', () => {
  test('is what the system and a test have', () => {
    expectTypeOf(systemClock).toEqualTypeOf<Clock>()
    expectTypeOf<VirtualClock>().toExtend<Clock>()
    expectTypeOf<Clock['now']>().toEqualTypeOf<() => number>()
    expectTypeOf<Clock['callLater']>().toEqualTypeOf<
      (callback: () => void, delay: number) => () => void
    >()
  })

  test('may be made by anybody', () => {
    const own: Clock = { now: () => 0, callLater: () => () => {} }

    expectTypeOf(own).toEqualTypeOf<Clock>()
    // @ts-expect-error it must be possible to cancel the call
    const wrong: Clock = { now: () => 0, callLater: () => 5 }
    void wrong
  })
})

describe('VirtualClock', () => {
  test('is moved by hand', () => {
    const clock = new VirtualClock(5)

    expectTypeOf(clock.advance(5)).toEqualTypeOf<Promise<void>>()
    expectTypeOf(clock.run()).toEqualTypeOf<Promise<number>>()
    expectTypeOf(clock.sleep(5, { signal })).toEqualTypeOf<Promise<void>>()
    // @ts-expect-error a start is a number
    new VirtualClock('now')
    // @ts-expect-error how far it is moved must be said
    void clock.advance()
    // @ts-expect-error its clock is itself
    void clock.sleep(5, { clock })
  })
})

describe('sleep()', () => {
  test('takes a time and options', () => {
    expectTypeOf(sleep(5)).toEqualTypeOf<Promise<void>>()
    expectTypeOf(sleep(5, { signal, clock: systemClock })).toEqualTypeOf<Promise<void>>()
    expectTypeOf(sleep(5, { signal: undefined })).toEqualTypeOf<Promise<void>>()
    expectTypeOf<SleepOptions>().toEqualTypeOf<{
      signal?: AbortSignal | undefined
      clock?: Clock | undefined
    }>()
    // @ts-expect-error a time is a number
    void sleep('5')
    // @ts-expect-error a time is needed
    void sleep()
    // @ts-expect-error no such option
    void sleep(5, { timeout: 5 })
  })
})

describe('The errors', () => {
  test('are the platform’s kind, and keep their cause', () => {
    expectTypeOf<CancelledError>().toExtend<DOMException>()
    expectTypeOf<TimeoutError>().toExtend<DOMException>()
    expectTypeOf<InvalidStateError>().toExtend<Error>()
    new CancelledError()
    new TimeoutError('late', { cause: new Error('why') })
    new InvalidStateError('not now', { cause: 1 })
    // @ts-expect-error a message is a string
    new CancelledError(1)
  })
})

describe('onUncollected()', () => {
  test('tells the name and the reason, of which nothing is known', () => {
    const stop = onUncollected(({ name, reason }) => {
      expectTypeOf(name).toEqualTypeOf<string>()
      expectTypeOf(reason).toEqualTypeOf<unknown>()
    })

    expectTypeOf(stop).toEqualTypeOf<() => void>()
    // @ts-expect-error a handler is needed
    onUncollected()
  })
})
