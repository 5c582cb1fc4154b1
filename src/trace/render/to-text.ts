import { check, checkNumber, checkObject } from '../../internal/check.ts'
import { type Bar, barsOf, lengthOf } from '../bar.ts'
import type { Span, SpanRecord } from '../span.ts'
import type { Summary } from '../summary.ts'
import { grouped, milliseconds } from '../words.ts'
import { type Lifeline, lifelinesOf } from './lifelines.ts'
import { plain, toColumns, widthOf, wrap } from './plain-text.ts'
import { hostProcess, showsColor, showsUnicode } from './terminal.ts'
import { ticks } from './ticks.ts'

/** How a timeline is drawn for a terminal. */
export interface TextOptions {
  /** In columns: from 40 up. Default: that of the terminal, 80 where there is none. */
  width?: number | undefined
  /** Whether it has colours. Default: whether the terminal has. */
  color?: boolean | undefined
  /** Whether it may use more than ASCII. Default: whether the terminal can be expected to. */
  unicode?: boolean | undefined
  /** How many lifelines are shown at most. Default 40. */
  lifelines?: number | undefined
  /** Whether the verdict and the findings stand below. Default `true`. */
  verdict?: boolean | undefined
}

/** Draws spans as lifelines across the terminal. */
export function drawText(
  spans: readonly SpanRecord[],
  summary: Summary,
  options: TextOptions,
): string {
  checkObject(options)
  const { stdout } = hostProcess()
  const { width = stdout?.columns || 80, lifelines = 40, verdict = true } = options
  const { color = showsColor(stdout), unicode = showsUnicode() } = options
  checkNumber('width', 'a whole number from 40 up', width, (n) => n >= 40 && Number.isInteger(n))
  checkNumber('lifelines', 'from 1 up', lifelines, (n) => n >= 1)
  for (const [name, value] of Object.entries({ color, unicode, verdict })) {
    check(typeof value === 'boolean', name, 'true or false', value)
  }
  const style = new Style(color, unicode)
  const bars = barsOf(spans)
  const lines = bars.length === 0 ? [] : picture(bars, lifelines, width, style)
  if (!verdict) return lines.join('\n')
  return [...lines, ...(lines.length > 0 ? [''] : []), ...wordsBelow(summary, width, style)].join(
    '\n',
  )
}

function picture(bars: readonly Bar[], most: number, width: number, style: Style): string[] {
  const all = lifelinesOf(bars, most)
  const shown = all.slice(0, most)
  const notes = shown.map((lifeline) => style.text(noteOf(lifeline)))
  const labels = shown.map(({ name, depth }) => '  '.repeat(Math.min(depth, 4)) + style.text(name))
  const labelWidth = Math.min(Math.max(...labels.map(widthOf)), Math.floor(width / 3))
  const notesWidth = Math.max(...notes.map(widthOf))
  // Where there is no room for both, the picture is worth more.
  const noteWidth = width - labelWidth - notesWidth - 4 < LEAST_COLUMNS ? 0 : notesWidth + 2
  const columns = width - labelWidth - 2 - noteWidth
  const end = bars.reduce((last, { to }) => Math.max(last, to), 0)
  const rows = shown.map((lifeline, i) => {
    const label = toColumns(labels[i] as string, labelWidth, style.signs.ellipsis)
    const note = noteWidth === 0 ? '' : (notes[i] as string).padStart(noteWidth)
    const track = trackOf(lifeline, end, columns, style)
    return `${style.label(label, lifeline)}  ${track}${style.note(note, lifeline)}`.trimEnd()
  })
  const rest = all.length - shown.length
  if (rest > 0) rows.push(style.dim(`${style.signs.ellipsis} and ${grouped(rest)} more lifelines`))
  return [style.dim(axis(end, columns, labelWidth + 2)), ...rows]
}

const LEAST_COLUMNS = 16

/** The times above the lifelines. */
function axis(end: number, columns: number, indent: number): string {
  let line = ' '.repeat(indent)
  for (const tick of ticks(end, Math.max(2, Math.floor(columns / 12)))) {
    const at = indent + Math.round((tick / (end || 1)) * columns)
    const label = tick === 0 ? '0 ms' : grouped(tick, 3)
    // The last may stand out: it has the room that the notes below it have.
    line = line.padEnd(at) + label
  }
  return line
}

