import { beforeEach, vi } from 'vitest'

/**
 * Lets real time stand still in the tests of a file: however slow the machine is, the scheduler
 * sees no reason to let the event loop turn between two bodies (rule 7).
 */
export function stopRealTime(): void {
  beforeEach(() => {
    const now = performance.now()
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now)
    return () => void clock.mockRestore()
  })
}

/** Lets real time go on only by what the function it gives is told. For one test. */
export function timeByHand(): (milliseconds: number) => void {
  // Whole, so that differences of whole numbers are whole.
  let now = Math.ceil(performance.now())
  vi.spyOn(performance, 'now').mockImplementation(() => now)
  return (milliseconds) => {
    now += milliseconds
  }
}
