import { type Bar, lengthOf } from '../bar.ts'
import { milliseconds } from '../words.ts'

/** Tells all about a bar in one line: what a tooltip shows. */
export function describeBar({ span, called, runs, to, settled, isOpen }: Bar): string {
  const first = runs[0]
  const ran = first && `ran from ${milliseconds(first.from)} to ${milliseconds(to)}`
  const isWait = span.kind === 'wait'
  return [
    isWait
      ? `${span.name} waited from ${milliseconds(called)} to ${milliseconds(to)}`
      : `${span.name}: ${span.status}`,
    ...(isWait ? [] : [ran ?? 'never ran']),
    ...(runs.length > 1 ? [`${runs.length} attempts`] : []),
    ...(runs.length > 0 && !isWait ? [`${milliseconds(lengthOf(runs))} in all`] : []),
    ...(span.queued > 0 ? [`waited ${milliseconds(span.queued)} to start`] : []),
    ...(settled !== undefined && settled < to ? [`settled at ${milliseconds(settled)}`] : []),
    ...(isOpen ? ['not ended'] : []),
    ...(span.scheduler === undefined || isWait ? [] : [`on "${span.scheduler}"`]),
    ...(span.thread === 'main' ? [] : [`in ${span.thread}`]),
  ].join(', ')
}
