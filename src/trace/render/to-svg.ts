import { check, checkNumber, checkObject } from '../../internal/check.ts'
import { type Bar, barsOf } from '../bar.ts'
import type { SpanRecord } from '../span.ts'
import type { Summary } from '../summary.ts'
import { grouped, milliseconds } from '../words.ts'
import { describeBar } from './describe-bar.ts'
import { escapeXML } from './escape-xml.ts'
import { type Moment, momentsOf } from './moments.ts'
import { overlapsOf } from './overlaps.ts'
import { type Participants, participantsOf } from './participants.ts'
import { plain, toColumns, widthOf, wrap } from './plain-text.ts'
import { svgLegend } from './svg-legend.ts'
import { STYLE } from './svg-style.ts'
import { ticks } from './ticks.ts'
import { TimeScale } from './time-scale.ts'

/** How a timeline is drawn as a picture. */
export interface SVGOptions {
  /** What screen readers call it. Default: `Timeline`. */
  title?: string | undefined
  /** Light, dark, or what the reader has chosen, which is the default. Printed it is light. */
  theme?: 'auto' | 'light' | 'dark' | undefined
  /** Of the lifelines, in pixels, at least: from 100 up. Default 320. */
  height?: number | undefined
  /** How many lifelines are shown at most. Default 16. */
  lifelines?: number | undefined
  /** Whether the verdict and the findings stand below. Default `true`. */
  verdict?: boolean | undefined
}

/** Draws spans as a sequence diagram. */
export function drawSVG(
  spans: readonly SpanRecord[],
  summary: Summary,
  options: SVGOptions,
): string {
  checkObject(options)
  const {
    title = 'Timeline',
    theme = 'auto',
    height = 320,
    lifelines = 16,
    verdict = true,
  } = options
  check(typeof title === 'string', 'title', 'a string', title)
  check(['auto', 'light', 'dark'].includes(theme), 'theme', '"auto", "light" or "dark"', theme)
  check(typeof verdict === 'boolean', 'verdict', 'true or false', verdict)
  checkNumber('height', 'pixels from 100 up', height, (n) => n >= 100 && n < Infinity)
  checkNumber('lifelines', 'from 1 up', lifelines, (n) => n >= 1)
  return new Drawing(barsOf(spans), height, lifelines).toSVG(
    title,
    theme,
    verdict ? summary : undefined,
  )
}

class Drawing {
  readonly #bars: readonly Bar[]
  readonly #active: readonly Bar[]
  readonly #shown: readonly Bar[]
  readonly #participants: Participants
  readonly #moments: readonly Moment[]
  readonly #scale: TimeScale
  readonly #end: number
  readonly #column: number

