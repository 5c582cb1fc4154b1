/**
 * A long run with a live display: a few hundred downloads through one scheduler, with a limit, a rate and retries. Every cell
 * is a file, and how it looks is the `status` of its future. The downloads are simulated, the rest is not.
 * Run it with `npm run example:progress`. Where the output is no terminal it prints plain lines.
 */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { stripVTControlCharacters, styleText } from 'node:util'
import {
  backoff,
  type Clock,
  context,
  type Future,
  gatherSettled,
  type Progress,
  Scheduler,
  systemClock,
} from 'gatherly'
import { createLogUpdate } from 'log-update'

const FILES = 240
const CONCURRENCY = 16
const RATE = { limit: 20, interval: 160 }
const LIMITS = `${CONCURRENCY} at once, ${RATE.limit} starts per ${RATE.interval} ms`

/** Where the time comes from, what stops the run, where it is shown. A test gives a virtual clock. */
export interface DownloadOptions {
  readonly clock?: Clock
  readonly signal?: AbortSignal
  readonly display?: Display
  /** Draws the waits before another attempt. */
  readonly random?: () => number
}

export interface DownloadReport {
  readonly done: number
  /** The files that were not to be had, with the reason. */
  readonly failed: readonly string[]
  /** How many attempts failed and were repeated. */
  readonly repeated: number
  /** How many never came to an end. */
  readonly stopped: number
  readonly bytes: number
  readonly milliseconds: number
}

/** Downloads all files, and shows meanwhile how far it is. */
export async function downloadAll({
  clock = systemClock,
  signal,
  display = plainDisplay(console.log),
  random = Math.random,
}: DownloadOptions = {}): Promise<DownloadReport> {
  const scheduler = new Scheduler({ concurrency: CONCURRENCY, rate: RATE, clock, signal })
  const attempts = new Array<number>(FILES).fill(0)
  const download = scheduler.task(
    (file: number) => {
      attempts[file] = (attempts[file] ?? 0) + 1
      return simulateDownload(file, attempts[file])
    },
    { retry: { retries: 5, delay: backoff({ base: 100, random }), when: isTemporary } },
  )

  const begin = clock.now()
  const futures = Array.from({ length: FILES }, (_, file) => download(file)) // all are called now
  const view = (): View => ({
    cells: futures.map((future, file) => cellOf(future, attempts[file] ?? 0)),
    progress: scheduler.progress,
    milliseconds: clock.now() - begin,
  })
  let shown = Number.NEGATIVE_INFINITY
  const stop = scheduler.onProgress(() => {
    if (clock.now() - shown < FRAME) return
    shown = clock.now()
    display.show(view())
  })
  await gatherSettled(futures)
  stop()

  const { progress, milliseconds } = view()
  const report = {
    done: progress.fulfilled,
    failed: futures.flatMap(({ status, reason }, file) =>
      status === 'rejected' ? [`${nameOf(file)}: ${(reason as Error).message}`] : [],
    ),
    repeated: attempts.reduce((sum, n) => sum + Math.max(0, n - 1), 0),
    stopped: progress.cancelled,
    bytes: futures.reduce((sum, { value = 0 }) => sum + value, 0),
    milliseconds,
  }
  display.end(view(), report)
  return report
}

/** No more than 25 pictures a second. */
const FRAME = 40

// What is downloaded: each file and attempt has its fate, the same in every run.

class DownloadError extends Error {
  readonly isTemporary: boolean

  constructor(message: string, isTemporary: boolean) {
    super(message)
    this.isTemporary = isTemporary
  }
}

function isTemporary(error: unknown): boolean {
  return error instanceof DownloadError && error.isTemporary
}

/** Stands for a `fetch`: takes its time, and gives the number of bytes. */
async function simulateDownload(file: number, attempt: number): Promise<number> {
  const { sleep } = context()
  await sleep(40)
  if (fate(file, 0) < 0.01) throw new DownloadError('404 not found', false)
  await sleep(Math.round(150 * fate(file, attempt)))
  if (fate(file, attempt + 100) < 0.1) throw new DownloadError('connection lost', true)
  return Math.round(50_000 + 400_000 * fate(file, 1000))
}

/** A number from 0 up to 1 that only looks like chance. */
function fate(file: number, what: number): number {
  const noise = Math.sin(file * 12.9898 + what * 78.233 + 1) * 43_758.5453
  return noise - Math.floor(noise)
}

function nameOf(file: number): string {
  return `photo-${String(file + 1).padStart(3, '0')}.jpg`
}

// How it is shown.

/** How it stands at one moment. */
export interface View {
  /** One for each file, in their order. */
  readonly cells: readonly Cell[]
  readonly progress: Progress
  readonly milliseconds: number
}

