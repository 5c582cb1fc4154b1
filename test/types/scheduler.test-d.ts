import { type Clock, Scheduler, type SchedulerOptions, type StartMode } from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

declare const scheduler: Scheduler
declare const clock: Clock
declare const signal: AbortSignal

describe('new Scheduler()', () => {
  test('takes its options, all of which may be left out', () => {
    new Scheduler()
    new Scheduler({})
    new Scheduler({ name: 'io', concurrency: 4, start: 'eager', slice: 10, clock, signal })
    new Scheduler({ concurrency: undefined, start: undefined, clock: undefined })
    expectTypeOf<StartMode>().toEqualTypeOf<'deferred' | 'eager' | 'lazy'>()
    expectTypeOf<SchedulerOptions['start']>().toEqualTypeOf<StartMode | undefined>()
  })

  test('refuses wrong options', () => {
    // @ts-expect-error a limit is a number
    new Scheduler({ concurrency: '4' })
    // @ts-expect-error no such mode
    new Scheduler({ start: 'now' })
    // @ts-expect-error no such option
    new Scheduler({ threads: 4 })
    // @ts-expect-error a clock has callLater
    new Scheduler({ clock: Date })
    // @ts-expect-error a controller is not a signal
    new Scheduler({ signal: new AbortController() })
    // @ts-expect-error options are an object
    new Scheduler(4)
  })
})

describe('Scheduler', () => {
  test('says what it does', () => {
    expectTypeOf(scheduler.name).toEqualTypeOf<string>()
    expectTypeOf(scheduler.running).toEqualTypeOf<number>()
    expectTypeOf(scheduler.queued).toEqualTypeOf<number>()
    expectTypeOf(scheduler.paused).toEqualTypeOf<boolean>()
    expectTypeOf(scheduler.concurrency).toEqualTypeOf<number>()
  })

  test('may be told what to do', () => {
    scheduler.concurrency = 5
    expectTypeOf(scheduler.pause()).toEqualTypeOf<void>()
    expectTypeOf(scheduler.resume()).toEqualTypeOf<void>()
    expectTypeOf(scheduler.cancel()).toEqualTypeOf<void>()
    expectTypeOf(scheduler.cancel('enough')).toEqualTypeOf<void>()
    expectTypeOf(scheduler.idle()).toEqualTypeOf<Promise<void>>()
    expectTypeOf(scheduler.close()).toEqualTypeOf<Promise<void>>()
    expectTypeOf<Scheduler>().toExtend<AsyncDisposable>()
  })

  test('cannot be written to otherwise', () => {
    // @ts-expect-error what runs is counted, not set
    scheduler.running = 0
    // @ts-expect-error what waits is counted, not set
    scheduler.queued = 0
    // @ts-expect-error pause() pauses
    scheduler.paused = true
    // @ts-expect-error the name is fixed
    scheduler.name = 'other'
    // @ts-expect-error a limit is a number
    scheduler.concurrency = '4'
  })
})
