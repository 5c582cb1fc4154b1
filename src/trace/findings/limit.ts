import type { Bar } from '../bar.ts'
import type { Lane } from '../span.ts'
import { milliseconds } from '../words.ts'
import { type Account, type Finding, found } from './finding.ts'

/** Schedulers whose limit is what made everything take so long. */
export function limit({ bars }: Account): readonly Finding[] {
  const byLane = new Map<Lane, Bar[]>()
  for (const bar of bars) {
    const { lane, kind } = bar.span
    if (kind !== 'task' || lane.concurrency === Infinity) continue
    byLane.set(lane, [...(byLane.get(lane) ?? []), bar])
  }
  return [...byLane].flatMap(([lane, calls]) => describe(lane, calls))
}

function describe(lane: Lane, calls: readonly Bar[]): readonly Finding[] {
  const { name = '', concurrency } = lane
  const begin = Math.min(...calls.map(({ called }) => called))
  const took = Math.max(...calls.map(({ to }) => to)) - begin
  const saved = took - unlimitedTime(calls, begin)
  const queued = calls.reduce((sum, { span }) => sum + span.queued, 0)
  const waited = waitForSlots(calls, concurrency)
  // Calls that waited although slots were free waited for something else: a rate, a pause.
  if (saved < Math.max(1, LEAST_SAVED * took) || waited < queued / 2) return []
  const text =
    `The limit of ${concurrency} in "${name}" was the bottleneck: its calls waited ` +
    `${milliseconds(waited)} for a slot in all, and took ${milliseconds(took)} where ` +
    `${milliseconds(took - saved)} would have done without it. ` +
    'Raise it, if what they use can take more.'
  return [found('limit', [name], saved, text)]
}

/** How long it would have taken if every call had started when it was made. */
function unlimitedTime(calls: readonly Bar[], begin: number): number {
  let held = 0
  let end = begin
  for (const { span, called, to } of calls) {
    end = Math.max(end, to - Math.min(span.queued, to - called))
    // What holds the one thread overlaps nothing.
    if (span.thread === 'main') held += Math.min(span.held, to - called)
  }
  return Math.max(end - begin, held)
}

/** How long calls waited while all slots were taken, all together. */
function waitForSlots(calls: readonly Bar[], concurrency: number): number {
  const steps = calls.flatMap(({ span, called, runs }) => {
    const waits =
      runs[0] === undefined ? [] : [[called, 1, 0] as const, [runs[0].from, -1, 0] as const]
    const own = runs.flatMap(({ from, to }) => [[from, 0, 1] as const, [to, 0, -1] as const])
    return span.queued > 0 ? [...waits, ...own] : own
  })
  steps.sort((a, b) => a[0] - b[0])
  let [sum, last, waiting, running] = [0, 0, 0, 0]
  for (const [at, waits, runs] of steps) {
    if (running >= concurrency) sum += waiting * (at - last)
    last = at
    waiting += waits
    running += runs
  }
  return sum
}

/** Of the time that they took: less is not worth a word. */
const LEAST_SAVED = 0.1
