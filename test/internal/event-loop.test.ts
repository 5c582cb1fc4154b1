import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openWorkshop, type Workshop } from '../support/run-program.ts'

type EventLoop = typeof import('../../src/internal/event-loop.ts')

// The module keeps the state of the one thread: each test takes a fresh one.
let loop: EventLoop

beforeEach(async () => {
  vi.resetModules()
  loop = await import('../../src/internal/event-loop.ts')
})

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

describe('turn()', () => {
  it('calls back after the microtasks, in the order of the calls', async () => {
    const log: string[] = []

    loop.turn(() => log.push('first'))
    loop.turn(() => log.push('second'))
    await microtasks(100)
    log.push('microtasks')
    await turnOfTheEventLoop()

    expect(log).toEqual(['microtasks', 'first', 'second'])
  })

  it('goes through messages where there is no setImmediate', async () => {
    vi.stubGlobal('setImmediate', undefined)
    vi.resetModules()
    const { turn } = (await import('../../src/internal/event-loop.ts')) as EventLoop
    const log: string[] = []

    const turned = new Promise<void>((resolve) => {
      turn(() => log.push('first'))
      turn(() => {
        log.push('second')
        resolve()
      })
    })
    await microtasks(100)
    log.push('microtasks')
    await turned

    expect(log).toEqual(['microtasks', 'first', 'second'])
  })

  it('goes on under the fake timers of a test', async () => {
    vi.useFakeTimers()

    await new Promise<void>((resolve) => loop.turn(resolve, true))

    expect(vi.getTimerCount()).toBe(0)
    vi.useRealTimers()
  })
})

describe('yieldTurn()', () => {
  it('R7 calls back after a turn, until when turnsPending() says so', async () => {
    const log: unknown[] = [loop.turnsPending()]

    loop.yieldTurn(() => log.push('first', loop.turnsPending()))
    loop.yieldTurn(() => log.push('second', loop.turnsPending()))
    log.push(loop.turnsPending())
    await turnOfTheEventLoop()

    expect(log).toEqual([false, true, 'first', true, 'second', false])
  })
})

describe('heldLongerThan()', () => {
  it('R7 says yes once bodies of a millisecond or more have been starting for longer than that', () => {
    const time = stubTime()

    const held = Array.from({ length: 8 }, () => {
      const answer = loop.heldLongerThan(10)
      time.now += 2
      return answer
    })

    expect(held).toEqual([false, false, false, false, false, false, true, true])
  })

  it('R7 does not say so at exactly that time', () => {
    const time = stubTime()

    loop.heldLongerThan(10)
    time.now += 10

    expect(loop.heldLongerThan(10)).toBe(false)
  })

  it('R7 says so of one body that took that long by itself', () => {
    const time = stubTime()

    loop.heldLongerThan(10)
    time.now += 1000

    expect(loop.heldLongerThan(10)).toBe(true)
  })

  it('R7 says so at most sixteen starts late when bodies are quick', () => {
    const time = stubTime()

    const answers = Array.from({ length: 1000 }, () => {
      const late = time.now > 1010
      const answer = loop.heldLongerThan(10)
      time.now += 0.05
      return [late, answer] as const
    })

    expect(answers.filter(([late, held]) => held && !late)).toEqual([])
    expect(answers.filter(([late, held]) => late && !held).length).toBeLessThanOrEqual(16)
  })

  it('R7 reads the time for few of the starts when bodies are quick', () => {
    const time = stubTime()

    for (let i = 0; i < 10_000; i++) loop.heldLongerThan(10)

    expect(time.reads).toBeLessThan(1000)
  })

  it('R7 counts anew once the event loop has turned', async () => {
    const time = stubTime()
    loop.heldLongerThan(10)
    time.now += 100
    const before = loop.heldLongerThan(10)

    await turnOfTheEventLoop()

    expect([before, loop.heldLongerThan(10)]).toEqual([true, false])
  })

  it('R7 counts anew for the bodies behind yieldTurn()', async () => {
    const time = stubTime()
    const log: boolean[] = []
    loop.heldLongerThan(10)
    time.now += 100
    log.push(loop.heldLongerThan(10))

    loop.yieldTurn(() => log.push(loop.heldLongerThan(10)))
    time.now += 100
    await turnOfTheEventLoop()

    expect(log).toEqual([true, false])
  })
})

describe('A program that has waited for something outside', () => {
  let workshop: Workshop

  beforeAll(() => {
    workshop = openWorkshop()
  })

  afterAll(() => {
    workshop.remove()
  })

  it('R1 R3 R7 starts bodies at once again: the wait was no flood of bodies', async () => {
    const { stdout } = await workshop.run(`
      import { pbkdf2 } from 'node:crypto'
      import { Scheduler } from 'gatherly'

      const eager = new Scheduler({ start: 'eager', slice: 5 })
      const deferred = new Scheduler({ slice: 5 })

      // More than once: while a program is young, the engine's own threads turn the event loop, too.
      for (let round = 0; round < 3; round++) {
        const log = []
        await new Promise((resolve) => setTimeout(resolve))
        eager.spawn(() => log.push('before the wait'))
        await new Promise((resolve) => pbkdf2('', '', 20_000, 64, 'sha512', resolve))
        for (const name of ['eager 1', 'eager 2']) eager.spawn(() => log.push(name))
        log.push('called')
        for (const name of ['deferred 1', 'deferred 2']) deferred.spawn(() => log.push(name))
        await null
        console.log(log.join(', '))
      }
    `)

    const round = 'before the wait, eager 1, eager 2, called, deferred 1, deferred 2\n'
    expect(stdout).toBe(round.repeat(3))
  })

  it('R7 is not kept alive by the watch over its bodies', async () => {
    const { code, stdout } = await workshop.run(`
      import { Scheduler } from 'gatherly'

      const scheduler = new Scheduler({ slice: 0 })
      for (let i = 0; i < 100; i++) scheduler.spawn(() => i)
      process.on('exit', () => console.log(scheduler.queued, scheduler.running))
    `)

    expect([code, stdout]).toEqual([0, '0 0\n'])
  })

  it('R7 is not kept alive by it where there is no setImmediate either', async () => {
    const { code, stdout } = await workshop.run(`
      delete globalThis.setImmediate
      const { Scheduler } = await import('gatherly')

      const scheduler = new Scheduler({ slice: 0 })
      for (let i = 0; i < 100; i++) scheduler.spawn(() => i)
      process.on('exit', () => console.log(scheduler.queued, scheduler.running))
    `)

    expect([code, stdout]).toEqual([0, '0 0\n'])
  })
})

/** Time that a test moves by hand. Not 0: that is no time at which a program runs. */
function stubTime(): { now: number; reads: number } {
  const time = { now: 1000, reads: 0 }
  vi.spyOn(performance, 'now').mockImplementation(() => {
    time.reads += 1
    return time.now
  })
  return time
}

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null
}

function turnOfTheEventLoop(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
