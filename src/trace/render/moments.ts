import type { Bar } from '../bar.ts'
import type { SpanRecord } from '../span.ts'

/**
 * A call, or the end of one: in a sequence diagram an arrow of its own. `start` is that of a body
 * that had to wait, `over` the end of one whose future was cancelled before.
 */
export interface Moment {
  readonly bar: Bar
  readonly kind: 'call' | 'start' | 'return' | 'over'
  readonly time: number
}

/**
 * Gives calls and their ends in an order in which they can have happened: what is over makes way
 * for what begins at the same time, and what was called returns before its caller does.
 */
export function momentsOf(bars: readonly Bar[]): readonly Moment[] {
  const depths = new Map<SpanRecord, number>()
  const sorted: (Moment & { rank: number })[] = []
  for (const bar of bars) {
    const { span, called, runs, settled, to, isOpen } = bar
    // Callers come before what they call.
    const depth = span.by === undefined ? 0 : (depths.get(span.by) ?? 0) + 1
    depths.set(span, depth)
    const start = runs[0]?.from ?? called
    const add = (kind: Moment['kind'], time: number): void => {
      // What begins and ends at one moment ends after it has begun.
      const isInstant = time === start
      const isBegin = kind === 'call' || kind === 'start'
      const rank = isBegin ? 0 : isInstant ? 1 / (depth + 1) : -depth - 1
      sorted.push({ bar, kind, time, rank })
    }
    add('call', called)
    if (start > called) add('start', start)
    if (settled !== undefined) add('return', settled)
    if (!isOpen && settled !== undefined && to > settled) add('over', to)
  }
  return sorted.sort((a, b) => a.time - b.time || a.rank - b.rank || a.bar.span.id - b.bar.span.id)
}
