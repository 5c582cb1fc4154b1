/**
 * What a timeline costs: while none records, and for each event while one does. Run it with `npm run
 * bench -- trace`.
 *
 * The first number takes another build to compare with, in `PREVIOUS`: the folder of a `dist`.
 */
import { pathToFileURL } from 'node:url'
import { gather, Scheduler, task } from 'gatherly'
import { trace } from 'gatherly/trace'

type Package = Pick<typeof import('gatherly'), 'gather' | 'Scheduler' | 'task'>
interface Workload {
  readonly name: string
  /** Called, started, yielded, ended and settled, and collected where it is; two for a gather. */
  readonly events: number
  run(): Promise<unknown>
}

const CALLS = 20_000

function workloads({ gather, Scheduler, task }: Package): readonly Workload[] {
  const scheduler = new Scheduler({ concurrency: 8 })
  const limited = scheduler.task(async () => {})
  const awaitsOnce = task(async () => {
    await null
  })
  const rounds = Array.from({ length: CALLS / 1000 })
  return [
    {
      name: `${CALLS} calls, limit 8`,
      events: 5 * CALLS,
      async run() {
        for (let i = 0; i < CALLS; i++) limited()
        await scheduler.idle()
      },
    },
    {
      name: 'gathers of 1000, await once',
      events: 6 * CALLS + 2 * rounds.length,
      async run() {
        for (const _ of rounds) await gather(Array.from({ length: 1000 }, () => awaitsOnce()))
      },
    },
  ]
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** The quartiles of what `measure` gives, many times. */
async function quartiles(measure: () => Promise<number>): Promise<readonly number[]> {
  const values: number[] = []
  for (let round = -5; round < 41; round++) {
    const value = await measure()
    if (round >= 0) values.push(value)
  }
  values.sort((a, b) => a - b)
  return [0.25, 0.5, 0.75].map((q) => values[Math.floor(q * (values.length - 1))] as number)
}

function print(what: string, [lower = 0, median = 0, upper = 0]: readonly number[]): void {
  console.log(
    `${what.padEnd(52)} ${median.toFixed(3)}  (${lower.toFixed(3)} to ${upper.toFixed(3)})`,
  )
}

console.log(
  `Node ${process.version}, ${new Date().toISOString().slice(0, 10)}; medians and quartiles\n`,
)
const now = workloads({ gather, Scheduler, task })
const { PREVIOUS } = process.env
if (PREVIOUS) {
  const before = workloads(await import(pathToFileURL(`${PREVIOUS}/index.js`).href))
  for (const [i, { name, run }] of now.entries()) {
    let isFirst = false
    const ratio = async (): Promise<number> => {
      // One right after the other, in turns: what slows the machine down slows both.
      isFirst = !isFirst
      const early = isFirst ? await time(run) : undefined
      const base = await time(() => (before[i] as Workload).run())
      return (early ?? (await time(run))) / base
    }
    print(`off, times ${PREVIOUS}: ${name}`, await quartiles(ratio))
  }
}
for (const callers of [false, true]) {
  for (const { name, events, run } of now) {
    const perEvent = async (): Promise<number> => {
      const off = await time(run)
      const timeline = trace({ callers })
      const on = await time(run)
      timeline.stop()
      return ((on - off) / events) * 1000
    }
    print(`on, us an event${callers ? '' : ', callers: false'}: ${name}`, await quartiles(perEvent))
  }
}
