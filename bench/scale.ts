/**
 * How the cost of a call grows with the number of calls. Run it with `npm run bench -- scale`.
 */
import { type Contestant, quantile, time } from './compare.ts'
import { handLoop, instant } from './floors.ts'
import { burst, type Limiter, limits } from './limiters.ts'
import { isQuick, wantedRounds } from './options.ts'
import { showProgress } from './progress.ts'
import { finish, OpenTable } from './table.ts'

const SIZES = isQuick ? [1000, 10_000] : [1000, 10_000, 100_000, 1_000_000]
// Small pieces are repeated until they are so many calls.
const LEAST_CALLS = isQuick ? 10_000 : 100_000
const ROUNDS = wantedRounds ?? (isQuick ? 2 : 3)
const LIMIT = 8

type Make = (calls: number) => Contestant

const atOnce = new OpenTable(
  'scale-queued',
  `Nanoseconds a call, by how many are queued at once (limit ${LIMIT}, all handles kept)`,
  'loops by hand over a shared index',
  'ns',
)
await measure(atOnce, {
  'loops by hand': (calls) => handLoop(LIMIT, calls),
  ...Object.fromEntries(
    Object.entries(limits).map(([name, limit]): [string, Make] => [
      name,
      (calls) => burst(limit, LIMIT, calls),
    ]),
  ),
})

const asFreed = new OpenTable(
  'scale-freed',
  `Nanoseconds a call, by how many are made as slots free (limit ${LIMIT})`,
  'loops by hand over a shared index',
  'ns',
)
await measure(asFreed, {
  'loops by hand': (calls) => handLoop(LIMIT, calls),
  ...Object.fromEntries(
    Object.entries(limits).map(([name, limit]): [string, Make] => [
      name,
      (calls) => oneByOne(limit(LIMIT, instant), calls),
    ]),
  ),
})
finish('scale', [atOnce, asFreed])

/** As many loops as there are slots, each of which awaits its call before it makes the next. */
function oneByOne({ call }: Limiter, calls: number): Contestant {
  return {
    calls,
    async run() {
      let made = 0
      const loop = async (): Promise<void> => {
        while (made++ < calls) await call()
      }
      await Promise.all(Array.from({ length: LIMIT }, loop))
    },
  }
}

/** Every contestant takes its turn in every round, with all sizes; in another order each time. */
async function measure(table: OpenTable, makers: Readonly<Record<string, Make>>): Promise<void> {
  const entries = Object.entries(makers).map(([name, make]) => ({
    name,
    runs: SIZES.map(make),
    times: SIZES.map((): number[] => []),
  }))
  for (let round = -1; round < ROUNDS; round++) {
    for (let i = 0; i < entries.length; i++) {
      const { name, runs, times } = entries[(i + round + 1) % entries.length] as (typeof entries)[0]
      for (const [j, { calls, run }] of runs.entries()) {
        // The first round warms up: the largest size would add nothing to that.
        if (round < 0 && calls > LEAST_CALLS) continue
        showProgress(`round ${round + 1} of ${ROUNDS}: ${name}, ${calls} calls`)
        globalThis.gc?.()
        // The collection drops compiled code: without a run that does not count, small pieces would
        // seem dearer than large ones.
        if (calls <= LEAST_CALLS) await nsPerCall(calls, run)
        const ns = await nsPerCall(calls, run)
        if (round >= 0) times[j]?.push(ns)
      }
    }
  }
  showProgress('')
  for (const { name, times } of entries) add(table, name, times)
}

async function nsPerCall(calls: number, run: Contestant['run']): Promise<number> {
  const repeats = Math.max(1, LEAST_CALLS / calls)
  const ms = await time(async () => {
    for (let i = 0; i < repeats; i++) await run()
  })
  return (ms / (calls * repeats)) * 1e6
}

function add(table: OpenTable, row: string, times: readonly (readonly number[])[]): void {
  for (const [i, each] of times.entries()) {
    table.addAll(row, (SIZES[i] as number).toLocaleString('en').replaceAll(',', ' '), each)
  }
  const [first, last] = [times[0], times.at(-1)] as [number[], number[]]
  // Of medians: the rounds of a small and a large piece are too far apart to be a pair.
  const value = quantile(last, 0.5) / quantile(first, 0.5)
  table.add({ row, column: 'growth', value, unit: 'times' })
}
