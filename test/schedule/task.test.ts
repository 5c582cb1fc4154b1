import { Future, Scheduler, task } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { explode, HOSTILE } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { valueAfter } from '../support/timed.ts'

stopRealTime()

describe('task(), called', () => {
  it('R1 runs none of the body, and gives a future that is scheduled and empty', async () => {
    const log: string[] = []
    const work = task(() => {
      log.push('body')
      return 1
    })

    const future = work()
    log.push('returned')

    expect([future.status, future.value, future.done]).toEqual(['scheduled', undefined, false])
    expect(await future).toBe(1)
    expect(log).toEqual(['returned', 'body'])
  })

  it('R1 has started the body after one `await null`', async () => {
    const work = task(() => new Promise<number>((resolve) => setImmediate(resolve, 1)))
    const future = work()

    await null

    expect(future.status).toBe('running')
    expect(await future).toBe(1)
  })

  it('R1 starts the bodies of all calls so far in one microtask', async () => {
    const log: string[] = []
    const work = task((name: string) => void log.push(name))
    work('a')
    queueMicrotask(() => log.push('a microtask after the first call'))
    work('b')
    work('c')

    await null

    expect(log).toEqual(['a', 'b', 'c', 'a microtask after the first call'])
  })

  it('R4 gives a value that is a future, fulfilled when its body is', async () => {
    const clock = new VirtualClock()
    const work = new Scheduler({ clock }).task(async (milliseconds: number) => {
      await clock.sleep(milliseconds)
      return clock.now()
    })
    const futures = [work(20), work(10)]

    await clock.advance(15)
    expect(futures.map(({ status, value }) => [status, value])).toEqual([
      ['running', undefined],
      ['fulfilled', 10],
    ])
    await clock.run()

    expect(futures[0]?.result()).toBe(20)
  })

  it('hands the arguments on, as many as there are', async () => {
    const work = task((...values: unknown[]) => values)
    const many = [...Array(1000).keys()]

    expect(await work()).toEqual([])
    expect(await work(undefined)).toEqual([undefined])
    expect(await work(1, 'two', [3])).toEqual([1, 'two', [3]])
    expect(await work(...many)).toEqual(many)
  })

  it('gives every call a run of its own', async () => {
    const work = task(async (n: number) => {
      await null
      return n * n
    })

    expect(await Promise.all([work(1), work(2), work(3)])).toEqual([1, 4, 9])
  })

  it('takes over the outcome of a future its body gives, a cancel included', async () => {
    const { future } = Future.withResolvers<number>()
    const fulfilled = task(() => Future.resolve(1))()
    const cancelled = task(() => future)()
    await null

    future.cancel('enough')

    expect([fulfilled.status, fulfilled.value]).toEqual(['fulfilled', 1])
    expect([cancelled.status, cancelled.reason]).toEqual(['cancelled', 'enough'])
  })
})

describe.each(['deferred', 'eager', 'lazy'] as const)('a task called as a method, %s', (start) => {
  it('R5 hands `this` on', async () => {
    const scheduler = new Scheduler({ start })
    const counter = {
      count: 40,
      add: scheduler.task(function (this: { count: number }, more: number) {
        return this.count + more
      }),
      get: scheduler.task(function (this: { count: number }) {
        return this.count
      }),
    }

    expect(await counter.add(2)).toBe(42)
    expect(await counter.get()).toBe(40)
  })

  it('R5 hands on the `this` of call, apply and bind, and of a prototype', async () => {
    const scheduler = new Scheduler({ start })
    const self = scheduler.task(function (this: unknown) {
      return this
    })
    const bound: object = {}
    class Box {
      declare self: typeof self
    }
    Box.prototype.self = self
    const box = new Box()

    expect(await self.call(bound)).toBe(bound)
    expect(await self.apply(5, [])).toBe(5)
    expect(await self.bind(bound)()).toBe(bound)
    expect(await box.self()).toBe(box)
    expect(await self()).toBe(undefined)
  })

  it('R5 hands on a `this` together with arguments when the call waits for a slot', async () => {
    const scheduler = new Scheduler({ start, concurrency: 1 })
    const work = scheduler.task(async function (this: unknown, n: number) {
      await null
      return [this, n]
    })

    expect(await Promise.all([1, 2, 3].map((n) => work.call('self', n)))).toEqual([
      ['self', 1],
      ['self', 2],
      ['self', 3],
    ])
  })
})

