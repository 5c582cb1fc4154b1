import type { Bar } from '../bar.ts'
import type { SpanRecord } from '../span.ts'
import { type Lifeline, lifelinesOf } from './lifelines.ts'

/** Who takes part in a sequence diagram, and who calls whom. */
export interface Participants {
  readonly lifelines: readonly Lifeline[]
  /** How many are left out. */
  readonly omitted: number
  /** The place of a participant that stands for the program, if calls come from nobody else. */
  readonly program: number | undefined
  /** The place of whoever it belongs to. */
  placeOf(span: SpanRecord): number | undefined
  /** The place of whoever made it. */
  callerOf(span: SpanRecord): number | undefined
}

/** Finds the participants among some spans, at most so many; waits belong to whoever waits. */
export function participantsOf(bars: readonly Bar[], most: number): Participants {
  const all = lifelinesOf(
    bars.filter(({ span }) => span.kind !== 'wait'),
    most,
  )
  const shown = all.slice(0, most)
  const isFromOutside = ({ span }: Bar): boolean => span.kind !== 'main' && span.by === undefined
  const needsProgram = shown[0]?.kind !== 'main' && bars.some(isFromOutside)
  const program: Lifeline = { name: 'Program', kind: 'main', depth: 0, bars: [] }
  const lifelines = needsProgram ? [program, ...shown] : shown
  const places = new Map<SpanRecord, number>()
  for (const [place, lifeline] of lifelines.entries()) {
    for (const { span } of lifeline.bars) places.set(span, place)
  }
  return {
    lifelines,
    omitted: all.length - shown.length,
    program: needsProgram ? 0 : undefined,
    placeOf: (span) => places.get(span),
    callerOf: ({ by, kind }) => {
      if (by !== undefined) return places.get(by)
      // Whoever is main makes the calls that nobody else makes.
      return kind !== 'main' && lifelines[0]?.kind === 'main' ? 0 : undefined
    },
  }
}
