/**
 * The program of a textbook chapter about asynchronous calls: two tasks of 1 s each, and a main with 0.5 s of work of its
 * own. Here it runs one after another, then gathered, then gathered with eager calls, then with bodies that block, as the
 * chapter prints it: on the one thread, and on worker threads. A timeline draws each run, and says what it could do better.
 *
 * Run it with `npm start`; `npm start -- --svg` also writes the pictures to `listing.svg`.
 */
import { realpathSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type Clock,
  type Future,
  gather,
  Scheduler,
  type StartMode,
  sleep,
  systemClock,
} from 'gatherly'
import { type TextOptions, type Timeline, trace } from 'gatherly/trace'
import { gatherSync, sleepSync, WorkerPool } from 'gatherly/workers'

/** Each is awaited before the next is called: only one is ever active. */
async function oneAfterAnother({ call }: Stage): Promise<number[]> {
  const result1 = await call('Task 1', 1000)
  const result2 = await call('Task 2', 1000)
  const result3 = await call('Main', 500)
  return [result1, result2, result3]
}

/** Main calls both tasks, does its own work, then gathers. Every call returns a future at once, and runs no body yet. */
async function gathered({ call }: Stage): Promise<number[]> {
  const task1 = call('Task 1', 1000)
  const task2 = call('Task 2', 1000)
  const main = call('Main', 500)
  return await gather(task1, task2, main)
}

/** Main's own work stays inline. A call has to run its body up to the first await, or main would come first. */
async function gatheredInline({ call, work, timeline }: Stage): Promise<number[]> {
  const task1 = call('Task 1', 1000)
  const task2 = call('Task 2', 1000)
  const result3 = await timeline.span('Main', () => work('Main', 500))
  return [...(await gather(task1, task2)), result3]
}

/** The chapter's program as it is printed: everything blocks, main too. The tasks have threads of their own. */
function gatheredOnThreads({ call, work, timeline }: Stage): number[] {
  const task1 = call('Task 1', 1000)
  const task2 = call('Task 2', 1000)
  const result3 = timeline.span('Main', () => work('Main', 500)) as number
  return [...gatherSync(task1, task2), result3]
}

/** What a participant does: it tells that it starts, takes its time, tells that it is complete. */
type Work = (name: string, milliseconds: number) => number | Promise<number>

interface Stage {
  readonly work: Work
  /** The same as a task: a call returns its future. */
  readonly call: (...args: Parameters<Work>) => Future<number>
  readonly timeline: Timeline
}

/** One way to run the program. */
interface Version {
  readonly title: string
  /** How the table calls it, and how it compares there. */
  readonly name: string
  readonly ideal: readonly [milliseconds: number, why: string]
  readonly program: (stage: Stage) => Promise<number[]> | number[]
  readonly start?: StartMode
  /** Whose threads the tasks run on, if not on this one. */
  readonly pool?: Pool
  readonly clock: Clock
  /** How a participant takes its time. */
  readonly pass: (milliseconds: number) => Promise<void> | undefined
}

type Pool = WorkerPool<typeof import('./listing-tasks.ts')>

/** Where the time comes from, where the lines go, how the pictures look. A test gives virtual time. */
export interface ListingOptions {
  readonly clock?: Clock
  /** Holds the thread for so long. */
  readonly block?: (milliseconds: number) => undefined
  readonly print?: (line: string) => void
  readonly picture?: TextOptions
  /** Whether to run it on worker threads, too: in real time, and what they print goes to the terminal. Default `true`. */
  readonly threads?: boolean
}

/** Wall times, in milliseconds on the clock. */
export interface ListingReport {
  readonly sequential: number
  readonly gathered: number
  readonly inline: number
  readonly blocking: number
  /** Absent without threads. */
  readonly threads: number | undefined
  readonly speedUp: number
  /** All pictures, side by side. */
  readonly svg: string
}

