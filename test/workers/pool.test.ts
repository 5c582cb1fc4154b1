import { threadId } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { survivorsOf } from '../support/collected.ts'
import {
  core,
  eventually,
  gatherSync,
  Meeting,
  poolOf,
  sharedPoolOf,
  transfer,
  workers,
} from '../support/pools.ts'
import { turn } from '../support/timed.ts'

interface Values {
  echo<T>(value: T): T
  count(...values: unknown[]): number
  later<T>(value: T): Promise<T>
  add(a: number, b: number): number
  where(): number
  self(): string | true
  lengthOf(bytes: ArrayBuffer | Uint8Array): number
  note(cells: Int32Array, value: number): void
  uncloneable(): object
  fresh(size: number): Uint8Array
  readonly version: string
}

interface Steps {
  come(cells: Int32Array): void
  pass<T>(cells: Int32Array, value?: T): T
  passThenFail(cells: Int32Array, message: string): never
  note(cells: Int32Array, value: number): void
  echo<T>(value: T): T
  lengthOf(bytes: ArrayBuffer): number
}

interface Bodies {
  name(): string
  nameAfterAwait(): Promise<string>
  enter(value: string): Promise<string>
  stored(): string | undefined
  moved(size: number): Uint8Array
  lastMoved(): Promise<number>
  failTwice(): number
}

interface Failures {
  fail(): never
  failLater(): Promise<never>
  throwValue(value: unknown): never
  throwFunction(): never
  abortError(): never
  cyclic(): never
  giveError(): Error
}

const { gather, InvalidStateError } = core
const values = sharedPoolOf<Values>('values.mjs', { threads: 1 })
const bodies = sharedPoolOf<Bodies>('bodies.mjs', { threads: 1 })
const failures = sharedPoolOf<Failures>('failures.mjs', { threads: 1 })