  constructor(bars: readonly Bar[], height: number, most: number) {
    this.#bars = bars
    this.#participants = participantsOf(bars, most)
    const { placeOf, lifelines } = this.#participants
    this.#active = bars.filter(({ span }) => span.kind !== 'wait')
    this.#shown = this.#active.filter(({ span }) => placeOf(span) !== undefined)
    const moments = momentsOf(this.#shown).filter(
      ({ kind }) => kind === 'call' || kind === 'return',
    )
    // Where there are too many arrows to tell them apart, bars alone say more.
    this.#moments = moments.length > MOST_ARROWS ? [] : moments
    // A body on another thread may end before anybody here hears of it.
    this.#end = bars.reduce((last, { to, settled = 0 }) => Math.max(last, to, settled), 0)
    this.#scale = new TimeScale(
      this.#moments.map(({ time }) => time),
      this.#end,
      height,
      ROW,
    )
    const longest = Math.max(0, ...lifelines.map(({ name }) => widthOf(plain(name))))
    this.#column = Math.min(180, Math.max(110, longest * CHARACTER + 36))
  }

  toSVG(title: string, theme: string, summary: Summary | undefined): string {
    const { lifelines, omitted } = this.#participants
    const width = Math.max(MARGIN + lifelines.length * this.#column + 24, 420)
    const bottom = TOP + this.#scale.height + 20
    const words =
      summary === undefined ? [] : wordsOf(summary, Math.floor((width - 32) / CHARACTER))
    if (omitted > 0) words.unshift(['words dim', `and ${grouped(omitted)} more lifelines`])
    const height = Math.ceil(bottom + 34 + words.length * LINE + (words.length > 0 ? 8 : 0))
    return [
      `<svg xmlns="http://www.w3.org/2000/svg" class="gatherly ${theme}" role="img" ` +
        `viewBox="0 0 ${width} ${height}" width="${width}" height="${height}">`,
      `<title>${escapeXML(title)}</title>`,
      `<desc>${escapeXML(this.#description(summary))}</desc>`,
      `<style>${STYLE}</style>`,
      ARROWS,
      `<rect class="paper" width="${width}" height="${height}" rx="8"/>`,
      ...this.#overlaps(width),
      ...this.#times(width),
      ...this.#lines(),
      ...this.#bars.filter(({ span }) => span.kind === 'wait').flatMap((bar) => this.#wait(bar)),
      ...this.#moments.flatMap((moment) => this.#arrow(moment)),
      ...this.#shown.map((bar) => this.#bar(bar)),
      ...this.#heads(),
      svgLegend(round(bottom + 18), this.#bars, this.#end * INDISTINCT),
      ...words.map(
        ([style, text], i) =>
          `<text class="${style}" x="16" y="${round(bottom + 52 + i * LINE)}">${escapeXML(text)}</text>`,
      ),
      '</svg>\n',
    ].join('\n')
  }

  #x(place: number): number {
    return MARGIN + (place + 0.5) * this.#column
  }

  #y(time: number, edge: 'first' | 'last' = 'first'): number {
    return round(TOP + this.#scale.at(time, edge))
  }

  /** All that the picture shows, in words. */
  #description(summary: Summary | undefined): string {
    const lines = this.#shown.map((bar) => `${describeBar(bar)}.`)
    return [...(summary ? [summary.verdict] : []), ...lines].join(' ')
  }

  /** Bands behind what was lit at the same moment. */
  #overlaps(width: number): string[] {
    // Those included that are not shown: the shadow is about the program.
    return overlapsOf(this.#active).map(({ from, to, second, last }) => {
      const top = this.#isSame(from, second.called) ? this.#callY(second) : this.#y(from, 'last')
      const end = to === last.to ? this.#endY(last) : this.#y(to)
      const height = round(Math.max(0, end - top))
      return `<rect class="overlap" x="${MARGIN}" y="${top}" width="${width - MARGIN - 12}" height="${height}"/>`
    })
  }

  #times(width: number): string[] {
    const most = Math.max(2, Math.floor(this.#scale.height / 56))
    return ticks(this.#end, most).flatMap((time) => {
      const y = this.#y(time)
      const label = escapeXML(milliseconds(time))
      return [
        `<line class="tick" x1="${MARGIN}" x2="${width - 12}" y1="${y}" y2="${y}"/>`,
        `<text class="time" x="${MARGIN - 8}" y="${y + 4}">${label}</text>`,
      ]
    })
  }

  #lines(): string[] {
    return this.#participants.lifelines.map((_, place) => {
      const x = this.#x(place)
      return `<line class="life" x1="${x}" x2="${x}" y1="${HEAD + 12}" y2="${round(TOP + this.#scale.height + 12)}"/>`
    })
  }

  #heads(): string[] {
    return this.#participants.lifelines.map(({ name, kind }, place) => {
      const [x, width] = [this.#x(place), this.#column - 16]
      const label = shorten(plain(name), width - 12)
      return [
        `<g class="head ${kind}"><title>${escapeXML(name)}</title>`,
        `<rect x="${x - width / 2}" y="14" width="${width}" height="${HEAD - 2}" rx="6"/>`,
        `<text x="${x}" y="${14 + HEAD / 2 + 3}">${escapeXML(label)}</text></g>`,
      ].join('')
    })
  }

  #bar(bar: Bar): string {
    const { span, called, runs, settled, to } = bar
    const x = this.#x(this.#participants.placeOf(span) as number)
    const top = this.#callY(bar)
    const rectangle = (style: string, from: number, end: number, width = WIDTH): string => {
      const height = round(Math.max(3, end - from))
      return `<rect class="${style}" x="${x - width / 2}" y="${from}" width="${width}" height="${height}" rx="3"/>`
    }
    const parts: string[] = []
    const begin = runs[0]?.from
    const endY = this.#endY(bar)
    const startsNow = begin !== undefined && this.#isSame(begin, called)
    const firstY = startsNow ? top : begin === undefined ? endY : this.#y(begin, 'last')
    if (firstY > top + 1) parts.push(rectangle('queued', top, firstY, 6))
    if (runs.length > 1) parts.push(rectangle('queued', firstY, endY, 6))
    for (const [i, run] of runs.entries()) {
      const from = i === 0 ? firstY : this.#y(run.from, 'last')
      const end = i === runs.length - 1 && run.to === to ? endY : this.#y(run.to)
      parts.push(rectangle(`lit ${span.kind} ${span.status}`, from, end))
    }
    if (span.status === 'cancelled' && settled !== undefined && settled < to && runs.length > 0) {
      parts.push(rectangle('late', Math.max(firstY, this.#y(settled)), endY))
    }
    if (span.status === 'rejected') parts.push(cross(x, endY, 'failed'))
    if (span.status === 'cancelled') parts.push(cross(x, endY, 'cancelled'))
    return `<g class="bar"><title>${escapeXML(describeBar(bar))}</title>${parts.join('')}</g>`
  }

  /** A wait: hollow, on the lifeline of whoever waits. */
  #wait(bar: Bar): string[] {
    const place = this.#participants.callerOf(bar.span)
    if (place === undefined) return []
    const [from, end] = [this.#y(bar.called, 'last'), this.#y(bar.to, 'last')]
    const x = this.#x(place) + WIDTH / 2 - 2
    const height = round(Math.max(3, end - from))
    const name = escapeXML(toColumns(plain(bar.span.name), 16).trimEnd())
    return [
      `<g class="wait"><title>${escapeXML(describeBar(bar))}</title>` +
        `<rect x="${x}" y="${from}" width="9" height="${height}" rx="2"/>` +
        (height < ROW
          ? ''
          : `<text x="${x + 13}" y="${round(this.#labelY(place, from, end))}">${name}</text>`) +
        '</g>',
    ]
  }

  /** Where the name of a wait collides with no return time, which stands left of the next lifeline. */
  #labelY(place: number, from: number, end: number): number {
    const taken = this.#moments
      .filter(
        ({ bar, kind }) => kind === 'return' && this.#participants.placeOf(bar.span) === place + 1,
      )
      .map(({ bar }) => this.#returnY(bar) - 4)
    const first = from + 15
    for (let y = first; y <= end; y += 4) {
      if (taken.every((other) => Math.abs(other - y) >= LABEL)) return y
    }
    return first
  }

  #arrow({ bar, kind }: Moment): string[] {
    const { span } = bar
    const callee = this.#participants.placeOf(span)
    const caller = this.#participants.callerOf(span)
    if (callee === undefined || caller === undefined) return []
    const y = kind === 'call' ? this.#callY(bar) : this.#returnY(bar)
    const side = callee > caller ? 1 : -1
    const isSelf = callee === caller
    const [from, to] = [
      this.#x(caller) + side * (WIDTH / 2 + 1),
      this.#x(callee) - (isSelf ? -1 : 1) * side * (WIDTH / 2 + 2),
    ]
    if (isSelf) return []
    if (kind === 'call') {
      return [
        `<line class="call" x1="${from}" x2="${to}" y1="${y}" y2="${y}" marker-end="url(#gatherly-call)"/>`,
      ]
    }
    const style = `return ${span.status}`
    const label =
      span.status === 'fulfilled'
        ? milliseconds(bar.to - bar.called)
        : span.status === 'rejected'
          ? 'failed'
          : span.status
    const x = this.#x(callee) - side * (WIDTH / 2 + 10)
    return [
      `<line class="${style}" x1="${to}" x2="${from}" y1="${y}" y2="${y}" marker-end="url(#gatherly-return)"/>`,
      `<text class="${style} ${side > 0 ? 'end' : 'start'}" x="${x}" y="${y - 4}">${escapeXML(label)}</text>`,
    ]
  }

  /** Whether two moments cannot be told apart in the picture. */
  #isSame(one: number, other: number): boolean {
    return Math.abs(one - other) <= this.#end * INDISTINCT
  }

  #callY(bar: Bar): number {
    return this.#rowOf(bar, 'call') ?? this.#y(bar.called, 'last')
  }

  #returnY(bar: Bar): number {
    return this.#rowOf(bar, 'return') ?? this.#y(bar.to)
  }

  #endY(bar: Bar): number {
    return bar.settled === bar.to ? this.#returnY(bar) : this.#y(bar.to)
  }

  #rowOf(bar: Bar, kind: Moment['kind']): number | undefined {
    const row = this.#moments.findIndex((moment) => moment.bar === bar && moment.kind === kind)
    return row < 0 ? undefined : round(TOP + this.#scale.row(row))
  }
}