export type Cell = keyof typeof CELLS

export interface Display {
  show(view: View): void
  end(view: View, report: DownloadReport): void
}

const CELLS = {
  done: { sign: '■', style: 'green' },
  running: { sign: '□', style: 'cyan' },
  again: { sign: '↻', style: 'yellow' },
  waiting: { sign: '·', style: 'gray' },
  failed: { sign: '✗', style: 'red' },
  stopped: { sign: '-', style: 'gray' },
} as const

function cellOf({ status }: Future<number>, attempts: number): Cell {
  if (status === 'scheduled') return attempts === 0 ? 'waiting' : 'again'
  if (status === 'running') return 'running'
  return status === 'fulfilled' ? 'done' : status === 'rejected' ? 'failed' : 'stopped'
}

/** A picture that is drawn over and over in the same place, and a summary below it. */
export function liveDisplay(terminal: NodeJS.WriteStream): Display {
  const update = createLogUpdate(terminal)
  const show = (view: View): void => {
    const picture = pictureOf(view, Math.max(30, Math.min(60, terminal.columns - 4)))
    update(terminal.hasColors() ? picture : stripVTControlCharacters(picture))
  }
  return {
    show,
    end(view, report) {
      show(view)
      update.done()
      terminal.write(`\n${indented(summaryOf(report))}\n\n`)
    },
  }
}

/** The whole picture, `width` cells wide. */
export function pictureOf({ cells, progress, milliseconds }: View, width: number): string {
  const rows = Array.from({ length: Math.ceil(cells.length / width) }, (_, row) =>
    cells.slice(row * width, (row + 1) * width),
  )
  const count = (cell: Cell): number => cells.filter((each) => each === cell).length
  const legend = (Object.keys(CELLS) as Cell[])
    .filter((cell) => count(cell) > 0 || (cell !== 'stopped' && progress.settled < cells.length))
    .map((cell) => `${paint(cell)} ${cell} ${String(count(cell)).padEnd(4)}`)
  return indented([
    '',
    `${styleText('bold', `${cells.length} files`)}, ${LIMITS}`,
    '',
    ...rows.map((row) => row.map(paint).join('')),
    '',
    barOf(progress, milliseconds, width),
    '',
    legend.join(' ').trimEnd(),
    '',
  ])
}

function paint(cell: Cell): string {
  const { sign, style } = CELLS[cell]
  return styleText(style, sign)
}

function barOf(progress: Progress, milliseconds: number, width: number): string {
  const { settled, cancelled, called } = progress
  const figures = `${percent(settled - cancelled, called)}  ${seconds(milliseconds)}`
  const length = width - figures.length - 2
  const done = Math.round((length * (settled - cancelled)) / called)
  const bar = [styleText('green', '━'.repeat(done)), styleText('gray', '━'.repeat(length - done))]
  return `${bar.join('')}  ${figures}`
}

function indented(lines: readonly string[]): string {
  return lines.map((line) => (line === '' ? '' : `  ${line}`)).join('\n')
}

/** A line for every tenth of the whole, for files and other programs. */
export function plainDisplay(print: (line: string) => void): Display {
  let tenths = 0
  const show = ({ progress: { settled, cancelled, called, running, queued } }: View): void => {
    const now = Math.floor((10 * settled) / called)
    if (now === tenths || cancelled > 0) return
    tenths = now
    print(`${percent(settled, called)}  ${settled} settled, ${running} running, ${queued} queued`)
  }
  return {
    show,
    end(view, report) {
      show(view)
      for (const line of summaryOf(report)) print(line)
    },
  }
}

function summaryOf({ done, failed, repeated, stopped, bytes, milliseconds }: DownloadReport) {
  const megabytes = (bytes / 1_000_000).toFixed(1)
  const rest = stopped > 0 ? `, ${stopped} stopped` : ''
  return [
    ...failed,
    `${done} files (${megabytes} MB) in ${seconds(milliseconds)}, ${repeated} attempts repeated${rest}`,
  ]
}

function percent(part: number, whole: number): string {
  return `${String(Math.floor((100 * part) / whole)).padStart(3)} %`
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(1)} s`
}

const program = process.argv[1]
if (program && realpathSync(program) === fileURLToPath(import.meta.url)) {
  const interrupt = new AbortController()
  process.on('SIGINT', () => {
    process.exitCode = 130
    interrupt.abort('interrupted')
  })
  const display = process.stdout.isTTY ? liveDisplay(process.stdout) : plainDisplay(console.log)
  await downloadAll({ display, signal: interrupt.signal })
}
