import type { Bar } from '../bar.ts'
import { milliseconds } from '../words.ts'
import { type Account, type Finding, found } from './finding.ts'

/** Failures that were there long before anybody looked. */
export function lateGather({ bars, wall }: Account): readonly Finding[] {
  const latest = new Map<string, { late: number; by: string }>()
  for (const { span, settled, collected } of bars) {
    if (span.kind !== 'task' || span.status !== 'rejected') continue
    if (settled === undefined || collected === undefined) continue
    const late = collected - settled
    if (late < Math.max(LEAST_FELT, LEAST_LATE * wall)) continue
    if (late <= (latest.get(span.name)?.late ?? 0)) continue
    latest.set(span.name, { late, by: collectorOf(span, collected, bars) })
  }
  return [...latest].map(([name, { late, by }]) => {
    const text =
      `${name} failed ${milliseconds(late)} before ${by}: what was done meanwhile may have been ` +
      'in vain. Gather what can fail together with the work that is done beside it.'
    return found('late-gather', [name], late, text)
  })
}

/** Who looked first. */
function collectorOf(span: Bar['span'], collected: number, bars: readonly Bar[]): string {
  const wait = bars.find((bar) => bar.called === collected && bar.span.inputs.includes(span))
  if (wait === undefined) return 'it was awaited'
  const { name } = wait.span
  return name === 'gather' ? 'it was gathered' : `"${name}" looked at it`
}

/** In milliseconds: to look at it within a few is at once. */
const LEAST_FELT = 10
/** Of the wall time. */
const LEAST_LATE = 0.1
