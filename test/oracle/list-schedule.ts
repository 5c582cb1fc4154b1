export interface Job {
  readonly arrival: number
  readonly duration: number
  readonly priority: number
}

export interface Slot {
  /** Position in the list of jobs. */
  readonly job: number
  readonly start: number
  readonly end: number
}

/**
 * The list schedule of textbooks, worked out without running anything: whenever a slot is free, the job that comes first
 * in the list takes it, among those that have arrived.
 *
 * Source: R. L. Graham, "Bounds on Multiprocessing Timing Anomalies", SIAM J. Appl. Math. 17, 1969.
 *
 * @returns Who starts and ends when, in the order of the starts.
 */
export function listSchedule(jobs: readonly Job[], slots: number): Slot[] {
  const freeAt = new Array<number>(Math.min(slots, jobs.length)).fill(0)
  const left = new Set(jobs.keys())
  const schedule: Slot[] = []
  while (left.size > 0) {
    const waiting = [...left].map((index) => ({ index, ...(jobs[index] as Job) }))
    const now = Math.max(Math.min(...freeAt), Math.min(...waiting.map(({ arrival }) => arrival)))
    const arrived = waiting.filter(({ arrival }) => arrival <= now)
    const first = arrived.sort((a, b) => b.priority - a.priority || a.arrival - b.arrival)[0]
    if (first === undefined) break
    const end = now + first.duration
    schedule.push({ job: first.index, start: now, end })
    freeAt[freeAt.indexOf(Math.min(...freeAt))] = end
    left.delete(first.index)
  }
  return schedule
}

/** What no list schedule exceeds when all jobs are there from the start. */
export function grahamBound(durations: readonly number[], slots: number): number {
  const sum = durations.reduce((a, b) => a + b, 0)
  return sum / slots + (1 - 1 / slots) * Math.max(0, ...durations)
}
