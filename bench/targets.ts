/** What the package means to reach, and whether the saved results reach it. */
import { format } from './format.ts'
import type { Results, Table } from './results.ts'

interface Target {
  readonly what: string
  readonly table: string
  readonly row: string
  /** Only this column; otherwise the worst of all counts. */
  readonly column?: string
  /** Compared with this row of the same column: how many times as much that one takes. */
  readonly times?: string
  /** The limit, or one for each version of Node.js. */
  readonly atMost?: number | Readonly<Record<string, number>>
  readonly atLeast?: number
}

const gatherly = { row: 'gatherly' }

export const targets: readonly Target[] = [
  { what: 'gather, bodies await once', table: 'gather-once', ...gatherly, atMost: 1.3 },
  { what: 'gather, bodies finish at once', table: 'gather-instant', ...gatherly, atMost: 1.6 },
  { what: '100 000 calls through a limit, a handle each', table: 'limit', ...gatherly, atMost: 3 },
  {
    what: 'the same, within an async context',
    ...{ table: 'context', ...gatherly, atMost: { 20: 6, 24: 4 } },
  },
  {
    what: '`map` over 100 000 items, awaited',
    ...{ table: 'map', row: 'gatherly, awaited', atMost: 2 },
  },
  {
    what: 'growth of the cost of a call from 1000 to a million queued at once',
    ...{ table: 'scale-queued', ...gatherly, column: 'growth', atMost: 3 },
  },
  {
    what: 'the same, when calls come as slots free',
    ...{ table: 'scale-freed', ...gatherly, column: 'growth', atMost: 1.3 },
  },
  { what: 'bytes of a queued call', table: 'memory-queued', ...gatherly, atMost: 150 },
  {
    what: 'bytes of heap left by each of ten million calls',
    ...{ table: 'memory-steady', ...gatherly, column: 'growth a call', atMost: 0.1 },
  },
  {
    what: 'listeners left by ten million calls',
    ...{ table: 'memory-steady', ...gatherly, column: 'listeners', atMost: 0 },
  },
  {
    what: 'timers left by ten million calls',
    ...{ table: 'memory-steady', ...gatherly, column: 'timers and handles', atMost: 0 },
  },
  {
    what: 'kB of the whole door',
    ...{ table: 'size', row: 'all of `gatherly`', column: 'size', atMost: 6 },
  },
  {
    what: 'kB of `gather` and `task`',
    ...{ table: 'size', row: '`gather, task` of `gatherly`', column: 'size', atMost: 2.5 },
  },
  {
    what: 'threads, small calls in bulk, 1, 2 and 4 threads',
    ...{ table: 'workers-burst', ...gatherly, atMost: 1 },
  },
  {
    what: 'the same, how many times as fast as piscina',
    ...{ table: 'workers-burst', ...gatherly, times: 'piscina', atLeast: 8 },
  },
  {
    what: 'threads, one warm round trip',
    ...{ table: 'workers-round-trip', ...gatherly, atMost: 1.4 },
  },
  {
    what: 'threads, an object of 1 KB there and back',
    ...{ table: 'workers-object', ...gatherly, atMost: 1.4 },
  },
  { what: 'the door of timelines, and none', table: 'trace-off', row: 'off', atMost: 1.1 },
  { what: 'a timeline that was stopped', table: 'trace-off', row: 'stopped', atMost: 1.1 },
  {
    what: 'microseconds an event of a timeline that records',
    ...{ table: 'trace-on', row: 'as it comes', atMost: 1 },
  },
]

/** What came of a target on one version of Node.js; `undefined` if that was not measured. */
export interface Outcome {
  readonly limit: string
  readonly value: number
  readonly isMet: boolean
}

export function outcomeOf(
  target: Target,
  version: string,
  results: ReadonlyMap<string, Results>,
): Outcome | undefined {
  const table = findTable(results, target.table)
  const values = table ? valuesOf(target, table) : []
  if (values.length === 0) return undefined
  if (target.atLeast !== undefined) {
    const value = Math.min(...values)
    return { limit: `≥ ${target.atLeast}`, value, isMet: value >= target.atLeast }
  }
  const { atMost } = target
  const limit = typeof atMost === 'object' ? atMost[version] : atMost
  if (limit === undefined) return undefined
  const value = Math.max(...values)
  return { limit: `≤ ${limit}`, value, isMet: value <= limit }
}

/** Says in one cell what came of a target. */
export function say(outcome: Outcome | undefined): string {
  if (outcome === undefined) return 'not measured'
  const { limit, value, isMet } = outcome
  return isMet ? `${format(value)} (${limit})` : `**${format(value)}, missed** (${limit})`
}

export function findTable(results: ReadonlyMap<string, Results>, id: string): Table | undefined {
  return [...results.values()].flatMap(({ tables }) => tables).find((table) => table.id === id)
}

function valuesOf({ row, column, times }: Target, { figures }: Table): readonly number[] {
  return figures
    .filter((figure) => figure.row === row && (column === undefined || figure.column === column))
    .map(({ column, value }) => {
      if (times === undefined) return value
      const other = figures.find((figure) => figure.row === times && figure.column === column)
      return (other?.value ?? Number.NaN) / value
    })
}
