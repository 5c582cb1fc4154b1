import {
  any,
  asCompleted,
  Future,
  gather,
  gatherSettled,
  InvalidStateError,
  race,
  Scheduler,
  spawn,
  TaskGroup,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gate } from '../support/gate.ts'
import { openWorkshop, type Workshop } from '../support/run-program.ts'

const HINT =
  'A body that waits for calls of its own scheduler holds the slot that they need. ' +
  'Make those calls on another scheduler, or make this one with `reentrant: true`.'

describe('a program that comes to its end with calls behind bodies that hold all slots', () => {
  let workshop: Workshop
  beforeAll(() => {
    workshop = openWorkshop()
  })
  afterAll(() => workshop.remove())

  const NESTED = `
    import { gather, Scheduler } from 'gatherly'
    const disk = new Scheduler({ name: 'disk', concurrency: 2 })
    const read = disk.task(async (file) => file, { name: 'read' })
    const walk = disk.task(async (folder) => gather(read(folder + '/a'), read(folder + '/b')), { name: 'walk' })
    const both = gather(walk('x'), walk('y'))
  `

  it('R22 is told which scheduler, who holds and who waits, and ends with exit code 1', async () => {
    const { code, stdout, stderr } = await workshop.run(`${NESTED}
      both.then(console.log)
    `)

    expect(stderr).toBe(
      'The scheduler "disk" cannot go on: bodies that have not ended hold all its slots ' +
        `(2: "walk", "walk"), and calls wait for one (4: "read", "read", "read", "read").\n${HINT}\n`,
    )
    expect([code, stdout]).toEqual([1, ''])
  })

  it('R22 is told in a top-level await, too, which Node.js gives an exit code of its own', async () => {
    const { code, stderr } = await workshop.run(`${NESTED}
      await both
    `)

    expect(stderr).toContain('The scheduler "disk" cannot go on')
    expect(code).toBe(13)
  })

  it('R22 keeps an exit code that was set', async () => {
    const { code, stderr } = await workshop.run(`${NESTED}
      process.exitCode = 7
    `)

    expect(stderr).toContain('The scheduler "disk" cannot go on')
    expect(code).toBe(7)
  })

  it('R22 is told of every scheduler, waiting crosswise or not, and of no more than five names', async () => {
    const { code, stderr } = await workshop.run(`
      import { Scheduler, spawn } from 'gatherly'
      const [left, right, fine] = ['left', 'right', 'fine'].map((name) => new Scheduler({ name, concurrency: 1 }))
      left.spawn(async function one() { await null; await right.spawn(function two() {}) })
      right.spawn(async function three() { await null; await left.spawn(function four() {}) })
      for (let n = 0; n < 6; n++) left.spawn(() => {}, { name: 'more' + n })
      fine.spawn(() => {})
      fine.spawn(() => new Promise(() => {}))
      spawn(() => new Promise(() => {}))
    `)

    expect(stderr.split('\n').filter((line) => line !== HINT)).toEqual([
      'The scheduler "left" cannot go on: bodies that have not ended hold all its slots (1: "one"), ' +
        'and calls wait for one (7: "more0", "more1", "more2", "more3", "more4" and 2 more).',
      'The scheduler "right" cannot go on: bodies that have not ended hold all its slots (1: "three"), ' +
        'and calls wait for one (1: "two").',
      '',
    ])
    expect(code).toBe(1)
  })

  it('R22 is told also if the bodies wait for something else that never comes', async () => {
    const { code, stderr } = await workshop.run(`
      import { Scheduler } from 'gatherly'
      const scheduler = new Scheduler({ concurrency: 1, reentrant: true })
      scheduler.spawn(() => new Promise(() => {}), { name: 'holds' })
      scheduler.spawn(() => {}, { name: 'waits' })
    `)

    expect(stderr).toContain('(1: "holds"), and calls wait for one (1: "waits").\n')
    expect(stderr).not.toContain('reentrant')
    expect(code).toBe(1)
  })

  it.each([
    ['the scheduler is paused', 'disk.pause()'],
    ['the program is ended by process.exit()', 'setImmediate(() => process.exit(0))'],
    ['the calls were cancelled', 'setImmediate(() => disk.cancel()); both.catch(() => {})'],
    ['another slot came in time', 'setImmediate(() => { disk.concurrency = 3 })'],
    [
      'a listener for the end gave it more to do',
      `let once = false
       process.on('beforeExit', () => once || ((once = true), (disk.concurrency = 3)))`,
    ],
  ])('R22 is told nothing if %s', async (_how, ending) => {
    const { code, stdout, stderr } = await workshop.run(`${NESTED}
      ${ending}
    `)

    expect([code, stdout, stderr]).toEqual([0, '', ''])
  })
})

