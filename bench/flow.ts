/**
 * What the features around calls cost: the slice, retries, rates, long stack traces, `reentrant`, `map`. As ratios to the
 * same program without the feature. Run it with `npm run bench -- flow`.
 */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { longStackTraces, Scheduler, type SchedulerOptions, type TaskOptions } from 'gatherly'
import {
  bytesPerOne,
  type Contestant,
  compare,
  comparisonOf,
  print,
  printHead,
  type Round,
  time,
} from './compare.ts'

const CALLS = 100_000
const AWAITS = 100

async function instant(): Promise<void> {}

async function awaits(): Promise<void> {
  for (let i = 0; i < AWAITS; i++) await null
}

/** Many calls at once, until all are done. */
function calls(options: SchedulerOptions, taskOptions?: TaskOptions): Contestant {
  const scheduler = new Scheduler({ concurrency: 8, ...options })
  const call = scheduler.task(instant, taskOptions)
  return () => {
    for (let i = 0; i < CALLS; i++) call()
    return scheduler.idle()
  }
}

function withLongStackTraces(contestant: Contestant): Contestant {
  return async () => {
    longStackTraces()
    await contestant()
    longStackTraces(false)
  }
}

const items = Array.from({ length: CALLS }, (_, index) => index)

/** What one writes by hand instead of `map`: loops over a shared index. */
function handLoops(concurrency: number): Contestant {
  return async () => {
    const results = new Array<number>(CALLS)
    let next = 0
    const loop = async (): Promise<void> => {
      while (next < CALLS) {
        const index = next++
        results[index] = await double(items[index] as number)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, loop))
    return results
  }
}

async function double(item: number): Promise<number> {
  return item * 2
}

function mapped(concurrency: number): Contestant {
  const scheduler = new Scheduler({ concurrency })
  return async () => await scheduler.map(items, double)
}

function streamed(concurrency: number): Contestant {
  const scheduler = new Scheduler({ concurrency })
  return async () => {
    const results: number[] = []
    for await (const result of scheduler.map(items, double)) results.push(result)
    return results
  }
}

// Whoever makes one reentrant scheduler changes the whole program. So these are compared across processes.
const modes = {
  without: () => new Scheduler({ concurrency: 8 }),
  with: () => new Scheduler({ concurrency: 8, reentrant: true }),
  beside: () => {
    new Scheduler({ reentrant: true })
    return new Scheduler({ concurrency: 8 })
  },
}
const bodies = {
  call: { body: instant, count: CALLS, operations: CALLS },
  await: { body: awaits, count: 2000, operations: 2000 * AWAITS },
}

type Mode = keyof typeof modes
type Kind = keyof typeof bodies

/** What a process of its own measures: the best of many runs, in milliseconds. */
async function measure(kind: Kind, mode: Mode): Promise<number> {
  const { body, count } = bodies[kind]
  const scheduler = modes[mode]()
  const call = scheduler.task(body)
  const times: number[] = []
  for (let run = 0; run < 15; run++) {
    times.push(
      await time(() => {
        for (let i = 0; i < count; i++) call()
        return scheduler.idle()
      }),
    )
  }
  return Math.min(...times)
}

function measureApart(kind: Kind, mode: Mode): number {
  const file = fileURLToPath(import.meta.url)
  return Number(execFileSync(process.execPath, [file, kind, mode], { encoding: 'utf8' }))
}

function compareApart(name: string, kind: Kind, mode: Mode): void {
  const rounds = Array.from(
    { length: 7 },
    (): Round => [measureApart(kind, 'without'), measureApart(kind, mode)],
  )
  print(comparisonOf(name, bodies[kind].operations, rounds))
}

/** Bytes of a queued call, its handle included. */
function bytesPerQueuedCall(): number {
  const scheduler = new Scheduler({ concurrency: 1 })
  const call = scheduler.task(instant)
  scheduler.pause()
  const bytes = bytesPerOne(100_000, call)
  scheduler.cancel()
  return bytes
}

async function compareAll(): Promise<void> {
  printHead('times the same without')
  const off = { slice: Number.POSITIVE_INFINITY }
  print(await compare('the default slice', CALLS, calls(off), calls({})))
  print(await compare('retry, unused', CALLS, calls({}), calls({}, { retry: { retries: 3 } })))
  // Short enough never to hold a body back.
  const rate = { limit: 1000, interval: 0.001 }
  print(await compare('rate, never reached', CALLS, calls({}), calls({ rate })))
  print(await compare('longStackTraces()', CALLS, calls({}), withLongStackTraces(calls({}))))
  for (const concurrency of [1, 8, 64]) {
    const floor = handLoops(concurrency)
    print(await compare(`map, limit ${concurrency}, awaited`, CALLS, floor, mapped(concurrency)))
    print(await compare(`map, limit ${concurrency}, iterated`, CALLS, floor, streamed(concurrency)))
  }
  compareApart('reentrant, a call', 'call', 'with')
  compareApart('reentrant, an await', 'await', 'with')
  compareApart('beside a reentrant one, a call', 'call', 'beside')
  compareApart('beside a reentrant one, an await', 'await', 'beside')

  const bytes = bytesPerQueuedCall()
  longStackTraces()
  const traced = bytesPerQueuedCall()
  longStackTraces(false)
  console.log(
    `\nbytes per queued call: ${bytes.toFixed(0)}, with longStackTraces() ${traced.toFixed(0)}`,
  )
}

const [, , kind, mode] = process.argv as [string, string, Kind | undefined, Mode | undefined]
if (kind === undefined || mode === undefined) await compareAll()
else console.log(await measure(kind, mode))
