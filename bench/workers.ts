/**
 * What calls on worker threads cost, here and in other pools, as ratios to the plainest loop of
 * `postMessage`. Run it with `npm run bench -- workers`.
 */
import { comparisonOf, type Round } from './compare.ts'
import { isQuick, isSaved, wantedName, wantedRounds } from './options.ts'
import { showProgress } from './progress.ts'
import { finish, OpenTable } from './table.ts'
import { blockingPools, type Pool, pools } from './workers/pools.ts'

/** A piece of work, done by every contestant in every round. */
interface Piece {
  readonly id: string
  readonly name: string
  readonly threads: number
  readonly contestants: typeof pools
  /** How many calls one run makes. */
  readonly calls: number
  /** What is made before the clock starts. */
  prepare?(): unknown
  run(pool: Pool, prepared: unknown): Promise<unknown>
  /** Whether every run gets a pool of its own, which is made while the clock runs. */
  readonly isCold?: boolean
}

const BURST = 3000
const FEW = 300
/** So many calls it takes until the compilers are done, which would count as waiting for threads. */
const WARM = 15_000

// About as large as many messages are: 1 KB as JSON.
const object = Array.from({ length: 20 }, (_, id) => ({ id, name: `item ${id}`, price: id * 1.5 }))

function burst(pool: Pool, count: number, call: (index: number) => PromiseLike<unknown>) {
  return pool.all(Array.from({ length: count }, (_, index) => call(index)))
}

async function oneByOne(count: number, call: (index: number) => PromiseLike<unknown>) {
  for (let index = 0; index < count; index++) await call(index)
}

const megabytes = (count: number) => () =>
  Array.from({ length: count }, () => new ArrayBuffer(2 ** 20))

const pieces: Piece[] = [
  ...[1, 2, 4].map(
    (threads): Piece => ({
      id: 'burst',
      name: `${BURST} empty calls at once`,
      ...{ threads, contestants: pools, calls: BURST },
      run: async (pool) => await burst(pool, BURST, () => pool.call('nothing')),
    }),
  ),
  ...[1, 2, 4].map(
    (threads): Piece => ({
      id: 'numbers',
      name: `${BURST} at once, a number there and back`,
      ...{ threads, contestants: pools, calls: BURST },
      run: async (pool) => await burst(pool, BURST, (index) => pool.call('same', index)),
    }),
  ),
  {
    id: 'blocking',
    name: `${BURST} empty calls at once, collected by blocking`,
    ...{ threads: 1, contestants: blockingPools, calls: BURST },
    run: async (pool) => await burst(pool, BURST, () => pool.call('nothing')),
  },
  {
    id: 'round-trip',
    name: 'one empty call, awaited',
    ...{ threads: 1, contestants: pools, calls: FEW },
    run: (pool) => oneByOne(FEW, () => pool.call('nothing')),
  },
  {
    id: 'object',
    name: 'an object of 1 KB there and back, awaited',
    ...{ threads: 1, contestants: pools, calls: FEW },
    run: (pool) => oneByOne(FEW, () => pool.call('same', object)),
  },
  {
    id: 'objects',
    name: `${FEW} at once, an object of 1 KB there and back`,
    ...{ threads: 1, contestants: pools, calls: FEW },
    run: async (pool) => await burst(pool, FEW, () => pool.call('same', object)),
  },
  {
    id: 'moved',
    name: 'a buffer of 1 MB moved there',
    ...{ threads: 1, contestants: pools, calls: 20 },
    prepare: megabytes(20),
    run: (pool, buffers) =>
      oneByOne(20, (index) => pool.move((buffers as ArrayBuffer[])[index] as ArrayBuffer)),
  },
  {
    id: 'copied',
    name: 'a buffer of 1 MB copied there',
    ...{ threads: 1, contestants: pools, calls: 20 },
    prepare: megabytes(20),
    run: (pool, buffers) =>
      oneByOne(20, (index) => pool.call('size', (buffers as ArrayBuffer[])[index])),
  },
  {
    id: 'cold',
    name: 'the first result of a new pool',
    ...{ threads: 1, contestants: pools, calls: 1, isCold: true },
    run: async (pool) => await pool.call('nothing'),
  },
]

/** Has all contestants do the work in every round, in another order each time. */
async function measure(piece: Piece): Promise<number[][]> {
  const makers = Object.values(piece.contestants)
  const made = piece.isCold ? [] : makers.map((make) => make(piece.threads))
  const times: number[][] = makers.map(() => [])
  const rounds = wantedRounds ?? (isQuick ? 3 : 15)
  const warmUps = piece.isCold ? 1 : Math.min(50, Math.ceil(WARM / piece.calls))
  for (let round = -warmUps; round < rounds; round++) {
    showProgress(`${piece.name}, ${piece.threads} threads: round ${round + 1} of ${rounds}`)
    for (let i = 0; i < makers.length; i++) {
      const which = (i + round + warmUps) % makers.length
      const prepared = piece.prepare?.()
      const start = performance.now()
      const pool = made[which] ?? (makers[which] as (typeof makers)[0])(piece.threads)
      await piece.run(pool, prepared)
      const time = performance.now() - start
      if (piece.isCold) await pool.close()
      if (round >= 0) times[which]?.push(time)
    }
  }
  for (const pool of made) await pool.close()
  showProgress('')
  return times
}

/** One table for each piece of work, one column for each number of threads. */
function add(table: OpenTable, piece: Piece, times: number[][]): void {
  const column = piece.threads === 1 ? '1 thread' : `${piece.threads} threads`
  const [floor] = times as [number[]]
  const aCall = 1e6 / piece.calls
  for (const [i, row] of Object.keys(piece.contestants).entries()) {
    const rounds = floor.map((time, j): Round => [time * aCall, (times[i]?.[j] ?? 0) * aCall])
    const { ratio, spread, ns } = comparisonOf(rounds)
    table.add({ row, column, value: ratio, spread, ns, rounds: rounds.length })
  }
}

const tables = new Map<string, OpenTable>()
for (const piece of pieces) {
  const { id, name } = piece
  if (!name.includes(wantedName)) continue
  const table =
    tables.get(id) ?? new OpenTable(`workers-${id}`, name, 'the plainest loop of postMessage')
  tables.set(id, table)
  add(table, piece, await measure(piece))
}
if (wantedName === '') finish('workers', [...tables.values()])
else if (isSaved) throw new Error('Only all of it can be saved.')