describe('VirtualClock.run() when bodies wait for calls that wait for their slots', () => {
  interface World {
    readonly clock: VirtualClock
    /** Has one slot, which the body holds. */
    readonly disk: Scheduler
    /** Calls it. */
    readonly inner: () => Future<string>
    /** What is not on the clock: as a future, as a promise, as a call. */
    readonly outside: Future<number>
    readonly gate: Promise<void>
    readonly paused: Scheduler
  }
  type Wait = (world: World) => unknown

  /** What `run()` gives while a body waits like this. Whatever is left is ended then. */
  async function runWith(wait: Wait): Promise<unknown> {
    const clock = new VirtualClock()
    const disk = new Scheduler({ name: 'disk', concurrency: 1, clock })
    const paused = new Scheduler()
    paused.pause()
    const inner = disk.task(() => 'value', { name: 'inner' })
    const { future: outside, resolve } = Future.withResolvers<number>()
    const { opened, open } = gate()
    const world = { clock, disk, inner, outside, gate: opened, paused }
    const outer = disk.spawn(() => wait(world), { name: 'outer' })
    outer.catch(() => {})
    const end = await clock.run().catch((error: unknown) => error)
    disk.cancel()
    paused.cancel()
    resolve(1)
    open()
    await clock.run()
    return end
  }

  it.each<[string, Wait]>([
    ['await', async ({ inner }) => void (await inner())],
    ['await, after a while', ({ inner, clock }) => clock.sleep(5).then(async () => await inner())],
    ['returning it', ({ inner }) => inner()],
    ['returning it from an async function', async ({ inner }) => inner()],
    ['then()', ({ inner }) => inner().then((value) => value)],
    ['gather()', ({ inner }) => gather(inner(), inner())],
    ['gather() with what has settled', async ({ inner }) => await gather([inner(), 1])],
    ['gather() with what is outside', async ({ inner, outside }) => await gather(inner(), outside)],
    ['gatherSettled()', async ({ inner, outside }) => await gatherSettled([inner(), outside])],
    ['race() of such only', async ({ inner }) => await race([inner(), gather(inner())])],
    ['any() of such only', async ({ inner }) => await any([inner(), inner()])],
    ['Promise.all()', ({ inner }) => Promise.all([inner(), inner()])],
    ['Promise.allSettled()', async ({ inner }) => await Promise.allSettled([inner()])],
    ['a future resolved with it', async ({ inner }) => await new Future((give) => give(inner()))],
    ['the join of a group', ({ disk }) => joinGroup(disk)],
    ['TaskGroup.run()', ({ inner }) => TaskGroup.run((group) => group.add(inner()))],
    ['awaiting a mapping', async ({ disk }) => await disk.map([1, 2], (n) => n)],
    ['iterating over a mapping', ({ disk }) => iterate(disk.map([1, 2], (n) => n))],
    ['asCompleted()', ({ inner }) => iterate(asCompleted([inner(), inner()]))],
    ['a body without a limit in between', ({ inner }) => spawn(async () => await inner())],
    ['several of these', ({ inner }) => spawn(() => gather(race([inner(), any([inner()])])))],
  ])('R22 rejects with the report if they wait by %s', async (_how, wait) => {
    const end = await runWith(wait)

    expect(end).toBeInstanceOf(InvalidStateError)
    expect((end as Error).message).toMatch(
      /^The scheduler "disk" cannot go on: bodies that have not ended hold all its slots \(1: "outer"\), and calls wait for one \(\d: .*\)\.\nA body that waits/,
    )
  })

  it.each<[string, Wait]>([
    ['for a promise', ({ inner, gate }) => [inner(), gate][1]],
    ['for a future without a call behind it', ({ inner, outside }) => [inner(), outside][1]],
    ['for a call elsewhere', ({ inner, paused }) => [inner(), paused.spawn(() => {})][1]],
    ['for the first of it and of something', ({ inner, outside }) => race([inner(), outside])],
    ['for any of it and of something', async ({ inner, outside }) => await any([inner(), outside])],
    ['for what completes first', ({ inner, outside }) => iterate(asCompleted([inner(), outside]))],
    [
      'for what a mapping gives first',
      ({ disk, outside }) => iterate(disk.map([outside, 1], (n) => n, UNORDERED)),
    ],
    [
      'while it is paused',
      ({ disk, inner }) => {
        disk.pause()
        return inner()
      },
    ],
    [
      'no longer for it',
      async ({ inner, gate }) => {
        await race([inner(), Future.resolve(1)])
        await gate
      },
    ],
  ])('R22 is fine if they wait %s', async (_what, wait) => {
    expect(await runWith(wait)).toBe(0)
  })

  it('R22 rejects with one report for each of several schedulers that wait crosswise', async () => {
    const clock = new VirtualClock()
    const [left, right] = ['left', 'right'].map(
      (name) => new Scheduler({ name, concurrency: 1, clock }),
    ) as [Scheduler, Scheduler]
    left.spawn(() => afterwards(() => right.spawn(() => {}, { name: 'b' })), { name: 'a' })
    right.spawn(() => afterwards(() => left.spawn(() => {}, { name: 'd' })), { name: 'c' })

    const error = await clock.run().catch((reason: unknown) => reason)
    left.cancel()
    right.cancel()

    expect((error as Error).message.split('\n').filter((line) => line !== HINT)).toEqual([
      'The scheduler "right" cannot go on: bodies that have not ended hold all its slots (1: "c"), and calls wait for one (1: "b").',
      'The scheduler "left" cannot go on: bodies that have not ended hold all its slots (1: "a"), and calls wait for one (1: "d").',
    ])
    await clock.run()
  })

  it('R22 is fine if one of several slots may still become free', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ concurrency: 2, clock })
    const { future, resolve } = Future.withResolvers<void>()
    const last = scheduler.spawn(async () => await scheduler.spawn(() => 'inner'))
    scheduler.spawn(async () => await future)

    expect(await clock.run()).toBe(0)
    resolve()
    await clock.run()

    expect(last.value).toBe('inner')
  })

  it('R22 is fine if of two schedulers that wait for each other one may still go on', async () => {
    const clock = new VirtualClock()
    const left = new Scheduler({ concurrency: 1, clock })
    const right = new Scheduler({ concurrency: 2, clock })
    const { future, resolve } = Future.withResolvers<void>()
    const outer = left.spawn(() => afterwards(() => right.spawn(() => 'b')))
    right.spawn(() => afterwards(() => left.spawn(() => {})))
    right.spawn(() => future)

    expect(await clock.run()).toBe(0)
    resolve()
    await clock.run()

    expect(outer.value).toBe('b')
  })

  it.each<[string, string, (disk: Scheduler) => PromiseLike<unknown>]>([
    [
      'of which a body waits for the items',
      '(1: "outer"), and calls wait for one (1: "same")',
      (disk) => {
        const mapping = disk.map([1, 2], function same(n) {
          return n
        })
        const outer = disk.spawn(async () => await mapping, { name: 'outer' })
        return gather(outer, mapping)
      },
    ],
    [
      'whose bodies wait for calls',
      '(1: "ask"), and calls wait for one (1: "inner")',
      (disk) => {
        const inner = disk.task(() => 'value', { name: 'inner' })
        return disk.map([1], async () => await inner(), { name: 'ask' })
      },
    ],
  ])('R22 knows a mapping begun outside of all bodies %s', async (_what, held, begin) => {
    const clock = new VirtualClock()
    const disk = new Scheduler({ name: 'disk', concurrency: 1, clock })
    const all = Promise.allSettled([begin(disk)])

    await expect(clock.run()).rejects.toThrow(held)
    disk.cancel()
    await clock.run()
    await all
  })

  it('R22 goes on where it stood once there is another slot', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ concurrency: 1, clock })
    const outer = scheduler.spawn(async () => await scheduler.spawn(({ sleep }) => sleep(5)))
    await expect(clock.run()).rejects.toThrow('cannot go on')

    scheduler.concurrency = 2

    expect(await clock.run()).toBe(5)
    expect(outer.status).toBe('fulfilled')
  })

  it('R17 R22 sees what a cancelled body of a group still waits for', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ concurrency: 2, clock })
    scheduler.spawn(async () => {
      const group = new TaskGroup({ scheduler })
      const member = group.spawn(async () => await scheduler.spawn(() => {}))
      await clock.sleep(1)
      member.cancel()
      await group.join()
    })

    await expect(clock.run()).rejects.toThrow('hold all its slots (2: ')
    scheduler.cancel()
    await clock.run()
  })

  it('R22 knows a chain of thousands of bodies', async () => {
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ concurrency: 5000, clock })
    const nest = scheduler.task(async (): Promise<void> => await nest())
    nest()

    await expect(clock.run()).rejects.toThrow('(5000: "anonymous",')
    scheduler.cancel()
    await clock.run()
  })
})

const UNORDERED = { ordered: false, buffer: 2 }

/** Waits for a call that is made in the next microtask. */
async function afterwards<T>(call: () => Future<T>): Promise<T> {
  await null
  return await call()
}

async function joinGroup(scheduler: Scheduler): Promise<void> {
  const group = new TaskGroup({ scheduler })
  group.spawn(() => {})
  await group.join()
}

async function iterate(source: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of source);
}
