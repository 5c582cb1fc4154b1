import { describe, expect, it } from 'vitest'
import { core, eventually, gatherSync, Meeting, poolOf } from '../support/pools.ts'

interface Nested {
  fib(n: number): number
  fibAsync(n: number): Promise<number>
  fibMixed(n: number): Promise<number>
  depth(n: number): number
  depthAsync(n: number): Promise<number>
  failBelow(n: number): never
  failBelowAsync(n: number): Promise<never>
  caught(): Promise<unknown>
  blockOnLater<T>(value: T): T
  cancelled(): Promise<unknown>
  cancelRunning(cells: Int32Array): Promise<unknown>
  moving(): Promise<unknown>
  copies(): Promise<unknown>
  uncloneable(): Promise<[string, string]>
  blockOnPlain(): string
  blockUntilCancelled(cells: Int32Array, told: Int32Array): never
  passThenNest(cells: Int32Array, value: unknown): Promise<unknown>
  blockThenNest(cells: Int32Array, value: unknown): unknown
  waitFor(cells: Int32Array): Promise<void>
}

const failureOf = (future: PromiseLike<unknown>): Promise<unknown> =>
  Promise.resolve(future).then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe.each([1, 3])('a body that calls tasks of its own pool of %i threads', (threads) => {
  it('R23 gets their results, awaiting, blocking, or both', async () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })

    expect(await core.gather(tasks.fib(8), tasks.fibAsync(8), tasks.fibMixed(5))).toEqual([
      21, 21, 5,
    ])
  })

  it('R26 gets them too while this thread is blocked', () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })

    expect(gatherSync(tasks.fib(8), tasks.fibAsync(8), tasks.fibMixed(5))).toEqual([21, 21, 5])
  })

  it('R26 goes on to any depth', async () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })

    expect(await core.gather(tasks.depth(50), tasks.depthAsync(50))).toEqual([50, 50])
  })

  it('R24 gets their failures as they are, through any depth', async () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })

    for (const future of [tasks.failBelow(5), tasks.failBelowAsync(5)]) {
      const error = (await failureOf(future)) as Error
      expect(error).toBeInstanceOf(RangeError)
      expect(error.message).toBe('at the bottom')
    }
    expect(await tasks.caught()).toEqual(['RangeError', 'expected'])
  })

  it('R24 hands copies over, wherever they run, and moves what is to be moved', async () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })

    expect(await tasks.copies()).toEqual([['kept'], ['kept', 'changed']])
    expect(await tasks.moving()).toEqual([8, 0])
    const [name, message] = await tasks.uncloneable()
    expect(name).toBe('DataCloneError')
    expect(message).toMatch(/"change".*argument 1/)
  })

  it('R13 can cancel them', async () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })
    const meeting = new Meeting()

    const running = tasks.cancelRunning(meeting.cells)
    expect(await tasks.cancelled()).toEqual(['cancelled', 'not needed'])
    await meeting.until(1)
    expect(await running).toBe('enough')
    meeting.open()
  })

  it('R26 is told that it would block for ever', async () => {
    const { tasks } = poolOf<Nested>('nested.mjs', { threads })

    expect(await tasks.blockOnPlain()).toBe('InvalidStateError')
  })

  it('R5 gets them while its pool closes', async () => {
    const pool = poolOf<Nested>('nested.mjs', { threads })
    const meeting = new Meeting()
    const future = pool.tasks.passThenNest(meeting.cells, { still: 'there' })
    meeting.block(1)

    const closed = pool.close()
    meeting.open()

    expect(await future).toEqual({ still: 'there' })
    await closed
    expect(pool.threads).toBe(0)
  })
})

describe('a body that blocks on an async body', () => {
  it('R23 lends its slot, and no more than its own', async () => {
    const pool = poolOf<Nested>('nested.mjs', { threads: 1 })
    const meeting = new Meeting()
    const nesting = pool.tasks.blockThenNest(meeting.cells, { a: 1 })
    const waiting = pool.tasks.waitFor(meeting.cells)
    meeting.block(1)

    expect([pool.running, pool.queued]).toEqual([1, 1])
    meeting.open()

    expect(await core.gather(nesting, waiting)).toEqual([{ a: 1 }, undefined])
    await eventually(() => pool.running === 0)
  })

  it('R25 is ended when it was cancelled, and its pool goes on', async () => {
    const pool = poolOf<Nested>('nested.mjs', { threads: 1, grace: 1 })
    const [meeting, never] = [new Meeting(), new Meeting()]
    meeting.open()
    const nesting = pool.tasks.cancelRunning(never.cells)
    await never.until(1)

    nesting.cancel()

    expect(await pool.tasks.blockOnLater('on')).toBe('on')
    never.open()
    await eventually(() => pool.running === 0)
  })
  it('R25 goes on with the reason when it is cancelled, without a turn of its event loop', async () => {
    const pool = poolOf<Nested>('nested.mjs', { threads: 2, grace: Infinity })
    const [meeting, told] = [new Meeting(), new Meeting()]
    const blocking = pool.tasks.blockUntilCancelled(meeting.cells, told.cells)
    await meeting.until(1)

    blocking.cancel(new Error('enough'))
    await told.until(1)

    expect(told.count).toBe(1)
    meeting.open()
    await eventually(() => pool.running === 0)
  })
})
