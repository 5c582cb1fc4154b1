import { checkNumber, checkObject } from '../../internal/check.ts'
import { barsOf } from '../bar.ts'
import type { SpanRecord } from '../span.ts'
import { grouped, milliseconds } from '../words.ts'
import { type Moment, momentsOf } from './moments.ts'
import { participantsOf } from './participants.ts'
import { plain } from './plain-text.ts'

/** How a timeline is written for Mermaid. */
export interface MermaidOptions {
  /** How many participants are shown at most. Default 16. */
  lifelines?: number | undefined
}

/** Writes spans as a `sequenceDiagram` with activations. */
export function drawMermaid(spans: readonly SpanRecord[], options: MermaidOptions): string {
  checkObject(options)
  const { lifelines: most = 16 } = options
  checkNumber('lifelines', 'from 1 up', most, (n) => n >= 1)
  const bars = barsOf(spans)
  const { lifelines, omitted, placeOf, callerOf } = participantsOf(bars, most)
  const shown = bars.filter(({ span }) => span.kind !== 'wait' && placeOf(span) !== undefined)
  const idOf = (place: number | undefined): string => `P${place}`

  const write = ({ bar, kind, time }: Moment): readonly string[] => {
    const { span, called, runs, settled, to } = bar
    const id = idOf(placeOf(span))
    if (kind === 'start') return [`activate ${id}`]
    if (kind === 'over') return [`deactivate ${id}`]
    const caller = callerOf(span)
    const after = `after ${milliseconds(time - called)}`
    if (caller === undefined) {
      // A message to itself: without one there would be nothing to be seen of its activation.
      const done = `${id}->>${id}: done ${after}`
      return kind === 'call' ? [`activate ${id}`] : [done, `deactivate ${id}`]
    }
    const startsNow = runs[0]?.from === called
    if (kind === 'call') {
      const waits = startsNow ? '' : ', waits'
      return [
        `${idOf(caller)}->>${startsNow ? '+' : ''}${id}: call at ${milliseconds(time)}${waits}`,
      ]
    }
    // A body that does not listen to a cancel stays active.
    const isOver = runs.length > 0 && !(settled !== undefined && settled < to)
    const arrow = span.status === 'fulfilled' ? '-->>' : '--x'
    return [`${id}${arrow}${isOver ? '-' : ''}${idOf(caller)}: ${HOW[span.status]}${after}`]
  }

  const lines = [
    ...lifelines.map(({ name }, place) => `participant ${idOf(place)} as ${textOf(name)}`),
    ...momentsOf(shown).flatMap(write),
    ...(omitted > 0 ? [`Note over ${idOf(0)}: and ${grouped(omitted)} more`] : []),
  ]
  return ['sequenceDiagram', ...lines.map((line) => `  ${line}`), ''].join('\n')
}

const HOW: Record<SpanRecord['status'], string> = {
  scheduled: '',
  running: '',
  fulfilled: '',
  rejected: 'failed ',
  cancelled: 'cancelled ',
}

/** A foreign text as Mermaid takes it: what has a meaning there is written as an entity. */
function textOf(text: string): string {
  const safe = [...plain(text)].map((character) =>
    /[\p{L}\p{N}\p{M} _.,()[\]/+*=@!?'"-]/u.test(character)
      ? character
      : `#${character.codePointAt(0)};`,
  )
  return safe.join('').trim() || '#160;'
}
