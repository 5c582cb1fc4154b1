import { type Bar, barsOf } from '../bar.ts'
import type { SpanRecord } from '../span.ts'
import { milliseconds } from '../words.ts'
import { describeBar } from './describe-bar.ts'
import { lifelinesOf } from './lifelines.ts'

/**
 * Puts spans into the platform's performance timeline, each as a measure on a track of its own in
 * the Performance panel of Chrome's developer tools.
 *
 * Source: "Customize your performance data with the extensibility API", Chrome for Developers.
 *
 * @param began - When the first call was, on the clock of `performance.now()`.
 */
export function measureSpans(
  spans: readonly SpanRecord[],
  began: number,
): readonly PerformanceMeasure[] {
  return lifelinesOf(barsOf(spans), Infinity).flatMap(({ name, bars }) =>
    bars.flatMap((bar) => measuresOf(bar, name, began)),
  )
}

function measuresOf(bar: Bar, track: string, began: number): readonly PerformanceMeasure[] {
  const { span, runs } = bar
  const properties = [
    ['status', span.status],
    ['scheduler', span.scheduler],
    ['thread', span.thread],
    ['called by', span.by?.name],
    ['waited to start', span.queued > 0 ? milliseconds(span.queued) : undefined],
    ['called at', span.stack],
  ].filter(([, value]) => value !== undefined)
  const color =
    span.status === 'rejected'
      ? 'error'
      : span.kind === 'task'
        ? 'primary'
        : span.kind === 'main'
          ? 'secondary'
          : 'tertiary-light'
  const tooltipText = describeBar(bar)
  const devtools = {
    dataType: 'track-entry',
    track,
    trackGroup: 'gatherly',
    color,
    tooltipText,
    properties,
  }
  return runs.map(({ from, to }) =>
    performance.measure(span.name, { start: began + from, end: began + to, detail: { devtools } }),
  )
}
