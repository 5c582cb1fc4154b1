import { describe, expect, it } from 'vitest'
import { core, eventually, gatherSync, Meeting, poolOf, transfer } from '../support/pools.ts'

interface Steps {
  come(cells: Int32Array): void
  pass<T>(cells: Int32Array, value?: T): T
  passAsync<T>(cells: Int32Array, value?: T): Promise<T>
  passThenFail(cells: Int32Array, message: string): never
  echo<T>(value: T): T
  lengthOf(bytes: ArrayBuffer): number
  spin(cells: Int32Array): never
}

interface Bodies {
  aborted(cells: Int32Array): Promise<void>
  sleepLong(cells: Int32Array): Promise<void>
  loop(cells: Int32Array): never
  name(): string
}

const enough = new Error('enough')
type Pool = ReturnType<typeof poolOf<Steps>>

/** A pool whose only thread runs a body, until the meeting is opened. */
function busyPool(options?: object): { pool: Pool; meeting: Meeting } {
  const pool = poolOf<Steps>('steps.mjs', { threads: 1, ...options })
  const meeting = new Meeting()
  pool.tasks.pass(meeting.cells)
  meeting.block(1)
  return { pool, meeting }
}

const idle = (pool: Pool): Promise<void> => eventually(() => pool.running + pool.queued === 0)

