import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { openWorkshop, type Workshop } from '../support/run-program.ts'
import { turn } from '../support/timed.ts'

// The module keeps the state of the one thread: each test takes a fresh one.
let Burst: typeof import('../../src/internal/burst.ts').Burst

beforeEach(async () => {
  vi.resetModules()
  Burst = (await import('../../src/internal/burst.ts')).Burst
})

afterEach(() => {
  vi.restoreAllMocks()
})

describe('Burst', () => {
  it('R7 has lasted once bodies have been starting for longer than the slice', () => {
    const time = stubTime()
    const burst = new Burst()

    const lasted = Array.from({ length: 8 }, () => {
      const answer = burst.hasLasted(10)
      time.now += 2
      return answer
    })

    expect(lasted).toEqual([false, false, false, false, false, false, true, true])
  })

  it('R7 has not lasted at exactly that time', () => {
    const time = stubTime()
    const burst = new Burst()

    burst.hasLasted(10)
    time.now += 10

    expect(burst.hasLasted(10)).toBe(false)
  })

  it('R7 has lasted after one body that took that long by itself', () => {
    const time = stubTime()
    const burst = new Burst()

    for (let i = 0; i < 1000; i++) burst.hasLasted(10)
    time.now += 1000

    expect(burst.hasLasted(10)).toBe(true)
  })

  it('R7 need not look before each start while bodies are instant: before every eighth at the least', () => {
    const time = stubTime()
    const burst = new Burst()
    const unseen = (milliseconds: number): number => {
      time.now += milliseconds
      burst.hasLasted(10)
      return burst.unseen
    }

    const seen = [0, 0.001, 0.001, 0.001, 0.001, 0.03, 0.001, 0.001].map(unseen)

    expect(seen).toEqual([0, 1, 3, 7, 7, 0, 1, 3])
  })

  it('R7 does not count a pause after instant bodies, at which nobody looks', () => {
    const time = stubTime()
    const burst = new Burst()
    for (let i = 0; i < 5; i++) burst.hasLasted(10)
    const looks = vi.mocked(performance.now).mock.calls.length
    burst.pause()
    time.now += 100

    const lasted = [burst.hasLasted(10)]
    time.now += 11
    lasted.push(burst.hasLasted(10))

    expect(vi.mocked(performance.now).mock.calls.length - looks).toBe(2)
    expect(lasted).toEqual([false, true])
  })

  it('R7 counts slow bodies among instant ones, wherever they are before a pause', () => {
    for (let size = 1; size < 40; size++) {
      const time = stubTime()
      const burst = new Burst()

      const bursts = Array.from({ length: 100 }, () => {
        for (let i = 0; i < size; i++) {
          if (burst.unseen > 0) burst.unseen -= 1
          else if (burst.hasLasted(10)) return true
        }
        time.now += 1
        burst.pause()
        return false
      })

      const took = bursts.indexOf(true)
      expect([size, took]).toEqual([size, Math.min(Math.max(took, 10), 17)])
    }
  })

  it('R7 counts instant bodies of one burst after the other', () => {
    const time = stubTime()

    const lasted = Array.from({ length: 1000 }, () => {
      const burst = new Burst()
      const answer = burst.hasLasted(10)
      time.now += 0.001
      burst.hasLasted(10)
      burst.pause()
      time.now += 0.02
      return answer
    })

    expect(lasted.indexOf(true)).toBeGreaterThan(450)
    expect(lasted.indexOf(true)).toBeLessThan(550)
  })

  it('R7 is over once the event loop has turned', async () => {
    const time = stubTime()
    const burst = new Burst()
    burst.hasLasted(10)
    time.now += 100
    const before = burst.hasLasted(10)

    await turn()

    expect([before, burst.hasLasted(10)]).toEqual([true, false])
  })

  it('R7 does not count a pause in which nothing ran: somebody else spent that time', () => {
    const time = stubTime()
    const burst = new Burst()
    burst.hasLasted(10)
    time.now += 6
    burst.pause()
    time.now += 100
    burst.pause()
    time.now += 100

    const lasted = [burst.hasLasted(10)]
    time.now += 5
    lasted.push(burst.hasLasted(10))

    expect(lasted).toEqual([false, true])
  })

  it.each([
    ['with the pauses, when they are shorter than bodies are', 0.02, 0.03, [199, 202]],
    ['without the pauses, when they are long', 0.5, 5, [18, 21]],
  ])('R7 counts one awaited body after the other, %s', (_, work, pause, [least, most]) => {
    const time = stubTime()
    const burst = new Burst()

    const lasted = Array.from({ length: 300 }, () => {
      const answer = burst.hasLasted(10)
      time.now += work
      burst.pause()
      time.now += pause
      return answer
    })

    expect(lasted.indexOf(true)).toBeGreaterThanOrEqual(least as number)
    expect(lasted.indexOf(true)).toBeLessThanOrEqual(most as number)
  })

  it('R7 is not begun by a pause', () => {
    const time = stubTime()
    const burst = new Burst()

    burst.pause()
    time.now += 100
    burst.hasLasted(10)
    time.now += 11

    expect(burst.hasLasted(10)).toBe(true)
  })

  it('R7 has not lasted while it is of a few bodies, however long they took', async () => {
    const time = stubTime()
    const burst = new Burst()
    const askFour = () =>
      Array.from({ length: 4 }, () => {
        time.now += 100
        return burst.hasLasted(10, 3)
      })

    const first = askFour()
    await turn()
    const second = askFour()

    expect([first, second]).toEqual([
      [false, false, false, true],
      [false, false, false, true],
    ])
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

  it.each([
    ['while nothing ran', '() => 1'],
    ['while another body ran', '() => new Promise(() => {})'],
  ])(
    'R1 R3 R7 starts bodies at once again: no flood of bodies took that time, %s',
    async (_, body) => {
      const { stdout } = await workshop.run(`
      import { pbkdf2 } from 'node:crypto'
      import { Scheduler } from 'gatherly'

      const eager = new Scheduler({ start: 'eager', slice: 5 })
      const deferred = new Scheduler({ slice: 5 })

      // More than once: while a program is young, the engine's own threads turn the event loop, too.
      for (let round = 0; round < 3; round++) {
        const log = []
        await new Promise((resolve) => setTimeout(resolve))
        eager.spawn(${body})
        deferred.spawn(${body})
        await new Promise((resolve) => pbkdf2('', '', 20_000, 64, 'sha512', resolve))
        for (const name of ['eager 1', 'eager 2']) eager.spawn(() => log.push(name))
        log.push('called')
        for (const name of ['deferred 1', 'deferred 2']) deferred.spawn(() => log.push(name))
        await null
        console.log(log.join(', '))
      }
    `)

      expect(stdout).toBe('eager 1, eager 2, called, deferred 1, deferred 2\n'.repeat(3))
    },
  )

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
function stubTime(): { now: number } {
  const time = { now: 1000 }
  vi.spyOn(performance, 'now').mockImplementation(() => time.now)
  return time
}
