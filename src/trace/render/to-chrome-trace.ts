import { type Bar, barsOf } from '../bar.ts'
import type { SpanRecord } from '../span.ts'
import { type Lifeline, lifelinesOf } from './lifelines.ts'

/** A file that Perfetto and `chrome://tracing` open. */
export interface ChromeTrace {
  readonly displayTimeUnit: 'ms'
  readonly traceEvents: readonly ChromeTraceEvent[]
}

/** An event of the Trace Event Format. Times are in microseconds. */
export interface ChromeTraceEvent {
  readonly name: string
  /** `X`: a stretch of time; `s` and `f`: an arrow; `C`: a count; `M`: a name. */
  readonly ph: 'X' | 's' | 'f' | 'C' | 'M'
  readonly cat?: string
  readonly ts?: number
  readonly dur?: number
  readonly pid: number
  readonly tid: number
  readonly id?: number
  readonly bp?: 'e'
  readonly cname?: string
  readonly args?: Readonly<Record<string, unknown>>
}

/**
 * Writes spans as trace events: each lifeline is a thread, calls are arrows, and a count says how
 * many bodies are active.
 *
 * Source: "Trace Event Format", the document of Chrome's tracing team.
 */
export function writeChromeTrace(spans: readonly SpanRecord[]): ChromeTrace {
  const bars = barsOf(spans)
  const lifelines = lifelinesOf(bars, Infinity)
  const threadOf = new Map<SpanRecord, number>()
  for (const [place, { bars }] of lifelines.entries()) {
    for (const { span } of bars) threadOf.set(span, place + 1)
  }
  const names: ChromeTraceEvent[] = [
    { name: 'process_name', ph: 'M', pid: PID, tid: 0, args: { name: 'gatherly' } },
    ...lifelines.flatMap((lifeline, place) => namesOf(lifeline, place + 1)),
  ]
  const events = [
    ...bars.flatMap((bar) => eventsOf(bar, threadOf.get(bar.span) ?? 0)),
    ...bars.flatMap((bar) => arrowOf(bar, threadOf)),
    ...counts(bars),
  ]
  // Those that read it as it comes want it in order; a stretch before those within it.
  events.sort((a, b) => (a.ts ?? 0) - (b.ts ?? 0) || (b.dur ?? 0) - (a.dur ?? 0))
  return { displayTimeUnit: 'ms', traceEvents: [...names, ...events] }
}

function namesOf({ name, depth }: Lifeline, tid: number): ChromeTraceEvent[] {
  const args = { name: '  '.repeat(depth) + name }
  return [
    { name: 'thread_name', ph: 'M', pid: PID, tid, args },
    { name: 'thread_sort_index', ph: 'M', pid: PID, tid, args: { sort_index: tid } },
  ]
}

function eventsOf({ span, called, runs, to }: Bar, tid: number): ChromeTraceEvent[] {
  const { name, kind, id, status, scheduler, thread, held, stack } = span
  const stretch = (what: string, cat: string, from: number, end: number): ChromeTraceEvent => {
    const cname = status === 'rejected' && cat !== 'queue' ? { cname: 'terrible' } : {}
    const args = { id, status, scheduler, thread, held, by: span.by?.name, stack }
    const time = { ts: from * 1000, dur: (end - from) * 1000 }
    return { name: what, ph: 'X', cat, ...time, pid: PID, tid, ...cname, args }
  }
  const waits: ChromeTraceEvent[] = []
  let since = called
  for (const run of runs) {
    if (run.from > since) waits.push(stretch(`${name} waits`, 'queue', since, run.from))
    since = run.to
  }
  // Of what never ran there is at least that, if it took no time.
  if (to > since || runs.length === 0) waits.push(stretch(`${name} waits`, 'queue', since, to))
  return [...waits, ...runs.map(({ from, to }) => stretch(name, kind, from, to))]
}

/** An arrow from the caller to what it called. */
function arrowOf({ span, called }: Bar, threadOf: Map<SpanRecord, number>): ChromeTraceEvent[] {
  const from = span.by && threadOf.get(span.by)
  const to = threadOf.get(span)
  if (from === undefined || to === undefined || span.kind !== 'task') return []
  const event = { name: 'call', cat: 'call', id: span.id, ts: called * 1000, pid: PID }
  return [
    { ...event, ph: 's', tid: from },
    { ...event, ph: 'f', bp: 'e', tid: to },
  ]
}

/** How many bodies are active, and how many calls wait to start, whenever that changes. */
function counts(bars: readonly Bar[]): ChromeTraceEvent[] {
  const steps = bars
    .filter(({ span }) => span.kind !== 'wait')
    .flatMap(({ called, runs, to }) => {
      const begin = runs[0]?.from ?? to
      const runSteps = runs.flatMap(({ from, to }) => [[from, 1, 0] as const, [to, -1, 0] as const])
      return [[called, 0, 1] as const, [begin, 0, -1] as const, ...runSteps]
    })
    .sort((a, b) => a[0] - b[0])
  const totals = new Map<number, { active: number; queued: number }>()
  let [active, queued] = [0, 0]
  for (const [at, runs, waits] of steps) {
    active += runs
    queued += waits
    totals.set(at, { active, queued })
  }
  return [...totals].map(([at, args]) => ({
    name: 'bodies',
    ph: 'C',
    ts: at * 1000,
    pid: PID,
    tid: 0,
    args,
  }))
}

const PID = 1
