import { systemClock } from 'gatherly'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('systemClock', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('tells the time of performance.now()', () => {
    expect(systemClock.now()).toBe(performance.now())
  })

  it('sets one timer of the platform for a delay that it can take', () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout')

    systemClock.callLater(() => {}, 2 ** 31 - 1)

    expect(setTimeout.mock.calls.map(([, delay]) => delay)).toEqual([2 ** 31 - 1])
  })

  it('R20 chains timers of the platform for a delay beyond that', async () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout')
    const longest = 2 ** 31 - 1
    const log: string[] = []
    systemClock.callLater(() => log.push('called'), 2 * longest + 5)

    await vi.advanceTimersByTimeAsync(2 * longest + 4)
    expect(log).toEqual([])
    await vi.advanceTimersByTimeAsync(1)

    expect(log).toEqual(['called'])
    expect(setTimeout.mock.calls.map(([, delay]) => delay)).toEqual([longest, longest, 5])
  })

  it('R20 holds one timer at a time, and none after a cancel', async () => {
    const cancel = systemClock.callLater(() => {}, 2 ** 33)
    const first = vi.getTimerCount()

    await vi.advanceTimersByTimeAsync(2 ** 32)
    const later = vi.getTimerCount()
    cancel()

    expect([first, later, vi.getTimerCount()]).toEqual([1, 1, 0])
  })

  it('rounds a fraction up, which the platform would cut off', () => {
    const setTimeout = vi.spyOn(globalThis, 'setTimeout')

    const cancel = systemClock.callLater(() => {}, 0.1)

    expect(setTimeout.mock.calls.map(([, delay]) => delay)).toEqual([1])
    cancel()
  })
})
