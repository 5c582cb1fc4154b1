/**
 * What a timeline costs: where there could be one, after it was stopped, and for each event while it
 * records. Run it with
 * `npm run bench -- trace`.
 */
import { gather, Scheduler, task } from 'gatherly'
import { compareApart, type Program, runApart } from './apart.ts'
import { type Run, time } from './compare.ts'
import { isQuick, wantedRounds } from './options.ts'
import { showProgress } from './progress.ts'
import { finish, OpenTable } from './table.ts'

const CALLS = 20_000
const ROUNDS = wantedRounds ?? (isQuick ? 5 : 41)

interface Workload {
  /** Called, started, yielded, ended and settled, and collected where it is; two for a gather. */
  readonly events: number
  readonly run: Run
}

const scheduler = new Scheduler({ concurrency: 8 })
const limited = scheduler.task(async () => {})
const awaitsOnce = task(async () => {
  await null
})
const repeats = CALLS / 1000

const workloads: Readonly<Record<string, Workload>> = {
  'calls, limit 8': {
    events: 5 * CALLS,
    run() {
      for (let i = 0; i < CALLS; i++) limited()
      return scheduler.idle()
    },
  },
  'gathers of 1000': {
    events: 6 * CALLS + 2 * repeats,
    async run() {
      for (let i = 0; i < repeats; i++)
        await gather(Array.from({ length: 1000 }, () => awaitsOnce()))
    },
  },
}

const programs = Object.fromEntries(
  Object.entries(workloads).flatMap(([name, { run }]): [string, Program][] => [
    [`${name}, no timeline`, { operations: CALLS, prepare: () => run }],
    [`${name}, off`, { operations: CALLS, prepare: () => runWithDoor(run) }],
    [`${name}, stopped`, { operations: CALLS, prepare: () => runAfterTimeline(run) }],
  ]),
)

if (!(await runApart(programs))) finish('trace', [off(), await on()])

async function runWithDoor(run: Run): Promise<Run> {
  await import('gatherly/trace')
  return run
}

async function runAfterTimeline(run: Run): Promise<Run> {
  const { trace } = await import('gatherly/trace')
  const timeline = trace()
  await run()
  timeline.stop()
  return run
}

function off(): OpenTable {
  const title =
    'No timeline that records: the door is only there, or one was stopped; across processes'
  const table = new OpenTable('trace-off', title, 'the same program without the trace door')
  for (const row of ['off', 'stopped']) {
    for (const column of Object.keys(workloads)) {
      const comparison = compareApart(`${column}, no timeline`, `${column}, ${row}`)
      const { ratio, spread, ns, rounds } = comparison
      table.add({ row, column, value: ratio, spread, ns, rounds })
    }
  }
  return table
}

async function on(): Promise<OpenTable> {
  const { trace } = await import('gatherly/trace')
  const title = 'A timeline that records: microseconds an event'
  const table = new OpenTable('trace-on', title, 'the same run while none records, taken off', 'us')
  for (const callers of [false, true]) {
    for (const [column, { events, run }] of Object.entries(workloads)) {
      const values: number[] = []
      for (let round = -5; round < ROUNDS; round++) {
        showProgress(`${column}: round ${round + 1} of ${ROUNDS}`)
        const offMs = await time(run)
        const timeline = trace({ callers })
        const onMs = await time(run)
        timeline.stop()
        if (round >= 0) values.push(((onMs - offMs) / events) * 1000)
      }
      showProgress('')
      table.addAll(callers ? 'as it comes' : 'callers: false', column, values)
    }
  }
  return table
}
