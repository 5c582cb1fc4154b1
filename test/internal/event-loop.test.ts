import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { turn } from '../support/timed.ts'

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
    await turn()

    expect(log).toEqual(['microtasks', 'first', 'second'])
  })

  it('goes through messages where there is no setImmediate', async () => {
    vi.stubGlobal('setImmediate', undefined)
    vi.resetModules()
    const fresh: EventLoop = await import('../../src/internal/event-loop.ts')
    const log: string[] = []

    const turned = new Promise<void>((resolve) => {
      fresh.turn(() => log.push('first'))
      fresh.turn(() => {
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
    await turn()

    expect(log).toEqual([false, true, 'first', true, 'second', false])
  })
})

async function microtasks(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await null
}