describe('task(), and failures', () => {
  it.each([
    ['an error', new Error('boom')],
    ['undefined', undefined],
    ['a string', 'boom'],
    ['null', null],
  ])('R5 rejects with what the body throws, as it is: %s', async (_what, reason) => {
    const thrown = task(() => {
      throw reason
    })()
    const rejected = task(() => Promise.reject(reason))()
    const seen = await Promise.allSettled([thrown, rejected])

    expect(seen).toEqual([
      { status: 'rejected', reason },
      { status: 'rejected', reason },
    ])
  })

  it('R5 never throws at the call, whatever its body does', async () => {
    const strays = await strayErrorsDuring(async () => {
      const calls = (['deferred', 'eager', 'lazy'] as const).map((start) =>
        new Scheduler({ start }).task(explode)(),
      )
      expect(await Promise.allSettled(calls)).toEqual(
        calls.map(() => ({ status: 'rejected', reason: HOSTILE })),
      )
    })

    expect(strays).toEqual([])
  })

  it('R5 rejects for a class, which cannot be called', async () => {
    class Box {}

    await expect(task(Box as unknown as () => Box)()).rejects.toThrow(TypeError)
  })

  it('R9 rejects with a TypeError when the body gives its own future', async () => {
    const own: Future<unknown> = task(() => own)()

    await expect(own).rejects.toThrow(TypeError)
  })

  it('R9 takes the first word of a thenable that calls back twice, both ways, or throws late', async () => {
    type Call = (value: unknown) => void
    const thens = [
      (resolve: Call) => {
        resolve('first')
        resolve('second')
      },
      (resolve: Call, reject: Call) => {
        resolve('first')
        reject('second')
      },
      (resolve: Call) => {
        resolve('first')
        explode()
      },
    ]

    const strays = await strayErrorsDuring(async () => {
      const futures = thens.map((then) => task(() => ({ then }))())
      expect(await Promise.all(futures)).toEqual(['first', 'first', 'first'])
    })

    expect(strays).toEqual([])
  })

  it('R9 rejects with what a getter of `then` throws', async () => {
    const work = task(() => Object.defineProperty({}, 'then', { get: explode }))

    await expect(work()).rejects.toBe(HOSTILE)
  })
})

describe('task(), named', () => {
  it('takes its name from its options, else from its body, else `anonymous`', () => {
    const named = task(function fetchUser() {}, { name: 'users' })
    const ofBody = task(function fetchUser() {})
    const anonymous = task(() => {})

    expect([named.name, ofBody.name, anonymous.name]).toEqual(['users', 'fetchUser', 'anonymous'])
  })

  it('gives its name to its futures', async () => {
    const future = task(() => {}, { name: 'users' })()

    expect(future.name).toBe('users')
    await future
  })

  it.each([
    ['a number', Object.defineProperty(() => 1, 'name', { value: 5 })],
    ['an object', Object.defineProperty(() => 1, 'name', { value: {} })],
    ['a symbol', Object.defineProperty(() => 1, 'name', { value: Symbol('name') })],
    ['missing', Object.defineProperty(() => 1, 'name', { value: undefined })],
  ])('is called `anonymous` when the name of its body is no string but %s', async (_what, body) => {
    const work = task(body)
    const future = work()

    expect([work.name, future.name]).toEqual(['anonymous', 'anonymous'])
    expect(await future).toBe(1)
  })
})

describe('task.with()', () => {
  it('gives the same task with its options over the old ones, and leaves the old task alone', () => {
    const work = task(() => {}, { name: 'work' })

    expect(work.with({ name: 'other' }).name).toBe('other')
    expect(work.with({ priority: 1 }).name).toBe('work')
    expect(work.with({}).name).toBe('work')
    expect(work.name).toBe('work')
  })

  it('resets one that is given as `undefined`', () => {
    const work = task(function body() {}, { name: 'work' })

    expect(work.with({ name: undefined }).name).toBe('body')
  })

  it('merges over several steps', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const work = scheduler.task(() => clock.sleep(100), { name: 'work', timeout: 10 })
    const patient = work.with({ name: 'patient' }).with({ timeout: undefined })
    const futures = [work(), patient()]
    futures[0]?.catch(() => {})

    await clock.run()

    expect(futures.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'work: cancelled',
      'patient: fulfilled',
    ])
  })

  it('keeps the scheduler, the body and its `this`', async () => {
    const scheduler = new Scheduler()
    const work = scheduler
      .task(function (this: unknown, n: number) {
        return [this, n]
      })
      .with({ name: 'renamed' })

    const future = work.call('self', 1)

    expect(scheduler.queued).toBe(1)
    expect(await future).toEqual(['self', 1])
  })

  it('takes its options as they are now: what is changed in them later has no effect', async () => {
    const clock = new VirtualClock()
    const options = { name: 'work', timeout: 100, priority: 0 }
    const scheduler = new Scheduler({ clock })
    const work = scheduler.task(() => clock.sleep(50), options)
    const other = work.with(options)

    Object.assign(options, { name: 'changed', timeout: 1 })
    const futures = [work(), other()]
    await clock.run()

    expect(futures.map(({ name, status }) => `${name}: ${status}`)).toEqual([
      'work: fulfilled',
      'work: fulfilled',
    ])
  })
})

describe('tasks at module level', () => {
  it('R5 run on a scheduler without a limit', async () => {
    const clock = new VirtualClock()
    const log: number[] = []
    const work = task((n: number) => {
      log.push(n)
      return valueAfter(clock, 10, n)
    })
    const futures = Array.from({ length: 1000 }, (_, n) => work(n))

    await clock.advance(0)

    expect(log).toEqual([...Array(1000).keys()])
    await clock.run()
    expect(futures.every(({ status }) => status === 'fulfilled')).toBe(true)
  })
})
