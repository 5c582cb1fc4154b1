import type { Bar } from '../bar.ts'

/** A time in which more than one body was active: who made it two, and who made it one again. */
export interface Overlap {
  readonly from: number
  readonly to: number
  readonly second: Bar
  readonly last: Bar
}

/** Finds when more than one was active. */
export function overlapsOf(bars: readonly Bar[]): readonly Overlap[] {
  const steps = bars
    .flatMap((bar) => bar.runs.map(({ from, to }) => ({ bar, from, to })))
    .filter(({ from, to }) => to > from)
    .flatMap(({ bar, from, to }) => [
      { bar, at: from, by: 1 },
      { bar, at: to, by: -1 },
    ])
    // Of an end and a start at the same moment the start counts first: there is no gap to be seen.
    .sort((a, b) => a.at - b.at || b.by - a.by || a.bar.span.id - b.bar.span.id)
  const overlaps: Overlap[] = []
  let active = 0
  let start: (typeof steps)[number] | undefined
  for (const step of steps) {
    if (active === 1 && step.by === 1) start = step
    if (active === 2 && step.by === -1 && start !== undefined && step.at > start.at) {
      overlaps.push({ from: start.at, to: step.at, second: start.bar, last: step.bar })
    }
    active += step.by
  }
  return overlaps
}
