import type { Bar, Stretch } from '../bar.ts'
import type { Lane } from '../span.ts'
import { grouped, milliseconds } from '../words.ts'
import { type Account, type Finding, found } from './finding.ts'

/** Schedulers whose limit or rate is what made everything take so long. */
export function limit({ bars }: Account): readonly Finding[] {
  const byLane = new Map<Lane, Bar[]>()
  for (const bar of bars) {
    const { lane, kind } = bar.span
    if (kind !== 'task' || (lane.concurrency === Infinity && !lane.rate)) continue
    byLane.set(lane, [...(byLane.get(lane) ?? []), bar])
  }
  return [...byLane].flatMap(([lane, calls]) => describe(lane, calls))
}

function describe(lane: Lane, calls: readonly Bar[]): readonly Finding[] {
  const { name = '', concurrency, rate } = lane
  const begin = Math.min(...calls.map(({ called }) => called))
  const took = Math.max(...calls.map(({ to }) => to)) - begin
  const saved = took - unlimitedTime(calls, begin)
  if (saved < Math.max(1, LEAST_SAVED * took)) return []
  const queued = calls.reduce((sum, { span }) => sum + span.queued, 0)
  const find = (what: string, waited: number, forWhat: string): readonly Finding[] => {
    const text =
      `The ${what} in "${name}" was the bottleneck: its calls waited ` +
      `${milliseconds(waited)} for ${forWhat} in all, and took ${milliseconds(took)} where ` +
      `${milliseconds(took - saved)} would have done without it. ` +
      'Raise it, if what they use can take more.'
    return [found('limit', [name], saved, text)]
  }
  const runs = calls.flatMap((call) => call.runs)
  const forSlots = waitDuring(calls, runs, concurrency)
  if (forSlots > 0 && forSlots >= queued / 2)
    return find(`limit of ${concurrency}`, forSlots, 'a slot')
  const forRate = rate === undefined ? 0 : waitDuring(calls, fullStretches(runs, rate), 1)
  // Calls that waited although they might have started waited for something else: a pause.
  if (rate === undefined || forRate === 0 || forRate < queued / 2) return []
  const often = `rate of ${grouped(rate.limit)} in ${milliseconds(rate.interval)}`
  return find(often, forRate, 'their turn')
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

/** From when to when so many bodies had started that no other might. */
function fullStretches(runs: readonly Stretch[], { limit, interval }: Rate): readonly Stretch[] {
  const starts = runs.map(({ from }) => from).sort((a, b) => a - b)
  return starts.slice(limit - 1).flatMap((from, i) => {
    const end = Math.min((starts[i] as number) + interval, starts[i + limit] ?? Infinity)
    return end > from ? [{ from, to: end }] : []
  })
}

/** How long calls waited, all together, while there were so many of some stretches at once. */
function waitDuring(calls: readonly Bar[], stretches: readonly Stretch[], least: number): number {
  const waits = calls.flatMap(({ span, called, runs: [first] }) =>
    first === undefined || span.queued === 0
      ? []
      : [[called, 1, 0] as const, [first.from, -1, 0] as const],
  )
  const others = stretches.flatMap(({ from, to }) => [[from, 0, 1] as const, [to, 0, -1] as const])
  const steps = [...waits, ...others].sort((a, b) => a[0] - b[0])
  let [sum, last, waiting, count] = [0, 0, 0, 0]
  for (const [at, wait, by] of steps) {
    if (count >= least) sum += waiting * (at - last)
    last = at
    waiting += wait
    count += by
  }
  return sum
}

type Rate = NonNullable<Lane['rate']>

/** Of the time that they took: less is not worth a word. */
const LEAST_SAVED = 0.1
