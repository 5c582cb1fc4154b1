import { times } from '../words.ts'
import { type Account, type Finding, found } from './finding.ts'

/** Calls that are done, and that nobody ever attached to. */
export function uncollected({ bars }: Account): readonly Finding[] {
  const byName = new Map<string, { calls: number; failed: number }>()
  for (const { span } of bars) {
    if (span.kind !== 'task' || span.settled === undefined || span.collected !== undefined) continue
    if (span.status === 'cancelled') continue
    const counts = byName.get(span.name) ?? { calls: 0, failed: 0 }
    counts.calls += 1
    if (span.status === 'rejected') counts.failed += 1
    byName.set(span.name, counts)
  }
  return [...byName].map(([name, { calls, failed }]) => {
    const often = calls === 1 ? `${name} was` : `${name} was called ${times(calls)} and`
    const what =
      failed > 0
        ? `${name} failed${calls === 1 ? '' : ` ${times(failed)}`}, and nobody has collected it`
        : `${often} never collected: nobody would hear if it failed`
    const text = `${what}. Await it, gather it, or add it to a TaskGroup.`
    return found('uncollected', [name], 0, text)
  })
}
