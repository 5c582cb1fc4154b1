/** The body of the chapter's tasks, in a module of its own: that is what a worker pool runs. */
import { sleepSync } from 'gatherly/workers'

/**
 * Tells that it starts, blocks its thread, tells that it is complete. What it prints appears at once, also while the main
 * thread is blocked.
 *
 * @param begin - When the program began, in milliseconds since the epoch.
 */
export function work(name: string, milliseconds: number, begin: number): number {
  tell(`${name} Start`, begin)
  sleepSync(milliseconds)
  tell(`${name} Complete`, begin)
  return milliseconds
}

/** Does nothing: its thread has started when it is done. */
export function ready(): void {}

/** Prints an event with its time, which is the same on all threads. */
function tell(event: string, begin: number): void {
  const elapsedMs = performance.timeOrigin + performance.now() - begin
  console.log(`${(elapsedMs / 1000).toFixed(3).padStart(7)} s  ${event}`)
}
