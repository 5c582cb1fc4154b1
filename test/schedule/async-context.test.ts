import { AsyncLocalStorage } from 'node:async_hooks'
import fc from 'fast-check'
import { Future, Scheduler, type SchedulerOptions, spawn, task } from 'gatherly'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { gate } from '../support/gate.ts'
import { type Ended, openWorkshop, type Workshop } from '../support/run-program.ts'
import { turn } from '../support/timed.ts'

describe('the async context of a body', () => {
  it('R6 is the one of its call, several in one turn and none at all included', async () => {
    const storage = new AsyncLocalStorage<string>()
    const read = task(() => storage.getStore())

    const futures = [
      read(),
      storage.run('a', () => read()),
      storage.run('b', () => read()),
      read(),
      storage.run('a', () => spawn(() => storage.getStore())),
      storage.run('a', () => storage.exit(() => read())),
    ]

    expect(await Promise.all(futures)).toEqual(
      ['', 'a', 'b', '', 'a', ''].map((it) => it || undefined),
    )
  })

  it('R6 stays the same after each await of the body', async () => {
    const storage = new AsyncLocalStorage<string>()
    const read = task(async () => {
      const seen = [storage.getStore()]
      await null
      seen.push(storage.getStore())
      await turn()
      return [...seen, storage.getStore()]
    })

    const futures = [storage.run('a', () => read()), storage.run('b', () => read())]

    expect(await Promise.all(futures)).toEqual([
      ['a', 'a', 'a'],
      ['b', 'b', 'b'],
    ])
  })

  it('R6 is the one of its call when it waited for a slot, not of the task that freed the slot', async () => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler({ concurrency: 1 })
    const read = scheduler.task(async () => {
      await null
      return storage.getStore()
    })

    const futures = ['a', 'b', 'c'].map((store) => storage.run(store, () => read()))
    futures.push(read())

    expect(await Promise.all(futures)).toEqual(['a', 'b', 'c', undefined])
  })

  it('R6 is the one of its call when the slot is freed synchronously, by a future that the body gave', async () => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler({ concurrency: 1 })
    const { future, resolve } = Future.withResolvers()
    scheduler.spawn(() => future)
    const futures = [
      scheduler.spawn(() => storage.getStore()),
      storage.run('b', () => scheduler.spawn(() => storage.getStore())),
    ]
    await null

    storage.run('of the one who resolves', () => resolve())

    expect(await Promise.all(futures)).toEqual([undefined, 'b'])
  })

  it.each<[string, SchedulerOptions]>([
    ['deferred', {}],
    ['eager', { start: 'eager' }],
    ['eager, waiting for a slot', { start: 'eager', concurrency: 1 }],
    ['lazy', { start: 'lazy' }],
    ['lazy, waiting for a slot', { start: 'lazy', concurrency: 1 }],
    ['with a turn of the event loop before each start', { slice: 0 }],
  ])('R6 is the one of its call: %s', async (_title, options) => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler(options)
    const read = scheduler.task(async () => {
      const before = storage.getStore()
      await turn()
      return [before, storage.getStore()]
    })
    const stores = ['a', 'b', 'c', 'd']
    const futures = stores.map((store) => storage.run(store, () => read()))

    const seen = await storage.run('of the one who collects', () => Promise.all(futures))

    expect(seen).toEqual(stores.map((store) => [store, store]))
  })

  it('R6 is the one of its call after a pause that ends, and a limit that is raised, in another', async () => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler({ concurrency: 1 })
    const body = gate()
    const futures: Future<unknown>[] = [scheduler.spawn(() => body.opened)]
    scheduler.pause()
    for (const store of ['a', 'b', 'c']) {
      futures.push(storage.run(store, () => scheduler.spawn(() => storage.getStore())))
    }

    storage.run('resumes', () => scheduler.resume())
    await turn()
    storage.run('raises', () => {
      scheduler.concurrency = 3
    })
    body.open()

    expect(await Promise.all(futures)).toEqual([undefined, 'a', 'b', 'c'])
  })

  it('R6 is inherited by the calls a body makes', async () => {
    const storage = new AsyncLocalStorage<string>()
    const nested = storage.run('a', () =>
      spawn(async () => {
        await null
        return spawn(() => storage.run('inner', () => spawn(() => storage.getStore())))
      }),
    )

    expect(await nested).toBe('inner')
  })

  it('R6 does not leak: what one body enters is not seen by the next, nor by the caller', async () => {
    const storage = new AsyncLocalStorage<string>()
    const scheduler = new Scheduler({ concurrency: 1 })
    const enter = scheduler.task((store: string) => {
      const before = storage.getStore()
      storage.enterWith(store)
      return before
    })

    const seen = await Promise.all([
      enter('one'),
      enter('two'),
      scheduler.spawn(() => storage.getStore()),
    ])

    expect(seen).toEqual([undefined, undefined, undefined])
    expect(storage.getStore()).toBe(undefined)
  })

  it.each<[string, (scheduler: Scheduler, enter: () => void) => () => void]>([
    [
      'settles what a body waits for',
      (scheduler, enter) => {
        const { future, resolve } = Future.withResolvers()
        scheduler.spawn(() => future)
        enter()
        return resolve
      },
    ],
    [
      'settles what a cancelled body waits for',
      (scheduler, enter) => {
        const { future, resolve } = Future.withResolvers()
        const orphan = scheduler.spawn(() => future)
        enter()
        return () => {
          orphan.cancel()
          resolve()
        }
      },
    ],
    [
      'settles what a body waits for that is tried again',
      (scheduler, enter) => {
        const { future, reject } = Future.withResolvers()
        const retried = scheduler.spawn(() => future, { retry: { retries: 1, delay: 1 } })
        retried.catch(() => {})
        enter()
        return () => reject(new Error('twice'))
      },
    ],
    [
      'cancels all, where a listener calls again',
      (scheduler, enter) => {
        const running = scheduler.spawn(() => {})
        running.onSettled(enter)
        return () => scheduler.cancel()
      },
    ],
  ])('R6 does not leak: what a body enters is not seen by who %s', async (_what, prepare) => {
    const storage = new AsyncLocalStorage<string>()
    const seen = await Promise.all(
      ['own', undefined].map((store) =>
        storage.run(store as string, async () => {
          const scheduler = new Scheduler({ concurrency: 1, slice: Infinity })
          const entered = vi.fn(() => storage.enterWith('of the body'))
          const free = prepare(scheduler, scheduler.task(entered))
          await null

          free()

          const isInside = entered.mock.calls.length > 0
          const here = storage.getStore()
          await scheduler.idle()
          return [isInside, here]
        }),
      ),
    )

    expect(seen).toEqual([
      [true, 'own'],
      [true, undefined],
    ])
  })

  it('R6 does not leak: what a body enters is not seen by the caller that starts it', () => {
    const storage = new AsyncLocalStorage<string>()
    const enter = new Scheduler({ start: 'eager' }).task(() => storage.enterWith('of the body'))
    const enterHere = (): unknown => {
      enter()
      return storage.getStore()
    }

    const seen = [storage.run('own', enterHere), enterHere()]

    expect(seen).toEqual(['own', undefined])
  })

  it('R6 is that of the call in every attempt, whatever the one before has entered', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    const scheduler = new Scheduler()
    const call = scheduler.task(
      () => {
        seen.push(storage.getStore())
        storage.enterWith('of an attempt')
        throw new Error('again')
      },
      { retry: { retries: 2 } },
    )

    const failed = [storage.run('own', () => call()), call()].map((it) => it.catch(() => {}))
    await Promise.all(failed)

    expect(seen.toSorted()).toEqual(['own', 'own', 'own', undefined, undefined, undefined])
  })

  it('R6 carries every storage, those made between two calls too', async () => {
    const scheduler = new Scheduler({ concurrency: 1 })
    const first = new AsyncLocalStorage<number>()
    const storages = [first]
    const read = scheduler.task(() => storages.map((storage) => storage.getStore()))
    const futures = first.run(1, () => {
      const before = read()
      const second = new AsyncLocalStorage<number>()
      storages.push(second)
      return [before, second.run(2, () => read()), read()]
    })

    expect(await Promise.all(futures)).toEqual([
      [1, undefined],
      [1, 2],
      [1, undefined],
    ])
  })

  it('R6 is always the one of its call, whatever the limit and the order', async () => {
    const calls = fc.array(
      fc.record({
        store: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
        sync: fc.boolean(),
        inner: fc.option(fc.nat({ max: 5 }), { nil: undefined }),
        priority: fc.nat({ max: 2 }),
      }),
      { maxLength: 12 },
    )
    const start = fc.constantFrom('deferred' as const, 'eager' as const, 'lazy' as const)
    await fc.assert(
      fc.asyncProperty(calls, start, fc.integer({ min: 1, max: 4 }), async (list, mode, slots) => {
        const storage = new AsyncLocalStorage<number | undefined>()
        const scheduler = new Scheduler({ start: mode, concurrency: slots })
        const read = (): number | undefined => storage.getStore()
        const futures = list.map(({ store, sync, inner, priority }) =>
          storage.run(store, () =>
            scheduler.spawn(
              () => {
                const seen = [read()]
                const nested = storage.run(inner, () => scheduler.spawn(read))
                nested.then((it) => seen.push(it))
                return sync ? seen : nested.then(() => [...seen, read()])
              },
              { priority },
            ),
          ),
        )
        // A body that waits for another needs a slot more.
        scheduler.concurrency = slots + list.length

        const seen = await Promise.all(futures)
        await scheduler.idle()

        expect(seen).toEqual(
          list.map(({ store, sync, inner }) => (sync ? [store, inner] : [store, inner, store])),
        )
      }),
      { numRuns: 50 },
    )
  })
})

