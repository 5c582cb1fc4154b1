import type { SpanListener } from '../recorder.ts'
import { plain, toColumns } from '../render/plain-text.ts'
import { showsColor, showsUnicode } from '../render/terminal.ts'
import type { SpanRecord } from '../span.ts'
import { grouped } from '../words.ts'
import type { LiveStream } from './live-stream.ts'

/** What is going on, and how that looks. */
export class LiveTally {
  readonly #total: number | undefined
  readonly #began = performance.now()
  // In the order of their starts: the first has run longest.
  readonly #running = new Set<SpanRecord>()
  #called = 0
  #settled = 0
  #failed = 0
  #frames = 0

  constructor(total: number | undefined) {
    this.#total = total
  }

  note(span: SpanRecord, event: Parameters<SpanListener>[1]): void {
    if (event === 'started') this.#running.add(span)
    if (event === 'settled') this.#running.delete(span)
    if (span.kind !== 'task') return
    if (event === 'called') this.#called += 1
    if (event !== 'settled') return
    this.#settled += 1
    if (span.status === 'rejected') this.#failed += 1
  }

  /** All of it in a line. */
  get line(): string {
    const tasks = [...this.#running].filter(({ kind }) => kind === 'task').length
    const queued = this.#called - this.#settled - tasks
    const of = this.#total === undefined ? '' : ` of ${grouped(this.#total)}`
    return [
      `${grouped(this.#settled)}${of} done`,
      `${grouped(tasks)} running`,
      `${grouped(queued)} waiting`,
      ...(this.#failed > 0 ? [`${grouped(this.#failed)} failed`] : []),
    ].join(', ')
  }

  get elapsed(): string {
    return seconds(performance.now() - this.#began)
  }

  /** Some lines for a terminal. */
  picture(stream: LiveStream, most: number, isLast: boolean): readonly string[] {
    const width = Math.max(20, (stream.columns || 80) - 1)
    const [color, unicode] = [showsColor(stream), showsUnicode()]
    const paint = (text: string, code: string): string =>
      color ? `\u001b[${code}m${text}\u001b[0m` : text
    const [spinner, done, failed] = unicode ? ['⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏', '✓', '✗'] : ['|/-\\', '*', 'x']
    const turning = [...spinner][this.#frames++ % [...spinner].length] as string
    const sign = isLast ? (this.#failed > 0 ? failed : done) : turning
    const elapsed = this.elapsed
    const head = toColumns(this.line, width - elapsed.length - 4).trimEnd()
    const names = [...this.#running].slice(0, most).map(({ name, start = 0, lane }) => {
      const ran = seconds(Math.max(0, lane.clock.now() - start))
      const label = toColumns(plain(name), Math.min(40, width - ran.length - 6))
      return `  ${label}  ${paint(ran, '90')}`
    })
    const rest = this.#running.size - names.length
    if (rest > 0) names.push(paint(`  and ${grouped(rest)} more`, '90'))
    const bar = this.#total === undefined ? [] : [this.#bar(width, unicode, paint)]
    return [`${paint(sign, '36')} ${head}  ${paint(elapsed, '90')}`, ...bar, ...names]
  }

  #bar(width: number, unicode: boolean, paint: (text: string, code: string) => string): string {
    const share = Math.min(1, this.#settled / Math.max(1, this.#total ?? 0))
    const percent = `${Math.floor(share * 100)} %`.padStart(5)
    const length = Math.min(60, width - percent.length - 4)
    const done = Math.round(share * length)
    const [full, empty] = unicode ? ['━', '─'] : ['#', '-']
    return `  ${paint(full.repeat(done), '32')}${paint(empty.repeat(length - done), '90')} ${percent}`
  }
}

function seconds(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const [minutes, rest] = [Math.floor(ms / 60_000), Math.floor((ms % 60_000) / 1000)]
  return `${minutes} min ${String(rest).padStart(2, '0')} s`
}
