import { afterEach, describe, expect, it } from 'vitest'
import {
  core,
  eventually,
  gatherSync,
  Meeting,
  poolOf,
  sharedPoolOf,
  workers,
} from '../support/pools.ts'
import { thrownBy } from '../support/thrown-by.ts'
import { turn } from '../support/timed.ts'

interface Steps {
  come(cells: Int32Array): void
  pass<T>(cells: Int32Array, value?: T): T
  passThenFail(cells: Int32Array, message: string): never
  echo<T>(value: T): T
}

interface Bodies {
  failTwice(): number
  name(): string
}

const { gather, race, any, gatherSettled, InvalidStateError, TaskGroup, TimeoutError } = core
const pool = sharedPoolOf<Steps>('steps.mjs', { threads: 2 })
const { echo, pass, passThenFail } = pool.tasks
const opened = new Meeting()
opened.open()

// What a call that has thrown did not wait for is over before the next test.
afterEach(async () => {
  await eventually(() => pool.running + pool.queued === 0)
  for (let i = 0; i < 5; i++) await turn()
})

describe('gatherSync()', () => {
  it('R26 gives the values in argument order, in every form of gather', () => {
    const key = Symbol('key')

    expect(gatherSync(echo(1), echo('two'))).toEqual([1, 'two'])
    expect(gatherSync([echo(1), 'plain', echo({ three: 3 })])).toEqual([1, 'plain', { three: 3 }])
    expect(gatherSync(new Set([echo(1), echo(2)]))).toEqual([1, 2])
    expect(gatherSync({ b: echo(1), a: 2, [key]: echo(3) })).toEqual({ b: 1, a: 2, [key]: 3 })
    expect(gatherSync(gather([echo(1), gather(echo(2), echo(3))]))).toEqual([[1, [2, 3]]])
    expect(gatherSync(gatherSettled([echo(1)]))).toEqual([[{ status: 'fulfilled', value: 1 }]])
    expect([gatherSync(), gatherSync([]), gatherSync({})]).toEqual([[], [], {}])
  })

  it('R26 gives argument order, not that of completion', () => {
    const meeting = new Meeting()
    const slow = pass(meeting.cells, 'slow')
    const quick = echo('quick')
    quick.onSettled(() => meeting.open())

    expect(gatherSync(slow, quick)).toEqual(['slow', 'quick'])
  })

  it('R26 blocks from the first line on, while threads are still starting', () => {
    const cold = poolOf<Steps>('steps.mjs', { threads: 2 })
    const futures = Array.from({ length: 300 }, (_, i) => cold.tasks.echo(i % 2 ? i : { i }))

    expect(gatherSync(futures)).toEqual(Array.from({ length: 300 }, (_, i) => (i % 2 ? i : { i })))
    expect([cold.running, cold.queued]).toEqual([0, 0])
  })

  it('R26 has every listener called while it blocks', () => {
    const log: unknown[] = []
    const futures = [1, 2, 3].map((n) => echo(n))
    for (const future of futures) future.onSettled(({ value }) => log.push(value))

    gatherSync(futures)

    expect(log.toSorted()).toEqual([1, 2, 3])
  })

  it('R26 throws the first failure in time, as it is, while the others run on', async () => {
    const meeting = new Meeting()
    const slow = pass(meeting.cells, 'ran on')
    const failure = thrownBy(() => gatherSync(slow, passThenFail(opened.cells, 'at once')))

    expect(failure).toEqual(new Error('at once'))
    expect(slow.status).toBe('running')
    meeting.open()
    expect(await slow).toBe('ran on')
  })

  it('R26 throws the reason of a future that was cancelled', () => {
    const reason = new Error('not needed')
    const future = echo(1)
    future.cancel(reason)

    expect(thrownBy(() => gatherSync([echo(2), future]))).toBe(reason)
  })

  it('R26 cancels what is unfinished when its time is over', async () => {
    const meeting = new Meeting()
    const [slow, quick] = [pass(meeting.cells), echo('done')]

    const error = thrownBy(() => gatherSync([slow, quick], { timeout: 20 }))

    expect(error).toBeInstanceOf(TimeoutError)
    expect(error.message).toContain('20 ms')
    expect([slow.status, slow.reason]).toEqual(['cancelled', error])
    meeting.open()
    await eventually(() => pool.running === 0)
  })

  it('R26 times bodies out, and tries again after a delay, while it blocks', async () => {
    const meeting = new Meeting()
    const bodies = poolOf<Bodies>('bodies.mjs', { threads: 1 })
    const retry = { retries: 2, delay: 2 }

    expect(gatherSync(bodies.tasks.failTwice.with({ retry })())).toEqual([3])
    const late = pass.with({ timeout: 5 })(meeting.cells)
    expect(thrownBy(() => gatherSync(late))).toBeInstanceOf(TimeoutError)
    meeting.open()
    await eventually(() => pool.running === 0)
  })

  it('R26 starts lazy calls', () => {
    const lazy = poolOf<Steps>('steps.mjs', { threads: 1, start: 'lazy' })

    expect(gatherSync([1, 2, 3].map((n) => lazy.tasks.echo(n)))).toEqual([1, 2, 3])
  })

  it('R26 waits for several pools at once', () => {
    const other = poolOf<Steps>('steps.mjs', { threads: 1 })
    const meeting = new Meeting()
    const slow = pass(meeting.cells, 'this')
    const quick = other.tasks.echo('other')
    quick.onSettled(() => meeting.open())

    expect(gatherSync(slow, quick, other.tasks.echo({}))).toEqual(['this', 'other', {}])
  })

  it('R26 works inside a listener that another gatherSync has called', () => {
    const log: unknown[] = []
    const first = echo('first')
    first.onSettled(() => {
      log.push(gatherSync(echo({ inner: 1 }), echo(2)))
      pool.tasks.echo('made inside').onSettled(({ value }) => log.push(value))
    })

    expect(gatherSync(first, echo({}))).toEqual(['first', {}])
    gatherSync(echo(1), echo(2), echo(3))
    expect(log).toEqual([[{ inner: 1 }, 2], 'made inside'])
  })

  it('R26 leaves the event loop as it was: what is awaited afterwards comes', async () => {
    const meeting = new Meeting()
    const later = pass(meeting.cells, 'later')
    gatherSync(echo(1), echo({}))
    meeting.open()

    expect(await later).toBe('later')
    expect(await gather(echo(2), echo({}))).toEqual([2, {}])
  })

  it.each<[string, () => PromiseLike<unknown>]>([
    ['a promise', () => new Promise(() => {})],
    ['a plain future', () => new core.Future(() => {})],
    [
      'a local task',
      () => core.task(async () => new Promise((resolve) => setImmediate(resolve)))(),
    ],
    ['a local body that has not started', () => core.spawn(() => 1)],
    ['a body that awaits a pool', () => core.spawn(async () => await echo(1))],
    ['a group', () => TaskGroup.run((group) => group.add(echo(1)))],
    ['a gather of both', () => gather(echo(1), Promise.resolve(2))],
    ['a race of local futures', () => race([Promise.resolve(1), new core.Future(() => {})])],
    ['a race of nothing', () => race([])],
  ])('R26 throws InvalidStateError, and says what to do, given %s', (_, make) => {
    const error = thrownBy(() => gatherSync([echo('fine'), make()]))

    expect(error).toBeInstanceOf(InvalidStateError)
    expect(error.message).toMatch(/^"gather" would block for ever: .*Await `gather`.*WorkerPool/)
  })

  it('R26 takes a race, or any, of which one can be finished without this thread', () => {
    expect(gatherSync(race([new Promise(() => {}), echo('raced')]))).toEqual(['raced'])
    expect(gatherSync(any([Promise.reject(new Error('local')), echo('any')]))).toEqual(['any'])
  })

  it('R26 throws once nothing is left that could be finished, though the pool goes on', async () => {
    const meeting = new Meeting()
    const unrelated = pass(meeting.cells)
    const local = new core.Future(() => {})

    const error = thrownBy(() => gatherSync(any([passThenFail(opened.cells, 'only one'), local])))

    expect(error).toBeInstanceOf(InvalidStateError)
    meeting.open()
    await unrelated
  })

  it.each<[string, unknown]>([
    ['0', { timeout: 0 }],
    ['-1', { timeout: -1 }],
    ['NaN', { timeout: Number.NaN }],
    ['text', { timeout: '5' }],
  ])('R5 throws for a timeout that is none: %s', (_, options) => {
    const error = thrownBy(() => gatherSync([], options as never))

    expect(error.message).toMatch(/^Expected `timeout` to be /)
  })

  it.each([null, 5, 'options', true])('R5 throws for no options: %s', (options) => {
    const error = thrownBy(() => gatherSync([], options as never))

    expect(error).toBeInstanceOf(TypeError)
    expect(error.message).toMatch(/^Expected `options` to be /)
  })

  it.each([5, null, 'text', new Map()])('R12 throws for what is no form of gather: %s', (input) => {
    expect(thrownBy(() => gatherSync(input as never))).toBeInstanceOf(TypeError)
  })
})

describe('sleepSync()', () => {
  it('blocks for as long as it is told, at least', () => {
    const start = performance.now()

    workers.sleepSync(20)

    expect(performance.now() - start).toBeGreaterThanOrEqual(20)
    expect(workers.sleepSync(0)).toBeUndefined()
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, '5', null, undefined])(
    'R5 throws for what is no time: %s',
    (milliseconds) => {
      const error = thrownBy(() => workers.sleepSync(milliseconds as never))

      expect(error.message).toMatch(/^Expected `milliseconds` to be /)
    },
  )
})
