import type { Bar } from '../bar.ts'
import type { Lane, SpanRecord } from '../span.ts'
import { list, milliseconds, times } from '../words.ts'
import { type Account, type Finding, found } from './finding.ts'

/**
 * Calls that their caller awaited one by one, although none was made with what another one gave, as
 * far as can be told.
 */
export function inSequence({ bars }: Account): readonly Finding[] {
  const barOf = new Map(bars.map((bar) => [bar.span, bar]))
  const rows = new Map<SpanRecord, Bar[]>()
  for (const bar of bars) {
    const before = barOf.get(bar.span.follows as SpanRecord)
    if (before === undefined || bar.isOpen || !bar.span.isAlone) continue
    if (!followsAtOnce(bar, before)) continue
    const row = rows.get(before.span) ?? [before]
    row.push(bar)
    rows.delete(before.span)
    rows.set(bar.span, row)
  }
  return [...rows.values()].flatMap((row) => describe(row))
}

/** Whether the caller awaited the one, and made the other call as soon as that was done. */
function followsAtOnce({ called }: Bar, before: Bar): boolean {
  const { settled, collected } = before
  if (settled === undefined || collected === undefined || collected > settled) return false
  return called - settled <= 1 + LONGEST_PAUSE * (settled - before.called)
}

function describe(row: readonly Bar[]): readonly Finding[] {
  const took = (row.at(-1) as Bar).to - (row[0] as Bar).called
  const saved = took - gatheredTime(row)
  if (saved < Math.max(1, LEAST_SAVED * took)) return []
  const names = row.map(({ span }) => span.name)
  const different = [...new Set(names)]
  const [first = ''] = different
  const message =
    different.length === 1
      ? `${first} ran ${times(row.length)}, one after the other; gathered these calls`
      : `${list(names)} ran one after the other; gathered they`
  const advice = 'Make the calls before you await the first, unless one needs what another gives.'
  const text = `${message} would have taken ${milliseconds(saved)} less. ${advice}`
  return [found('in-sequence', different, saved, text)]
}

/** How long they would have taken if all had been called at once. */
function gatheredTime(row: readonly Bar[]): number {
  const slots = new Map<Lane, number[]>()
  const starts = new Map<Lane, number>()
  let held = 0
  let end = 0
  for (const { span, called, to } of row) {
    const { lane } = span
    const free = slots.get(lane) ?? []
    slots.set(lane, free)
    // The list schedule: each in the slot that is free first.
    free.sort((a, b) => a - b)
    const others = starts.get(lane) ?? 0
    starts.set(lane, others + 1)
    const slot = free.length < lane.concurrency ? 0 : (free.shift() ?? 0)
    const start = Math.max(slot, lane.earliestStart(others))
    free.push(start + to - called)
    // What holds the one thread overlaps nothing.
    if (span.thread === 'main') held += Math.min(span.held, to - called)
    end = Math.max(end, start + to - called)
  }
  return Math.max(end, held)
}

/** Of what the call before took: after a longer pause there was something else to be done. */
const LONGEST_PAUSE = 0.02
/** Of the time that they took: less is not worth a word. */
const LEAST_SAVED = 0.1