describe('cancelling a call of a pool', () => {
  it('R13 never runs a body that waits, however it waits', async () => {
    const { pool, meeting } = busyPool()
    const never = new Meeting()
    const buffer = new ArrayBuffer(8)

    const futures = Array.from({ length: 1100 }, () => pool.tasks.come(never.cells))
    const moving = pool.tasks.lengthOf(transfer(buffer, [buffer]))
    for (const future of [...futures, moving]) future.cancel(enough)
    const last = pool.tasks.echo('last')
    meeting.open()

    expect(gatherSync(last)).toEqual(['last'])
    expect([never.count, buffer.byteLength, pool.queued]).toEqual([0, 8, 0])
    expect(new Set(futures.map(({ status, reason }) => `${status} ${reason}`))).toEqual(
      new Set(['cancelled Error: enough']),
    )
    await idle(pool)
  })

  it('R13 never runs the body, though a listener blocks and lets threads go on', async () => {
    const { pool, meeting } = busyPool()
    const never = new Meeting()
    const onBoard = pool.tasks.come(never.cells)
    const seen: unknown[] = []
    onBoard.onSettled(() => {
      meeting.open()
      seen.push(gatherSync(pool.tasks.echo('in a listener')))
    })

    onBoard.cancel()

    expect([seen, never.count]).toEqual([[['in a listener']], 0])
    await idle(pool)
  })

  it('R4 counts a body that a thread has begun ahead of its turn until it has ended', async () => {
    const { pool, meeting } = busyPool()
    const second = new Meeting()
    const ahead = pool.tasks.pass(second.cells, 'dropped')
    meeting.open()
    second.block(1)

    const before = [ahead.status, pool.running, pool.queued]
    ahead.cancel(enough)
    const after = [ahead.status, pool.running, pool.queued]

    expect([before, after]).toEqual([
      ['scheduled', 1, 1],
      ['cancelled', 2, 0],
    ])
    const closed = pool.close()
    second.open()
    await closed
    expect([ahead.status, ahead.reason, pool.running]).toEqual(['cancelled', enough, 0])
  })

  it('R13 drops what a body has finished before this thread has looked', async () => {
    const { pool, meeting } = busyPool()
    const second = new Meeting()
    second.open()
    const finished = pool.tasks.passThenFail(second.cells, 'nobody asks')
    const third = pool.tasks.come(second.cells)
    meeting.open()
    second.block(2)

    finished.cancel(enough)

    expect([finished.status, finished.reason]).toEqual(['cancelled', enough])
    await third
    await idle(pool)
  })

  it('R4 keeps the thread of a cancelled body for it until it has ended', async () => {
    const { pool, meeting } = busyPool()
    const [second, log] = [new Meeting(), [] as string[]]
    meeting.open()
    await idle(pool)

    const running = pool.tasks.passAsync(second.cells)
    second.block(1)
    running.cancel(enough)
    const next = pool.tasks.echo(1)
    next.onSettled(() => log.push('next'))
    await new Promise((resolve) => setImmediate(resolve))
    log.push('open')
    second.open()
    await next

    expect([running.status, log, pool.threads]).toEqual(['cancelled', ['open', 'next'], 1])
  })

  it.each(['aborted', 'sleepLong', 'loop'] as const)(
    'R25 aborts what a running body holds, with the reason, also while this thread is blocked: %s',
    async (name) => {
      const pool = poolOf<Bodies>('bodies.mjs', { threads: 1 })
      const meeting = new Meeting()
      const future = pool.tasks[name](meeting.cells)
      meeting.block(1)

      const cancelled = future.cancel(enough)
      meeting.block(2)

      expect([cancelled, future.status, meeting.cells[2]]).toEqual([true, 'cancelled', 1])
      expect(gatherSync(pool.tasks.name())).toEqual(['name'])
      expect([pool.running, pool.threads]).toEqual([0, 1])
    },
  )

  it('R25 aborts under a reason that cannot be cloned', async () => {
    const pool = poolOf<Bodies>('bodies.mjs', { threads: 1 })
    const meeting = new Meeting()
    const reason = (): void => {}
    const future = pool.tasks.loop(meeting.cells)
    meeting.block(1)

    future.cancel(reason)
    meeting.block(2)

    expect([future.status, future.reason]).toEqual(['cancelled', reason])
  })

  it.each([
    ['await', (future: PromiseLike<unknown>) => Promise.resolve(future)],
    ['gatherSync', async (future: PromiseLike<unknown>) => gatherSync(future)[0]],
  ])(
    'R25 ends the thread of a body that never yields, and goes on with others: %s',
    async (_, wait) => {
      const pool = poolOf<Steps>('steps.mjs', { threads: 1, grace: 1 })
      const meeting = new Meeting()
      const stuck = pool.tasks.spin(meeting.cells)
      const onBoard = pool.tasks.echo({ on: 'board' })
      const buffer = new ArrayBuffer(8)
      const moving = pool.tasks.lengthOf(transfer(buffer, [buffer]))
      meeting.block(1)

      stuck.cancel(enough)

      expect(await wait(core.gather(onBoard, moving))).toEqual([{ on: 'board' }, 8])
      expect([stuck.status, stuck.reason, pool.running, pool.threads]).toEqual([
        'cancelled',
        enough,
        0,
        1,
      ])
    },
  )

  it('R25 gives a body that yields the time it takes', async () => {
    const pool = poolOf<Steps>('steps.mjs', { threads: 1, grace: 50 })
    const meeting = new Meeting()
    const slow = pool.tasks.passAsync(meeting.cells)
    meeting.block(1)
    const started = performance.now()

    slow.cancel(enough)
    const next = pool.tasks.echo('same thread')
    await eventually(() => performance.now() - started > 100)
    const before = [pool.running, pool.queued, pool.threads]
    meeting.open()

    expect([before, await next]).toEqual([[1, 1, 1], 'same thread'])
  })

  it('R13 cancels all under the signal of the pool', async () => {
    const controller = new AbortController()
    const { pool, meeting } = busyPool({ signal: controller.signal })
    const waiting = [pool.tasks.echo(1), pool.tasks.echo({})]

    controller.abort(enough)

    expect(waiting.map(({ status, reason }) => [status, reason])).toEqual([
      ['cancelled', enough],
      ['cancelled', enough],
    ])
    meeting.open()
    await idle(pool)
  })

  it('R15 leaves no listener on a signal', async () => {
    const controller = new AbortController()
    const added: unknown[] = []
    const { signal } = controller
    for (const method of ['addEventListener', 'removeEventListener'] as const) {
      const original = signal[method].bind(signal) as (...args: unknown[]) => void
      signal[method] = (...args: unknown[]) => {
        added.push(method === 'addEventListener' ? 1 : -1)
        original(...args)
      }
    }
    const { pool, meeting } = busyPool()
    const work = pool.tasks.echo.with({ signal })

    const futures = [work(1), work({}), work(3)]
    futures[1]?.cancel()
    meeting.open()
    gatherSync(futures[0] as never, futures[2] as never)

    expect(added.reduce((sum: number, one) => sum + (one as number), 0)).toBe(0)
    expect(added.length).toBeGreaterThan(0)
    await idle(pool)
  })

  it('R13 forgets calls that were cancelled behind one that goes on', async () => {
    const { pool, meeting } = busyPool()
    const keep = Array.from({ length: 1100 }, (_, i) => pool.tasks.echo(i))

    for (let i = 0; i < 3000; i++) pool.tasks.echo(i).cancel()

    expect(pool.queued).toBe(1100)
    meeting.open()
    expect(gatherSync(keep)).toEqual(Array.from({ length: 1100 }, (_, i) => i))
  })
})
