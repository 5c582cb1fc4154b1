import { type Bar, barsOf, hasOtherThreads, lengthOf } from './bar.ts'
import type { Account, Finding } from './findings/finding.ts'
import { findings } from './findings/findings.ts'
import { OwnWork } from './own-work.ts'
import type { Lane, SpanRecord } from './span.ts'
import { grouped, milliseconds } from './words.ts'

/** What a timeline comes to. Times are in milliseconds. */
export interface Summary {
  /** How many calls were recorded, those included that are not kept. */
  readonly calls: number
  /** From the first call to the last end: the makespan. */
  readonly wall: number
  /** The work of all bodies, without the time they waited for calls of their own. */
  readonly work: number
  /** How many times as fast it was as one after the other: work over wall time. */
  readonly speedup: number
  /**
   * The least wall time for this work under these limits: the longest chain of calls that make
   * calls, or what comes to each slot of a scheduler, if that is more.
   */
  readonly ideal: number
  /**
   * What no schedule that leaves no slot idle exceeds under these limits: Graham's bound, `sum/c +
   * (1 - 1/c) * longest`.
   */
  readonly bound: number
  /** How much longer than the ideal it took. */
  readonly overhead: number
  /** The most bodies that were active at once. */
  readonly peak: number
  /** How many were active on average. */
  readonly mean: number
  /** How long calls waited to start, all together. */
  readonly queueWait: number
  /** Who held the thread in one go, and for how long at most, in real time; the longest first. */
  readonly held: readonly { readonly name: string; readonly ms: number }[]
  /** What to do better, the most important first. */
  readonly findings: readonly Finding[]
  /** All of it in a sentence or two. */
  readonly verdict: string
}

/** Sums up the spans that are kept; `calls` counts those before, too. */
export function summarize(spans: readonly SpanRecord[], calls: number): Summary {
  const bars = barsOf(spans)
  const active = bars.filter(({ span }) => span.kind !== 'wait')
  const begin = active.reduce((least, { called }) => Math.min(least, called), Infinity)
  const wall =
    active.length === 0 ? 0 : active.reduce((last, { to }) => Math.max(last, to), 0) - begin
  const { work, chain } = workAndChain(bars)
  const lanes = limitedLanes(active)
  const ideal = Math.min(wall, Math.max(chain, ...lanes.map(({ sum, c }) => sum / c)))
  const bounds = lanes.map(({ sum, longest, c }) => sum / c + (1 - 1 / c) * longest)
  const account: Account = { bars, wall }
  const numbers: Numbers = {
    calls,
    wall,
    work,
    speedup: wall === 0 ? 1 : work / wall,
    ideal,
    bound: Math.max(chain, ...bounds),
    overhead: wall - ideal,
    peak: peakOf(active),
    mean: wall === 0 ? 0 : lengthOf(active.flatMap(({ runs }) => runs)) / wall,
    queueWait: active.reduce((sum, { span }) => sum + span.queued, 0),
    held: heldOf(active),
    findings: findings(account),
  }
  return { ...numbers, verdict: verdictOf(numbers, active) }
}

/**
 * All work there was, and the longest chain: what a body did itself before it made a call, then
 * that call, then what it did once that was done.
 */
function workAndChain(bars: readonly Bar[]): { work: number; chain: number } {
  const madeBy = new Map<SpanRecord, Bar[]>()
  for (const bar of bars) {
    const { by } = bar.span
    if (by === undefined) continue
    const others = madeBy.get(by)
    if (others === undefined) madeBy.set(by, [bar])
    else others.push(bar)
  }
  const chains = new Map<SpanRecord, number>()
  let work = 0
  let chain = 0
  // A call comes after its caller, so from the end each finds the chains of those it made.
  for (const bar of [...bars].reverse()) {
    if (bar.span.kind === 'wait') continue
    const others = madeBy.get(bar.span) ?? []
    const own = new OwnWork(bar, others)
    const { length } = own
    let longest = length
    for (const { span, called, collected, settled } of others) {
      const isAwaited = collected !== undefined && settled !== undefined
      const after = isAwaited ? length - own.before(settled) : 0
      longest = Math.max(longest, own.before(called) + (chains.get(span) ?? 0) + after)
    }
    chains.set(bar.span, longest)
    work += length
    chain = Math.max(chain, longest)
  }
  return { work, chain }
}

