import type { SpanRecord } from './span.ts'

/** A stretch of time, in milliseconds since the beginning of what is shown. */
export interface Stretch {
  readonly from: number
  readonly to: number
}

/** A span on the one axis that all clocks are brought to, with the first call at 0. */
export interface Bar {
  readonly span: SpanRecord
  readonly called: number
  /** When its body ran: one stretch for each attempt. What has not ended runs until now. */
  readonly runs: readonly Stretch[]
  readonly settled: number | undefined
  readonly collected: number | undefined
  /** When all was over, or now. */
  readonly to: number
  readonly isOpen: boolean
}

/** When the first of some spans was called, in milliseconds since the recording began. */
export function firstOf(spans: readonly SpanRecord[]): number {
  return spans.reduce(
    (least, { scheduled, lane }) => Math.min(least, scheduled - lane.zero),
    Infinity,
  )
}

/** Brings spans to one axis. */
export function barsOf(spans: readonly SpanRecord[]): readonly Bar[] {
  const first = firstOf(spans)
  return spans.map((span) => barOf(span, first))
}

function barOf(span: SpanRecord, first: number): Bar {
  const { lane } = span
  const at = (time: number): number => time - lane.zero - first
  const maybe = (time: number | undefined) => (time === undefined ? undefined : at(time))
  const runs = span.kind === 'wait' ? [{ start: span.scheduled, end: span.end }] : span.runs
  return {
    span,
    called: at(span.scheduled),
    runs: runs.map(({ start, end }) => ({ from: at(start), to: at(end ?? lane.now) })),
    settled: maybe(span.settled),
    collected: maybe(span.collected),
    to: at(span.end ?? lane.now),
    isOpen: span.end === undefined,
  }
}

/** How long some stretches last, one after the other. */
export function lengthOf(stretches: readonly Stretch[]): number {
  return stretches.reduce((sum, { from, to }) => sum + to - from, 0)
}

/** Whether bodies ran on other threads than the one that recorded. */
export function hasOtherThreads(bars: readonly Bar[]): boolean {
  return bars.some(({ span }) => span.thread !== 'main')
}