function wordsOf({ verdict, findings }: Summary, columns: number): [style: string, text: string][] {
  const lines = (style: string, text: string): [string, string][] =>
    wrap(plain(text), columns).map((line) => [style, line])
  return [
    ...lines('words verdict', verdict),
    ...findings.flatMap((finding) => lines('words', String(finding))),
  ]
}

/** Cuts a label in bold 13 pixels to so many pixels. */
function shorten(label: string, pixels: number): string {
  if (pixelsOf(label) <= pixels) return label
  const characters = [...label]
  while (characters.length > 0 && pixelsOf(`${characters.join('')}…`) > pixels) characters.pop()
  return `${characters.join('').trimEnd()}…`
}

/** How wide a label in bold 13 pixels is at most, in the usual fonts. */
function pixelsOf(label: string): number {
  let sum = 0
  for (const character of label) {
    if (/[MWmw@%…]/.test(character)) sum += 12.5
    else if (/[ -~]/.test(character))
      sum += /[A-Z#&_+<=>~]/.test(character) ? 10 : /[fijlrt.,:;'|! ]/.test(character) ? 4.5 : 7.6
    else sum += 8 * widthOf(character)
  }
  return sum
}

function cross(x: number, y: number, style: string): string {
  const [left, right, top, bottom] = [x - 5, x + 5, round(y - 5), round(y + 5)]
  return `<path class="cross ${style}" d="M${left} ${top}L${right} ${bottom}M${right} ${top}L${left} ${bottom}"/>`
}

function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}

const ARROWS =
  '<defs>' +
  '<marker id="gatherly-call" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="tip" d="M0 0L8 4L0 8Z"/></marker>' +
  '<marker id="gatherly-return" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto"><path class="open tip" d="M0.5 0.5L7 4L0.5 7.5"/></marker>' +
  '</defs>'

// In pixels.
const MARGIN = 84
const HEAD = 32
const TOP = 74
const ROW = 22
const LINE = 19
/** What a small label takes. */
const LABEL = 13
const WIDTH = 16
/** An average one of 13 pixels. */
const CHARACTER = 7.2
const MOST_ARROWS = 80
/** Of the whole time. */
const INDISTINCT = 0.003
