import { type Bar, barsOf, hasOtherThreads, lengthOf, type Stretch } from './bar.ts'
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
   * calls, or were made with what others gave; or, if that is more, what comes to each slot of a
   * scheduler, or what its rate lets start.
   */
  readonly ideal: number
  /**
   * What no schedule that leaves no slot idle exceeds under these limits: Graham's bound, `sum/c +
   * (1 - 1/c) * longest`, and what a rate holds back.
   */
  readonly bound: number
  /** How much longer than the ideal it took. */
  readonly overhead: number
  /** The most bodies that were active at once, without those that waited for calls of their own. */
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
  const { work, chain, stretches } = workAndChain(bars)
  const lanes = limitedLanes(active)
  const ideal = Math.min(wall, Math.max(chain, ...lanes.map((lane) => lane.least)))
  const bounds = lanes.map((lane) => lane.boundWith(chain))
  const account: Account = { bars, wall }
  const numbers: Numbers = {
    calls,
    wall,
    work,
    speedup: wall === 0 ? 1 : work / wall,
    ideal,
    bound: Math.max(chain, ...bounds),
    overhead: wall - ideal,
    peak: peakOf(stretches, active),
    mean: wall === 0 ? 0 : work / wall,
    queueWait: active.reduce((sum, { span }) => sum + span.queued, 0),
    held: heldOf(active),
    findings: findings(account),
  }
  return { ...numbers, verdict: verdictOf(numbers, active) }
}

/** All work there was, and the longest chain of calls, those included that they made. */
function workAndChain(bars: readonly Bar[]): {
  work: number
  chain: number
  stretches: readonly Stretch[]
} {
  const madeBy = new Map<SpanRecord, Bar[]>()
  for (const bar of bars) {
    const { by } = bar.span
    if (by === undefined) continue
    const others = madeBy.get(by)
    if (others === undefined) madeBy.set(by, [bar])
    else others.push(bar)
  }
  const chains = new Map<SpanRecord, number>()
  const stretches: Stretch[] = []
  let work = 0
  // A call comes after its caller, so from the end each finds the chains of those it made.
  for (const bar of [...bars].reverse()) {
    if (bar.span.kind === 'wait') continue
    const others = madeBy.get(bar.span) ?? []
    const own = new OwnWork(bar, others)
    chains.set(bar.span, longestChain(others, chains, own))
    work += own.length
    stretches.push(...own.stretches)
  }
  // What a span that is not kept made came from nobody who is known.
  const isKept = ({ span }: Bar): boolean => span.by !== undefined && chains.has(span.by)
  const outermost = bars.filter((bar) => !isKept(bar))
  return { work, chain: longestChain(outermost, chains, NO_WORK), stretches }
}

/**
 * The longest way through the calls that one body made: what it did itself before, the calls, of
 * which one may need what others gave, and what it did after that.
 */
function longestChain(
  calls: readonly Bar[],
  chains: ReadonlyMap<SpanRecord, number>,
  own: Pick<OwnWork, 'length' | 'before'>,
): number {
  const ends = new Map<SpanRecord, { end: number; settled: number }>()
  let longest = own.length
  for (const { span, called, collected, settled } of calls) {
    const before = own.before(called)
    let start = before
    for (const needed of span.needs) {
      const { end = 0, settled = called } = ends.get(needed) ?? {}
      start = Math.max(start, end + before - own.before(settled))
    }
    const end = start + (chains.get(span) ?? 0)
    if (settled !== undefined) ends.set(span, { end, settled })
    const after =
      collected !== undefined && settled !== undefined ? own.length - own.before(settled) : 0
    longest = Math.max(longest, end + after)
  }
  return longest
}
/** What ran on the schedulers that have a limit. */
function limitedLanes(active: readonly Bar[]): readonly LimitedLane[] {
  const lanes = new Map<Lane, LimitedLane>()
  for (const { span, runs } of active) {
    const { lane } = span
    const isLimited = lane.concurrency < Infinity || lane.rate !== undefined
    if (lane.name === undefined || !isLimited) continue
    const limited = lanes.get(lane) ?? new LimitedLane(lane)
    for (const run of runs) limited.runs.push(run.to - run.from)
    limited.longest = Math.max(limited.longest, lengthOf(runs))
    lanes.set(lane, limited)
  }
  return [...lanes.values()]
}

/** A scheduler with a limit, and how long its bodies took. */
class LimitedLane {
  readonly runs: number[] = []
  longest = 0
  readonly #lane: Lane

  constructor(lane: Lane) {
    this.#lane = lane
  }

  /** What comes to each slot; and what the rate takes to let all start, the longest first. */
  get least(): number {
    const sorted = [...this.runs].sort((a, b) => b - a)
    return sorted.reduce(
      (least, length, place) => Math.max(least, this.#lane.earliestStart(place) + length),
      this.#perSlot,
    )
  }

  /** What no schedule exceeds that leaves no slot idle, but for the rate and the longest chain. */
  boundWith(chain: number): number {
    const heldBack = this.#lane.earliestStart(Math.max(0, this.runs.length - 1))
    const longest = Math.max(this.longest, chain)
    return this.#perSlot + (1 - 1 / this.#lane.concurrency) * longest + heldBack
  }

  get #perSlot(): number {
    return this.runs.reduce((sum, length) => sum + length, 0) / this.#lane.concurrency
  }
}

/** The most stretches that have a moment in common. */
function peakOf(stretches: readonly Stretch[], active: readonly Bar[]): number {
  const steps = stretches
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

/** Of whoever makes the calls that no body makes. */
const NO_WORK = { length: 0, before: () => 0 }

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