/** One lifeline: each column is what was going on there. */
function trackOf(lifeline: Lifeline, end: number, columns: number, style: Style): string {
  const cells = new Array<Cell>(columns).fill('line')
  const columnOf = (time: number): number => Math.round((time / (end || 1)) * columns)
  const paint = (from: number, to: number, cell: Cell): void => {
    const first = Math.min(columns - 1, columnOf(from))
    cells.fill(cell, first, Math.max(first + 1, columnOf(to)))
  }
  let lastEnd = 0
  for (const { span, called, runs, to, settled } of lifeline.bars) {
    const { kind, status } = span
    const begin = runs[0]?.from ?? to
    // Where calls share a lifeline, one may have waited while another was active.
    const since = Math.max(called, lastEnd)
    if (begin > since) paint(since, begin, 'queued')
    lastEnd = to
    // Between two attempts it waits as well.
    if (runs.length > 1) paint(begin, to, 'queued')
    for (const run of runs) paint(run.from, run.to, kind === 'wait' ? 'wait' : 'lit')
    const isLate = status === 'cancelled' && settled !== undefined && settled < to
    if (isLate && runs.length > 0) paint(Math.max(settled, begin), to, 'late')
    // What took no time is one column wide all the same.
    const first = Math.min(columns - 1, columnOf(runs.at(-1)?.from ?? since))
    const last = Math.max(first, Math.min(columns, columnOf(to)) - 1)
    if (status === 'rejected') cells[last] = 'failed'
    if (status === 'cancelled') cells[last] = 'cancelled'
  }
  return style.track(cells)
}

/** What stands behind a lifeline: what came of it, and how long it was active. */
function noteOf({ bars, kind }: Lifeline): string {
  const active = milliseconds(lengthOf(bars.flatMap(({ runs }) => runs)))
  const [first] = bars
  if (first === undefined || bars.length > 1) {
    const failed = bars.filter(({ span }) => span.status === 'rejected').length
    const times = `${grouped(bars.length)} times`
    return [times, ...(failed > 0 ? [`${failed} failed`] : []), active].join(', ')
  }
  const { span, runs } = first
  const how = HOW[span.status]
  const attempts = runs.length > 1 && kind === 'task' ? [`${runs.length} attempts`] : []
  const where = span.thread === 'main' ? '' : ` in ${span.thread}`
  const length = runs.length > 0 ? [active + where] : []
  return [...(how === '' ? [] : [how]), ...attempts, ...length].join(', ')
}

const HOW: Record<Span['status'], string> = {
  scheduled: 'waiting',
  running: 'running',
  fulfilled: '',
  rejected: 'failed',
  cancelled: 'cancelled',
}

function wordsBelow({ verdict, findings }: Summary, width: number, style: Style): string[] {
  const found = findings.flatMap((finding) => {
    const lines = wrap(style.text(String(finding)), width - 2)
    return lines.map((line, i) => `${i === 0 ? style.bullet : ' '} ${line}`)
  })
  return [...wrap(verdict, width).map((line) => style.bold(line)), ...found]
}

type Cell = 'line' | 'queued' | 'lit' | 'wait' | 'late' | 'failed' | 'cancelled'

const UNICODE = {
  line: '─',
  queued: '░',
  lit: '█',
  wait: '┄',
  late: '▒',
  failed: '✗',
  cancelled: '⊘',
  ellipsis: '…',
  bullet: '▸',
} as const
const ASCII = {
  line: '-',
  queued: '.',
  lit: '#',
  wait: '~',
  late: '%',
  failed: 'x',
  cancelled: '/',
  ellipsis: '...',
  bullet: '*',
} as const

/** Foreground colours of ANSI terminals, which their themes make readable on light and dark. */
const COLORS: Record<Cell, string> = {
  line: '90',
  queued: '33',
  lit: '36',
  wait: '90',
  late: '90',
  failed: '1;31',
  cancelled: '1;33',
}

/** Which signs and which colours. */
class Style {
  readonly signs: typeof UNICODE | typeof ASCII
  readonly #color: boolean

  constructor(color: boolean, unicode: boolean) {
    this.#color = color
    this.signs = unicode ? UNICODE : ASCII
  }

  /** Makes a foreign text fit for the terminal. */
  text(text: string): string {
    return this.signs === UNICODE ? plain(text) : plain(text).replace(/[^ -~]/gu, '?')
  }

  get bullet(): string {
    return this.#paint(this.signs.bullet, '33')
  }

  bold(text: string): string {
    return this.#paint(text, '1')
  }

  dim(text: string): string {
    return this.#paint(text, '90')
  }

  label(text: string, { kind }: Lifeline): string {
    return kind === 'wait' ? this.dim(text) : this.bold(text)
  }

  note(text: string, { bars, kind }: Lifeline): string {
    const failed = bars.some(({ span }) => span.status === 'rejected')
    return failed ? this.#paint(text, '31') : kind === 'wait' ? this.dim(text) : text
  }

  track(cells: readonly Cell[]): string {
    // Painted in runs of the same kind.
    let track = ''
    for (let from = 0; from < cells.length; ) {
      const cell = cells[from] as Cell
      let to = from
      while (cells[to] === cell) to += 1
      track += this.#paint(this.signs[cell].repeat(to - from), COLORS[cell])
      from = to
    }
    return track
  }

  #paint(text: string, code: string): string {
    return this.#color && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text
  }
}