const failureOf = (future: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(future).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe('a pool', () => {
  it('R23 hands a call to a free thread inside the call, running from then on', async () => {
    const meeting = new Meeting()
    const pool = poolOf<Steps>('steps.mjs', { threads: 2 })
    const seen = (): unknown => [pool.running, pool.queued, pool.threads]

    const before = seen()
    const first = pool.tasks.pass(meeting.cells, 1)
    const afterFirst = [first.status, seen()]
    const second = pool.tasks.pass(meeting.cells, 2)
    const third = pool.tasks.pass(meeting.cells, 3)

    expect(before).toEqual([0, 0, 0])
    expect(afterFirst).toEqual(['running', [1, 0, 1]])
    expect([second.status, third.status, seen()]).toEqual(['running', 'scheduled', [2, 1, 2]])

    meeting.open()
    expect(await gather(first, second, third)).toEqual([1, 2, 3])
    expect([first.status, seen()]).toEqual(['fulfilled', [0, 0, 2]])
  })

  it('R23 starts the bodies while this thread is blocked from the first line on', async () => {
    const meeting = new Meeting()
    const pool = poolOf<Steps>('steps.mjs', { threads: 2 })

    const futures = [pool.tasks.pass(meeting.cells, 'a'), pool.tasks.pass(meeting.cells, 'b')]
    meeting.block(2)

    expect(futures.map(({ status }) => status)).toEqual(['running', 'running'])
    meeting.open()
    expect(await gather(futures)).toEqual(['a', 'b'])
  })

  it('R23 starts calls that wait, of any arguments, while this thread is blocked', async () => {
    const meeting = new Meeting()
    const log = new Int32Array(new SharedArrayBuffer(64))
    const pool = poolOf<Steps>('steps.mjs', { threads: 1 })

    const first = pool.tasks.pass(meeting.cells)
    const noted = [1, 2, 3].map((value) => pool.tasks.note(log, value))
    const come = pool.tasks.come(meeting.cells)
    meeting.open()
    meeting.block(2)

    expect([...log.subarray(0, 5)]).toEqual([3, 0, 1, 2, 3])
    await gather([first, ...noted, come])
  })

  it('R23 runs none of a body on this thread', async () => {
    expect(await values.tasks.where()).not.toBe(threadId)
  })

  it('R23 starts threads on demand, and calls one after the other need one', async () => {
    const pool = poolOf<Values>('values.mjs', { threads: 4 })

    for (let i = 0; i < 5; i++) await pool.tasks.add(i, 1)

    expect(pool.threads).toBe(1)
  })

  it('R23 tells a body its name, also that of a task with another one', async () => {
    const { name } = bodies.tasks
    const renamed = name.with({ name: 'greeting' })

    expect([name.name, renamed.name, renamed().name]).toEqual(['name', 'greeting', 'greeting'])
    expect(await gather(name(), renamed(), name())).toEqual(['name', 'greeting', 'name'])
  })

  it('R23 has no context() after the first await of a body', async () => {
    const error = await failureOf(bodies.tasks.nameAfterAwait())

    expect((error as Error).name).toBe('InvalidStateError')
  })

  it('R23 runs a body in no async context of the body before', async () => {
    const entered = bodies.tasks.enter('secret')
    const stored = bodies.tasks.stored()

    expect(await gather(entered, stored, bodies.tasks.stored())).toEqual([
      'secret',
      undefined,
      undefined,
    ])
  })

  it('R23 tries again, and hands the same arguments over', async () => {
    const { failTwice } = bodies.tasks
    const retried = failTwice.with({ retry: { retries: 2 } })

    expect(await retried()).toBe(3)
    expect(gatherSync(failTwice.with({ retry: { retries: 2, delay: 1 } })())).toEqual([6])
  })

  it('R23 times a body out', async () => {
    const meeting = new Meeting()
    const pool = poolOf<Steps>('steps.mjs', { threads: 1 })

    const future = pool.tasks.pass.with({ timeout: 1 })(meeting.cells)
    meeting.block(1)
    const error = await failureOf(future)

    expect(error).toBeInstanceOf(core.TimeoutError)
    expect(pool.running).toBe(1)
    meeting.open()
    await eventually(() => pool.running === 0)
  })

  it('R23 leaves a lazy call alone until somebody wants it', async () => {
    const pool = poolOf<Values>('values.mjs', { threads: 1, start: 'lazy' })

    const future = pool.tasks.add(1, 2)
    const before = [future.status, pool.running, pool.queued, pool.threads]
    const sum = await future

    expect([before, sum]).toEqual([['scheduled', 0, 0, 0], 3])
  })

  it('R23 runs no body under a signal that was aborted before', async () => {
    const signal = AbortSignal.abort(new Error('too late'))
    const pool = poolOf<Values>('values.mjs', { threads: 1, signal })

    const bySignalOfPool = pool.tasks.add(1, 2)
    const bySignalOfTask = values.tasks.add.with({ signal })(1, 2)

    expect([bySignalOfPool.status, bySignalOfTask.status]).toEqual(['cancelled', 'cancelled'])
    expect(await failureOf(gather(bySignalOfPool, bySignalOfTask))).toBe(signal.reason)
    expect(pool.threads).toBe(0)
  })

  it('R23 takes part in groups', async () => {
    const meeting = new Meeting()
    const pool = poolOf<Steps>('steps.mjs', { threads: 2 })

    const run = core.TaskGroup.run((group) => {
      const slow = group.add(pool.tasks.pass(meeting.cells))
      slow.onSettled(() => meeting.open())
      group.add(pool.tasks.passThenFail(new Meeting().cells.fill(1), 'one failed'))
      return slow
    })

    expect(await failureOf(run)).toEqual(new Error('one failed'))
    expect(pool.running).toBe(0)
  })

  it('R23 reports a failure that nobody collects', async () => {
    const reported: unknown[] = []
    const stop = core.onUncollected(({ name, reason }) => reported.push([name, `${reason}`]))
    const settled = core.Future.withResolvers<void>()

    const reference = ((): WeakRef<object> => {
      const future = failures.tasks.throwValue('dropped')
      future.onSettled(() => settled.resolve())
      return new WeakRef(future)
    })()
    await settled.future
    expect(await survivorsOf([reference])).toBe(0)
    for (let tries = 0; tries < 100 && reported.length === 0; tries++) await turn()
    stop()

    expect(reported).toEqual([['throwValue', 'dropped']])
  })

  it('R23 lets go of arguments and results once a call is over', async () => {
    const references = await (async () => {
      const argument = { big: [1, 2, 3] }
      const result = (await values.tasks.echo(argument)) as object
      return [new WeakRef<object>(argument), new WeakRef(result)]
    })()
    await values.tasks.add(1, 2)

    expect(await survivorsOf(references)).toBe(0)
  })

  it('R5 throws InvalidStateError once it is closed, and finishes what it has', async () => {
    const meeting = new Meeting()
    const pool = poolOf<Steps>('steps.mjs', { threads: 1, name: 'crunch' })
    const running = pool.tasks.pass(meeting.cells, 'ran')
    const waiting = pool.tasks.echo('waited')

    const closed = pool[Symbol.asyncDispose]()

    expect(() => pool.tasks.echo(1)).toThrow(InvalidStateError)
    expect(() => pool.tasks.echo(1)).toThrow('crunch')
    expect([running.status, waiting.status]).toEqual(['running', 'scheduled'])
    meeting.open()
    await closed
    expect([running.value, waiting.value, pool.threads]).toEqual(['ran', 'waited', 0])
  })

  it('R5 gives each task once, and is no promise', async () => {
    const { tasks } = values

    expect(tasks.add).toBe(tasks.add)
    expect(await Promise.resolve(tasks)).toBe(tasks)
    expect(() => Object.assign(tasks, { add: 1 })).toThrow(TypeError)
  })
})

describe('the order of a pool', () => {
  const start = (): {
    pool: ReturnType<typeof poolOf<Steps>>
    meeting: Meeting
    log: Int32Array
  } => {
    const pool = poolOf<Steps>('steps.mjs', { threads: 1 })
    const meeting = new Meeting()
    pool.tasks.pass(meeting.cells)
    meeting.block(1)
    return { pool, meeting, log: new Int32Array(new SharedArrayBuffer(64)) }
  }
  const notesIn = (log: Int32Array): number[] => [...log.subarray(2, 2 + (log[0] as number))]

  it('R2 starts calls by priority, then in the order of the calls', () => {
    const { pool, meeting, log } = start()
    const { note } = pool.tasks

    const futures = [0, 5, 5, -1, 0, 9].map((priority, i) => note.with({ priority })(log, i))
    meeting.open()
    gatherSync(futures)

    expect(notesIn(log)).toEqual([5, 1, 2, 0, 4, 3])
  })

  it('R2 puts an urgent call before others, whatever became of the last of those', () => {
    const { pool, meeting, log } = start()
    const { note } = pool.tasks

    const first = note(log, 1)
    const last = note(log, 2)
    last.cancel()
    const urgent = note.with({ priority: 1 })(log, 3)
    meeting.open()
    gatherSync(first, urgent)

    expect(notesIn(log)).toEqual([3, 1])
  })

  it('R2 keeps arguments that are moved for the turn of their call', () => {
    const { pool, meeting } = start()
    const buffer = new ArrayBuffer(8)

    const moving = pool.tasks.lengthOf(transfer(buffer, [buffer]))
    const urgent = pool.tasks.echo.with({ priority: 1 })('urgent')
    meeting.open()

    expect(gatherSync(moving, urgent)).toEqual([8, 'urgent'])
    expect(buffer.byteLength).toBe(0)
  })

  it('R23 gives a call to whichever thread is free first, though its arguments went to another', async () => {
    const pool = poolOf<Steps>('steps.mjs', { threads: 2 })
    const [long, short] = [new Meeting(), new Meeting()]
    const blocking = pool.tasks.pass(long.cells)
    const soon = pool.tasks.pass(short.cells)
    long.block(1)
    short.block(1)
    const buffers = [1, 2, 3].map((size) => new ArrayBuffer(size))

    const cloned = [1, 2, 3, 4].map((value) => pool.tasks.echo({ value }))
    const moved = buffers.map((buffer) => pool.tasks.lengthOf(transfer(buffer, [buffer])))
    short.open()

    expect(await gather(cloned)).toEqual([1, 2, 3, 4].map((value) => ({ value })))
    expect(await gather(moved)).toEqual([1, 2, 3])
    expect(blocking.done).toBe(false)
    long.open()
    await gather(blocking, soon)
  })

  it('R23 wakes a thread for every call, whichever way its arguments go', async () => {
    const { echo, count } = values.tasks
    const uncloneable = (): void => {}

    for (let i = 0; i < 800; i++) {
      expect(await echo({ i })).toEqual({ i })
      if (i % 4 === 0) await failureOf(echo(uncloneable))
      expect(await count(i)).toBe(1)
    }
  })

  it('R2 gives back the results of 100 000 calls that had to wait', async () => {
    const { add } = values.tasks
    const futures = Array.from({ length: 100_000 }, (_, i) => add(i, 1))

    expect(values.queued).toBe(99_999)
    const sums = await gather(futures)

    expect(sums.every((sum, i) => sum === i + 1)).toBe(true)
    expect([values.running, values.queued]).toEqual([0, 0])
  })

  it('R2 keeps the order of more calls than the board has room for', () => {
    const { pool, meeting } = start()
    const log = new Int32Array(new SharedArrayBuffer(4 * 3002))
    const { note } = pool.tasks

    const futures = Array.from({ length: 3000 }, (_, i) => note.with({ priority: i % 2 })(log, i))
    meeting.open()
    gatherSync(futures)

    const order = Array.from({ length: 3000 }, (_, i) => i)
    expect(notesIn(log)).toEqual([
      ...order.filter((i) => i % 2 === 1),
      ...order.filter((i) => i % 2 === 0),
    ])
  })
})

describe('arguments and results', () => {
  it.each([
    [undefined],
    [null],
    [true],
    [-0],
    [Number.NaN],
    [Number.NEGATIVE_INFINITY],
    [2 ** 53],
    [''],
    ['ü𝄞\ud800'],
    ['long '.repeat(7)],
    ['longer '.repeat(7)],
    [10n ** 30n],
    [[1, 'two', { three: 3 }]],
    [new Map([['key', new Set([new Date(5)])]])],
    [/a+/g],
    [new Float64Array([1.5, -2])],
  ])('R24 hands over %s', async (value) => {
    expect(await values.tasks.echo(value)).toStrictEqual(value)
    expect(await values.tasks.later(value)).toStrictEqual(value)
    expect(gatherSync(values.tasks.echo(value))).toStrictEqual([value])
  })

  it.each([0, 1, 8, 9, 40])('R24 hands over %i arguments', async (length) => {
    const list = Array.from({ length }, (_, i) => (i % 2 ? `argument ${i}` : i))

    expect(await values.tasks.count(...list)).toBe(length)
  })

  it('R24 shares what is in shared memory', async () => {
    const cells = new Int32Array(new SharedArrayBuffer(8))

    await values.tasks.note(cells, 7)

    expect([...cells]).toEqual([1, 7])
  })

  it('R24 moves arguments and results that are to be moved', async () => {
    const bytes = new Uint8Array(64)

    const length = await values.tasks.lengthOf(transfer(bytes, [bytes.buffer]))
    const result = await bodies.tasks.moved(16)

    expect([length, bytes.byteLength]).toEqual([64, 0])
    expect([result.byteLength, await bodies.tasks.lastMoved()]).toEqual([16, 0])
  })

  it('R24 names the task and the argument that cannot be cloned', async () => {
    const error = (await failureOf(
      values.tasks.echo.with({ name: 'send' })({ deep: [() => {}] }),
    )) as DOMException

    expect(error).toBeInstanceOf(DOMException)
    expect(error.name).toBe('DataCloneError')
    expect(error.message).toMatch(/"send".*argument 1.*deep/)
    expect(await values.tasks.add(1, 2)).toBe(3)
  })

  it('R24 names a waiting task, too, in its turn or before', async () => {
    const slow = values.tasks.later(1)
    const futures = [1, 2, 3].map((n) => values.tasks.echo(n === 2 ? Symbol('no') : n))
    const settled = await core.gatherSettled(futures)

    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await slow).toBe(1)
  })

  it('R24 says that a future is no argument', async () => {
    const given = core.Future.resolve(1)

    const error = await failureOf(values.tasks.echo(given))

    expect((error as Error).message).toMatch(/"echo".*argument 1 is a future; await it/)
  })

  it('R24 names the task whose result cannot be cloned', async () => {
    const error = await failureOf(values.tasks.uncloneable.with({ name: 'make' })())

    expect((error as Error).name).toBe('DataCloneError')
    expect((error as Error).message).toMatch(/"make".*the result.*deep/)
  })

  it.each(['missing', 'version', 'toString', 'constructor', '__proto__'])(
    'R24 fails the call of "%s", which is no function of the module',
    async (name) => {
      const error = await failureOf(
        (values.tasks as unknown as Record<string, () => never>)[name]?.() as never,
      )

      expect(error).toBeInstanceOf(TypeError)
      expect((error as Error).message).toContain(name)
    },
  )

  it('R24 keeps class name, message, stack, cause and own properties of an error', async () => {
    const error = (await failureOf(failures.tasks.fail())) as RangeError & { order: object }

    expect(error).toBeInstanceOf(RangeError)
    expect([error.name, error.message]).toEqual(['OrderError', 'no such order'])
    expect(error.stack).toContain('failures.mjs')
    expect(error.order).toEqual({ id: 7, lines: [1, 2] })
    expect('callback' in error).toBe(false)
    expect(error.cause).toBeInstanceOf(TypeError)
    expect((error.cause as Error).cause).toBe('data')
  })

  it('R24 keeps the errors of an AggregateError', async () => {
    const error = (await failureOf(failures.tasks.failLater())) as AggregateError

    expect(error).toBeInstanceOf(AggregateError)
    expect([error.message, error.errors]).toEqual(['both', [new RangeError('a'), 'b']])
  })

  it.each([[undefined], [null], [0], ['text'], [{ code: 7 }]])(
    'R24 hands over what is no error when it is thrown: %o',
    async (value) => {
      expect(await failureOf(failures.tasks.throwValue(value))).toEqual(value)
    },
  )

  it('R24 hands over a DOMException, a cycle, and says what was thrown that cannot be', async () => {
    const exception = (await failureOf(failures.tasks.abortError())) as DOMException
    const cyclic = (await failureOf(failures.tasks.cyclic())) as Error
    const uncloneable = (await failureOf(failures.tasks.throwFunction())) as Error

    expect(exception).toBeInstanceOf(DOMException)
    expect([exception.name, exception.message]).toEqual(['NotFoundError', 'gone'])
    expect(cyclic.cause).toBe(cyclic)
    expect(uncloneable).toBeInstanceOf(Error)
    expect(uncloneable.message).toContain('function')
  })

  it('R24 gives an error that is a result as a result', async () => {
    const error = (await failures.tasks.giveError()) as RangeError

    expect(error).toBeInstanceOf(RangeError)
    expect([error.name, error.message]).toEqual(['OrderError', 'as a value'])
  })
})

