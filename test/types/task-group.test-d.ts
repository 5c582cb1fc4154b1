import { Future, gather, type Scheduler, TaskGroup, type TaskGroupOptions, task } from 'gatherly'
import { describe, expectTypeOf, test } from 'vitest'

declare const scheduler: Scheduler
declare const signal: AbortSignal
declare const group: TaskGroup

describe('new TaskGroup()', () => {
  test('takes its options, all of which may be left out', () => {
    new TaskGroup()
    new TaskGroup({})
    new TaskGroup({ scheduler, signal, timeout: 1000, name: 'pages' })
    new TaskGroup({ scheduler: undefined, signal: undefined, timeout: undefined, name: undefined })
    expectTypeOf<TaskGroupOptions['scheduler']>().toEqualTypeOf<Scheduler | undefined>()
  })

  test('refuses wrong options', () => {
    // @ts-expect-error a timeout is a number
    new TaskGroup({ timeout: '1 s' })
    // @ts-expect-error a controller is not a signal
    new TaskGroup({ signal: new AbortController() })
    // @ts-expect-error the limit is that of a scheduler
    new TaskGroup({ concurrency: 4 })
    // @ts-expect-error options are an object
    new TaskGroup('pages')
  })
})

describe('TaskGroup', () => {
  test('spawns with the type of what the body gives', () => {
    expectTypeOf(group.spawn(() => 1)).toEqualTypeOf<Future<number>>()
    expectTypeOf(group.spawn(async () => 'text')).toEqualTypeOf<Future<string>>()
    expectTypeOf(group.spawn(() => Future.resolve(true))).toEqualTypeOf<Future<boolean>>()
    expectTypeOf(group.spawn(({ sleep }) => sleep(1))).toEqualTypeOf<Future<void>>()
    group.spawn(() => 1, { name: 'one', timeout: 5, priority: 1, retry: { retries: 2 }, signal })
  })

  test('refuses what is no body, and wrong options', () => {
    // @ts-expect-error a promise is no body
    group.spawn(Promise.resolve(1))
    // @ts-expect-error a body gets its context and nothing else
    group.spawn((url: string) => url)
    // @ts-expect-error a priority is a number
    group.spawn(() => 1, { priority: 'high' })
  })

  test('gives back the future that is added, with its type', () => {
    const work = task(async (n: number) => `${n}`)

    expectTypeOf(group.add(work(1))).toEqualTypeOf<Future<string>>()
    expectTypeOf(group.add(gather(work(1), work(2)))).toEqualTypeOf<Future<[string, string]>>()
    expectTypeOf(group.add(TaskGroup.run(() => 1))).toEqualTypeOf<Future<number>>()
    // @ts-expect-error a promise cannot be cancelled
    group.add(Promise.resolve(1))
  })

  test('may be cancelled, joined and disposed of', () => {
    expectTypeOf(group.cancel()).toEqualTypeOf<void>()
    expectTypeOf(group.cancel('enough')).toEqualTypeOf<void>()
    expectTypeOf(group.join()).toEqualTypeOf<Promise<void>>()
    expectTypeOf<TaskGroup>().toExtend<AsyncDisposable>()
    expectTypeOf(group.name).toEqualTypeOf<string>()
    expectTypeOf(group.signal).toEqualTypeOf<AbortSignal>()
    // @ts-expect-error the signal is the group's
    group.signal = signal
    // @ts-expect-error the name is fixed
    group.name = 'other'
  })
})

describe('TaskGroup.run()', () => {
  test('gives a future of what the block returns', () => {
    expectTypeOf(TaskGroup.run(() => 1)).toEqualTypeOf<Future<number>>()
    expectTypeOf(TaskGroup.run(async () => 'text')).toEqualTypeOf<Future<string>>()
    expectTypeOf(TaskGroup.run(() => {})).toEqualTypeOf<Future<void>>()
    expectTypeOf(
      TaskGroup.run(
        (it) =>
          gather(
            it.spawn(() => 1),
            it.spawn(() => 'text'),
          ),
        { scheduler },
      ),
    ).toEqualTypeOf<Future<[number, string]>>()
  })

  test('hands the group to the block', () => {
    TaskGroup.run((it) => expectTypeOf(it).toEqualTypeOf<TaskGroup>(), {
      name: 'pages',
      timeout: 5,
    })
    // @ts-expect-error the block gets the group and nothing else
    TaskGroup.run((_it: TaskGroup, more: number) => more)
    // @ts-expect-error wrong options
    TaskGroup.run(() => 1, { retries: 2 })
  })
})