/** The schedulers with a limit: all that ran in their slots, and the longest of it. */
function limitedLanes(active: readonly Bar[]): { c: number; sum: number; longest: number }[] {
  const lanes = new Map<Lane, { c: number; sum: number; longest: number }>()
  for (const { span, runs } of active) {
    const { lane } = span
    if (lane.name === undefined || lane.concurrency === Infinity) continue
    const sums = lanes.get(lane) ?? { c: lane.concurrency, sum: 0, longest: 0 }
    const length = lengthOf(runs)
    sums.sum += length
    sums.longest = Math.max(sums.longest, length)
    lanes.set(lane, sums)
  }
  return [...lanes.values()]
}

/** The most stretches that have a moment in common. */
function peakOf(active: readonly Bar[]): number {
  const steps = active
    .flatMap(({ runs }) => runs)
    // What took no time at all was active all the same, by itself.
    .flatMap(({ from, to }) =>
      to > from
        ? [
            { at: from, by: 1 },
            { at: to, by: -1 },
          ]
        : [],
    )
  steps.sort((a, b) => a.at - b.at || a.by - b.by)
  let now = 0
  let peak = active.some(({ runs }) => runs.length > 0) ? 1 : 0
  for (const { by } of steps) {
    now += by
    peak = Math.max(peak, now)
  }
  return peak
}

function heldOf(active: readonly Bar[]): { name: string; ms: number }[] {
  const longest = new Map<string, number>()
  for (const { span } of active) {
    const { name, held, thread } = span
    if (held >= LEAST_HELD && thread === 'main') {
      longest.set(name, Math.max(held, longest.get(name) ?? 0))
    }
  }
  return [...longest].map(([name, ms]) => ({ name, ms })).sort((a, b) => b.ms - a.ms)
}

type Numbers = Omit<Summary, 'verdict'>

function verdictOf(numbers: Numbers, active: readonly Bar[]): string {
  const { wall, work, speedup, ideal, overhead, peak } = numbers
  if (active.length === 0) return 'Nothing was called.'
  const whole = `${milliseconds(work)} of work in ${milliseconds(wall)}`
  if (active.length === 1) return `${whole}.`
  const isIdeal = overhead <= Math.max(1, ideal * NEARLY)
  if (peak < 2 && speedup < 1 + NEARLY) {
    const possible = isIdeal ? '' : ` ${milliseconds(ideal)} would have been possible.`
    return `${whole}: nothing overlapped.${possible}`
  }
  const heldInAll = Math.min(wall, lengthHeld(active))
  const isHeld = heldInAll >= Math.max(LEAST_HELD, wall * NOTABLE)
  const held = isHeld ? `; the thread was held for ${milliseconds(heldInAll)} of it` : ''
  // Bodies that seemed to be active at once took turns on the one thread: no word of how fast.
  if (isHeld && !hasOtherThreads(active)) return `${whole}${held}.`
  const isFaster = speedup > 1 + LEAST_FASTER
  const how = isFaster
    ? `${whole}: ${grouped(speedup, 2)} times as fast as one after the other${held}`
    : `${whole}: no faster than one after the other${held}`
  if (!isIdeal) return `${how}. The ideal is ${milliseconds(ideal)}.`
  if (isHeld) return `${how}.`
  return isFaster ? `${how}, which is the ideal.` : `${how}; nor could it have been.`
}

/** How long bodies held the thread, where that is on the same clock as the rest. */
function lengthHeld(active: readonly Bar[]): number {
  return active.reduce(
    (sum, { span }) =>
      span.thread !== 'main' || span.lane.clock.isVirtual ? sum : sum + span.heldInAll,
    0,
  )
}

/** In milliseconds: below, nobody has a reason to care. */
const LEAST_HELD = 5
/** Of the wall time: below, it overlapped all the same. */
const NOTABLE = 0.1
/** What rounds to more than once as fast. */
const LEAST_FASTER = 0.005
/** So much more than the ideal is still as good. */
const NEARLY = 0.05