describe('the async context of a body, in a program that enters its first one late', () => {
  const scenes: [string, string][] = [
    [
      'between two queued calls',
      `
      const scheduler = new Scheduler({ concurrency: 1 })
      const body = Future.withResolvers()
      scheduler.spawn(() => body.future)
      const before = scheduler.spawn(read)
      storage.enterWith('entered')
      const after = scheduler.spawn(read)
      body.resolve()
      show(await before, await after)`,
    ],
    [
      'where the slot is freed',
      `
      const scheduler = new Scheduler({ concurrency: 1 })
      const body = Future.withResolvers()
      scheduler.spawn(() => body.future)
      const before = scheduler.spawn(read)
      await null
      storage.run('entered', () => body.resolve())
      const after = storage.run('entered', () => scheduler.spawn(read))
      show(await before, await after)`,
    ],
    [
      'inside a body that runs before the next',
      `
      const scheduler = new Scheduler({ concurrency: 1 })
      let after
      scheduler.spawn(() => {
        storage.enterWith('entered')
        after = scheduler.spawn(read)
      })
      const before = scheduler.spawn(read)
      show(await before, await after)`,
    ],
    [
      'by a body alone',
      `
      const scheduler = new Scheduler({ concurrency: 1 })
      scheduler.spawn(() => storage.enterWith('entered'))
      const before = scheduler.spawn(read)
      show(await before, 'entered')`,
    ],
    [
      'by a body that throws',
      `
      const scheduler = new Scheduler()
      const failing = scheduler.spawn(() => {
        storage.enterWith('entered')
        throw new Error('boom')
      })
      failing.catch(() => {})
      const before = scheduler.spawn(read)
      show(await before, 'entered')`,
    ],
    [
      'by a listener',
      `
      const scheduler = new Scheduler({ concurrency: 1 })
      scheduler.spawn(() => {}).onSettled(() => storage.enterWith('entered'))
      const before = scheduler.spawn(read)
      show(await before, 'entered')`,
    ],
    [
      'before a turn of the event loop',
      `
      const scheduler = new Scheduler({ slice: 0 })
      scheduler.spawn(() => {
        const end = performance.now() + 1
        while (performance.now() < end);
        storage.enterWith('entered')
      })
      const before = scheduler.spawn(read)
      show(await before, 'entered')`,
    ],
    [
      'by a task that wakes the queue',
      `
      const scheduler = new Scheduler()
      scheduler.pause()
      const before = scheduler.spawn(read)
      let after
      storage.run('entered', () => {
        after = scheduler.spawn(read)
        scheduler.resume()
      })
      show(await before, await after)`,
    ],
    [
      'by who collects a lazy future',
      `
      const scheduler = new Scheduler({ start: 'lazy' })
      const before = scheduler.spawn(read)
      const after = storage.run('entered', () => {
        before.catch(() => {})
        return scheduler.spawn(read)
      })
      show(await before, await after)`,
    ],
  ]

  // A program for each: what a process has seen once it does not forget. All run at once.
  let workshop: Workshop
  let ended: ReadonlyMap<string, Ended>
  beforeAll(async () => {
    workshop = openWorkshop()
    ended = new Map(
      await Promise.all(
        scenes.map(async ([where, scene]) => [where, await workshop.run(program(scene))] as const),
      ),
    )
  })
  afterAll(() => {
    workshop.remove()
  })

  const program = (scene: string): string => `
    import { AsyncLocalStorage } from 'node:async_hooks'
    import { Future, Scheduler } from 'gatherly'
    const storage = new AsyncLocalStorage()
    const read = () => storage.getStore() ?? 'none'
    const show = (before, after) => console.log('before ' + before + ', after ' + after)
    ${scene}
  `

  it.each(scenes)('R6 is the one of its call: %s', (where) => {
    expect(ended.get(where)).toEqual({
      code: 0,
      stdout: 'before none, after entered\n',
      stderr: '',
    })
  })
})
