import { hasOtherThreads } from '../bar.ts'
import { milliseconds, times } from '../words.ts'
import { type Account, type Finding, found } from './finding.ts'

/** Bodies that held the thread so long that it was felt elsewhere. */
export function heldThread({ bars }: Account): readonly Finding[] {
  const byName = new Map<string, number[]>()
  for (const { span } of bars) {
    if (span.held < LEAST_FELT || span.thread !== 'main') continue
    byName.set(span.name, [...(byName.get(span.name) ?? []), span.held])
  }
  const who = hasOtherThreads(bars) ? 'nothing else on this thread' : 'nothing else'
  return [...byName].map(([name, held]) => {
    const longest = Math.max(...held)
    const all = held.reduce((sum, ms) => sum + ms, 0)
    const once = `${name} held the thread for ${milliseconds(longest)} in one go`
    const often =
      `${name} held the thread ${times(held.length)}, for up to ${milliseconds(longest)} in one ` +
      `go and ${milliseconds(all)} in all`
    const what = held.length === 1 ? once : often
    const advice = `${who} could run. Make it await, or give it to a WorkerPool.`
    return found('held-thread', [name], all, `${what}; ${advice}`)
  })
}

/** In milliseconds: what browsers call a long task. */
const LEAST_FELT = 50
