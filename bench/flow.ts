/**
 * What the features around calls cost: the slice, retries, rates, long stack traces, `reentrant`. As
 * ratios to the same program without the feature. Run it with `npm run bench -- flow`.
 */
import { longStackTraces, Scheduler, type SchedulerOptions, type TaskOptions } from 'gatherly'
import { compareApart, type Program, runApart } from './apart.ts'
import type { Contestant } from './compare.ts'
import { instant } from './floors.ts'
import { isQuick } from './options.ts'
import { finish, OpenTable } from './table.ts'

const CALLS = isQuick ? 10_000 : 100_000
const AWAITS = 100
const WITHOUT = 'the same program without it'

// Whoever makes one reentrant scheduler changes the whole program.
const modes = {
  without: () => new Scheduler({ concurrency: 8 }),
  with: () => new Scheduler({ concurrency: 8, reentrant: true }),
  beside: () => {
    new Scheduler({ reentrant: true })
    return new Scheduler({ concurrency: 8 })
  },
}
const programs = Object.fromEntries(
  Object.entries(modes).flatMap(([mode, make]): [string, Program][] => [
    [`call ${mode}`, { operations: CALLS, prepare: () => calls(make(), CALLS, instant) }],
    [`await ${mode}`, { operations: 2000 * AWAITS, prepare: () => calls(make(), 2000, awaits) }],
  ]),
)

if (!(await runApart(programs))) finish('flow', [await features(), reentrant()])

async function awaits(): Promise<void> {
  for (let i = 0; i < AWAITS; i++) await null
}

/** Many calls at once, until all are done. */
function calls(
  scheduler: Scheduler,
  count: number,
  body: () => Promise<void>,
  options?: TaskOptions,
): () => Promise<unknown> {
  const call = scheduler.task(body, options)
  return () => {
    for (let i = 0; i < count; i++) call()
    return scheduler.idle()
  }
}

function limited(options: SchedulerOptions, taskOptions?: TaskOptions): Contestant {
  const scheduler = new Scheduler({ concurrency: 8, ...options })
  return { calls: CALLS, run: calls(scheduler, CALLS, instant, taskOptions) }
}

async function features(): Promise<OpenTable> {
  const table = new OpenTable('flow', `What features cost: ${CALLS} calls, limit 8`, WITHOUT)
  const column = 'a call'
  const plain = limited({})
  const noSlice = limited({ slice: Number.POSITIVE_INFINITY })
  await table.compare(column, noSlice, { 'the default slice': plain })
  await table.compare(column, plain, {
    'retry, unused': limited({}, { retry: { retries: 3 } }),
    // Short enough never to hold a body back.
    'rate, never reached': limited({ rate: { limit: 1000, interval: 0.001 } }),
    'longStackTraces()': withLongStackTraces(limited({})),
  })
  return table
}

function withLongStackTraces({ calls, run }: Contestant): Contestant {
  return {
    calls,
    async run() {
      longStackTraces()
      await run()
      longStackTraces(false)
    },
  }
}

function reentrant(): OpenTable {
  const title = 'What `reentrant` costs, across processes'
  const table = new OpenTable('flow-reentrant', title, WITHOUT)
  for (const [row, mode] of [
    ['with `reentrant`', 'with'],
    ['without it, but beside one that has it', 'beside'],
  ] as const) {
    for (const column of ['call', 'await']) {
      const { ratio, spread, ns, rounds } = compareApart(`${column} without`, `${column} ${mode}`)
      table.add({
        row,
        column: `a${column === 'await' ? 'n' : ''} ${column}`,
        value: ratio,
        spread,
        ns,
        rounds,
      })
    }
  }
  return table
}