describe('terminate()', () => {
  it('R25 fails a call that no thread has begun, from within a listener, too', async () => {
    const pool = poolOf<Steps>('steps.mjs', { threads: 2 })
    const [meeting, reason] = [new Meeting(), new Error('shutting down')]
    const [handed, other] = [pool.tasks.echo(1), pool.tasks.pass(meeting.cells)]
    const waiting = pool.tasks.echo(3)
    const ended = core.Future.withResolvers<void>()

    handed.onSettled(() => void pool.terminate(reason).then(ended.resolve))
    handed.cancel()
    await ended.future

    expect([handed.status, other.status, waiting.status]).toEqual([
      'cancelled',
      'rejected',
      'cancelled',
    ])
    expect(await failureOf(other)).toBeInstanceOf(workers.WorkerLostError)
    expect((other.reason as Error).cause).toBe(reason)
    expect(waiting.reason).toBe(reason)
    expect([pool.running, pool.queued, pool.threads]).toEqual([0, 0, 0])
  })
})

describe('what was transferred once', () => {
  it('R24 is refused the second time, by name, and its thread goes on', async () => {
    const pool = poolOf<{ add(a: unknown, b: unknown): unknown }>('nested.mjs', { threads: 1 })
    const bytes = new Uint8Array(8)
    transfer(bytes, [bytes.buffer])
    await pool.tasks.add(bytes, 1).catch(() => {})

    const again = pool.tasks.add(bytes, 1)

    await expect(again).rejects.toMatchObject({ name: 'DataCloneError' })
    await expect(again).rejects.toThrow('The task "add" cannot be given to a thread: argument 1')
    expect(await pool.tasks.add(1, 2)).toBe(3)
    expect(pool.threads).toBe(1)
  })
})

describe('the tasks of a pool', () => {
  it('make no calls by being printed', async () => {
    const pool = poolOf<{ add(a: number, b: number): number }>('nested.mjs', { threads: 1 })

    expect([JSON.stringify(pool.tasks), `${pool.tasks}`]).toEqual(['{}', '[object Tasks]'])
    expect([pool.running, pool.queued, pool.threads]).toEqual([0, 0, 0])
  })
})
