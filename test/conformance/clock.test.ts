import { systemClock } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, beforeEach, vi } from 'vitest'
import { describeClock } from './clock-suite.ts'

beforeEach(() => {
  vi.useFakeTimers()
})

afterEach(() => {
  vi.useRealTimers()
})

describeClock('systemClock', () => ({
  clock: systemClock,
  advance: async (milliseconds) => {
    await vi.advanceTimersByTimeAsync(milliseconds)
  },
}))

describeClock('VirtualClock', () => {
  const clock = new VirtualClock(1000)
  return { clock, advance: (milliseconds) => clock.advance(milliseconds) }
})