/** Runs the program in all its versions, prints what happens as it happens, and then the picture of it. */
export async function listing({
  clock = systemClock,
  block = blockThread,
  print = console.log,
  picture = {},
  threads = true,
}: ListingOptions = {}): Promise<ListingReport> {
  const wait = (milliseconds: number) => sleep(milliseconds, { clock })
  const onOneThread: readonly Version[] = [
    {
      title: 'ONE AFTER ANOTHER: each is awaited before the next is called',
      name: 'one after another',
      ideal: [2500, 'the sum'],
      program: oneAfterAnother,
      clock,
      pass: wait,
    },
    {
      title: 'GATHERED: main calls both tasks, does its own work, then gathers',
      name: 'gathered',
      ideal: [1000, 'the longest'],
      program: gathered,
      clock,
      pass: wait,
    },
    {
      title: 'GATHERED, main inline: under start: "eager" a call runs to its first await',
      name: 'gathered, inline',
      ideal: [1000, 'the longest'],
      program: gatheredInline,
      start: 'eager',
      clock,
      pass: wait,
    },
    {
      title: 'GATHERED, but all three block, as the chapter prints it, on the one thread',
      name: 'gathered, blocking',
      ideal: [1000, 'the longest'],
      program: gatheredInline,
      // Whoever holds the thread goes by real time.
      clock: systemClock,
      pass: block,
    },
  ]
  await using pool = threads ? await openPool() : undefined
  const versions = pool ? [...onOneThread, versionOn(pool)] : onOneThread

  const runs: Run[] = []
  for (const [i, version] of versions.entries()) {
    print(`${i === 0 ? '' : '\n\n'}${version.title}\n`)
    const run = await perform(version, print)
    runs.push(run)
    print(`\n${run.timeline.toText(picture)}`)
  }

  const [sequential, together, inline, blocking, onThreads] = runs.map(({ wall }) => wall) as Walls
  const speedUp = sequential / together
  print(`

                        measured     ideal   overhead
${versions.map(({ name, ideal }, i) => row(name, runs[i]?.wall ?? 0, ideal)).join('\n')}
  speed-up              ${speedUp.toFixed(3)}x    2.500x

A plain call is deferred: it returns a future and runs none of the body. So the
statements of main that follow it come first, and "Main Start" with them. The
six events come in the chapter's order when main's own work is a participant
too, called like the tasks, or when calls are eager, as in the third run.

The first three wait without holding the thread. In the fourth the bodies block:
they hold the one thread, and nothing overlaps them.${pool ? ON_THREADS : ''}`)
  const svg = sideBySide(runs)
  const walls = { sequential, gathered: together, inline, blocking, threads: onThreads }
  return { ...walls, speedUp, svg }
}

const ON_THREADS = ` In the fifth they block
threads of their own, and main blocks too: all three overlap.`

type Walls = [
  sequential: number,
  gathered: number,
  inline: number,
  blocking: number,
  threads: number | undefined,
]

/** Opens a pool whose two threads have started: how long that takes is not what is shown. */
async function openPool(): Promise<Pool> {
  const pool: Pool = new WorkerPool(new URL('./listing-tasks.ts', import.meta.url), { threads: 2 })
  await gather([1, 2].map(() => pool.tasks.ready()))
  return pool
}

function versionOn(pool: Pool): Version {
  return {
    title: 'GATHERED, all three block, the tasks on worker threads: gatherSync blocks main',
    name: 'gathered, threads',
    ideal: [1000, 'the longest'],
    program: gatheredOnThreads,
    pool,
    clock: systemClock,
    pass: (milliseconds) => void sleepSync(milliseconds),
  }
}

interface Run {
  readonly title: string
  readonly wall: number
  readonly timeline: Timeline
}

async function perform(
  { title, program, start = 'deferred', pool, clock, pass }: Version,
  print: (line: string) => void,
): Promise<Run> {
  const begin = clock.now()
  const tell = (event: string): void => print(`${seconds(clock.now() - begin)}  ${event}`)
  const work: Work = (name, milliseconds) => {
    tell(`${name} Start`)
    const complete = (): number => {
      tell(`${name} Complete`)
      return milliseconds
    }
    // What blocks is over by now, and lets nobody in between.
    return pass(milliseconds)?.then(complete) ?? complete()
  }
  const scheduler = new Scheduler({ start, clock })
  const call = (name: string, milliseconds: number) =>
    pool
      ? pool.tasks.work.with({ name })(name, milliseconds, performance.timeOrigin + begin)
      : scheduler.task(work, { name })(name, milliseconds)

  const timeline = trace({ clock })
  const results = await program({ work, call, timeline })
  timeline.stop()

  const wall = clock.now() - begin
  print(`${seconds(wall)}  was the wall time; the results are ${results.join(', ')}`)
  return { title, wall, timeline }
}

/** Blocks the thread, as a long loop or a synchronous read does. */
function blockThread(milliseconds: number): undefined {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds)
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3).padStart(7)} s`
}

function row(name: string, measured: number, [ideal, why]: Version['ideal']): string {
  const overhead = `${(measured - ideal).toFixed(1)} ms`
  return `  ${name.padEnd(19)} ${seconds(measured)} ${seconds(ideal)} ${overhead.padStart(10)}   ${why}`
}

/** Puts the pictures of all runs into one. */
function sideBySide(runs: readonly Run[]): string {
  let width = 0
  let height = 0
  const pictures = runs.map(({ title, timeline }) => {
    const svg = timeline.toSVG({ title })
    const [, w = 0, h = 0] = /width="(\d+)" height="(\d+)"/.exec(svg)?.map(Number) ?? []
    const placed = svg.replace('<svg ', `<svg x="${width}" `)
    width += w + 16
    height = Math.max(height, h)
    return placed
  })
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width - 16}" height="${height}">`,
    ...pictures,
    '</svg>\n',
  ].join('\n')
}

const program = process.argv[1]
if (program && realpathSync(program) === fileURLToPath(import.meta.url)) {
  const width = Math.min(process.stdout.columns || 80, 100)
  const { svg } = await listing({ picture: { width: Math.max(width, 40) } })
  if (process.argv.includes('--svg')) {
    writeFileSync('listing.svg', svg)
    console.log('\nThe pictures are in listing.svg.')
  }
}
