import {
  type BackoffOptions,
  backoff,
  longStackTraces,
  type Progress,
  type RateOptions,
  type RetryOptions,
  Scheduler,
  spawn,
  task,
} from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

declare const scheduler: Scheduler

describe('retry', () => {
  test('takes a count, a delay and a condition', () => {
    spawn(() => 1, { retry: { retries: 3 } })
    spawn(() => 1, { retry: { retries: Infinity, delay: 100, when: undefined } })
    task(() => 1, { retry: { retries: 3, delay: backoff(), when: (error) => error !== 'gone' } })
    task(() => 1).with({ retry: undefined })
  })

  test('gives its functions the attempt and what it threw, whose type nobody knows', () => {
    spawn(() => 1, {
      retry: {
        retries: 3,
        delay: (attempt, error) => {
          expectTypeOf(attempt).toEqualTypeOf<number>()
          expectTypeOf(error).toEqualTypeOf<unknown>()
          return attempt * 100
        },
        when: (error, attempt) => {
          expectTypeOf(attempt).toEqualTypeOf<number>()
          expectTypeOf(error).toEqualTypeOf<unknown>()
          return true
        },
      },
    })
  })

  test('refuses what would not work', () => {
    // @ts-expect-error how often is needed
    spawn(() => 1, { retry: {} })
    // @ts-expect-error a count alone does not say what it counts
    spawn(() => 1, { retry: 3 })
    // @ts-expect-error a delay is a number of milliseconds
    spawn(() => 1, { retry: { retries: 3, delay: '1s' } })
    // @ts-expect-error a promise would always mean yes
    spawn(() => 1, { retry: { retries: 3, when: async () => false } })
    // @ts-expect-error no such option
    spawn(() => 1, { retry: { retries: 3, factor: 2 } })
    // @ts-expect-error it belongs to the task
    new Scheduler({ retry: { retries: 3 } })
  })
})

describe('backoff()', () => {
  test('makes a delay', () => {
    expectTypeOf(backoff()).toEqualTypeOf<(attempt: number) => number>()
    expectTypeOf(backoff).parameters.toEqualTypeOf<[options?: BackoffOptions | undefined]>()
    expectTypeOf(backoff()).toExtend<NonNullable<RetryOptions['delay']>>()
    backoff({ base: 10, cap: 1000, random: Math.random })
    backoff({ base: undefined, cap: undefined, random: undefined })
    // @ts-expect-error chance is a function
    backoff({ random: 0.5 })
    // @ts-expect-error no such option
    backoff({ factor: 2 })
  })
})

describe('rate', () => {
  test('takes both of its numbers', () => {
    expectTypeOf<RateOptions>().toEqualTypeOf<{ limit: number; interval: number }>()
    new Scheduler({ rate: { limit: 10, interval: 1000 }, concurrency: 4 })
    new Scheduler({ rate: undefined })
    // @ts-expect-error per what?
    new Scheduler({ rate: { limit: 10 } })
    // @ts-expect-error it takes two numbers
    new Scheduler({ rate: 10 })
    // @ts-expect-error it belongs to the scheduler
    task(() => 1, { rate: { limit: 10, interval: 1000 } })
  })
})

describe('slice and reentrant', () => {
  test('are a number and a boolean', () => {
    new Scheduler({ slice: Infinity, reentrant: true })
    new Scheduler({ slice: undefined, reentrant: undefined })
    // @ts-expect-error a slice is a number of milliseconds
    new Scheduler({ slice: false })
    // @ts-expect-error it is or it is not
    new Scheduler({ reentrant: 1 })
  })
})

describe('progress', () => {
  test('is a snapshot of numbers', () => {
    expectTypeOf(scheduler.progress).toEqualTypeOf<Progress>()
    expectTypeOf<Progress>().toEqualTypeOf<{
      readonly called: number
      readonly started: number
      readonly fulfilled: number
      readonly rejected: number
      readonly cancelled: number
      readonly settled: number
      readonly queued: number
      readonly running: number
    }>()
    // @ts-expect-error it is counted, not set
    scheduler.progress.called = 0
  })

  test('is told to a listener, until that is stopped', () => {
    const stop = scheduler.onProgress((progress) =>
      expectTypeOf(progress).toEqualTypeOf<Progress>(),
    )
    expectTypeOf(stop).toEqualTypeOf<() => void>()
    // @ts-expect-error a listener is a function
    scheduler.onProgress('log')
  })
})

describe('longStackTraces()', () => {
  test('is switched on and off', () => {
    expectTypeOf(longStackTraces()).toEqualTypeOf<void>()
    expectTypeOf(longStackTraces).parameters.toEqualTypeOf<[on?: boolean | undefined]>()
    // @ts-expect-error on or off
    longStackTraces('verbose')
  })
})
