/**
 * What calls on worker threads cost, here and in other pools, as ratios to the plainest loop of
 * `postMessage`. Run it with `npm run bench -- workers`.
 */
import { comparisonOf, quantile, type Round } from './compare.ts'
import { blockingPools, type Pool, pools } from './workers/pools.ts'

/** A piece of work, done by every contestant in every round. */
interface Piece {
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
  ...[1, 2, 4].flatMap((threads): Piece[] => [
    {
      name: `${BURST} empty calls at once`,
      ...{ threads, contestants: pools, calls: BURST },
      run: async (pool) => await burst(pool, BURST, () => pool.call('nothing')),
    },
    {
      name: `${BURST} at once, a number there and back`,
      ...{ threads, contestants: pools, calls: BURST },
      run: async (pool) => await burst(pool, BURST, (index) => pool.call('same', index)),
    },
  ]),
  {
    name: `${BURST} empty calls at once, collected by blocking`,
    ...{ threads: 1, contestants: blockingPools, calls: BURST },
    run: async (pool) => await burst(pool, BURST, () => pool.call('nothing')),
  },
  {
    name: 'one empty call, awaited',
    ...{ threads: 1, contestants: pools, calls: FEW },
    run: (pool) => oneByOne(FEW, () => pool.call('nothing')),
  },
  {
    name: 'an object of 1 KB there and back, awaited',
    ...{ threads: 1, contestants: pools, calls: FEW },
    run: (pool) => oneByOne(FEW, () => pool.call('same', object)),
  },
  {
    name: `${FEW} at once, an object of 1 KB there and back`,
    ...{ threads: 1, contestants: pools, calls: FEW },
    run: async (pool) => await burst(pool, FEW, () => pool.call('same', object)),
  },
  {
    name: 'a buffer of 1 MB moved there',
    ...{ threads: 1, contestants: pools, calls: 20 },
    prepare: megabytes(20),
    run: (pool, buffers) =>
      oneByOne(20, (index) => pool.move((buffers as ArrayBuffer[])[index] as ArrayBuffer)),
  },
  {
    name: 'a buffer of 1 MB copied there',
    ...{ threads: 1, contestants: pools, calls: 20 },
    prepare: megabytes(20),
    run: (pool, buffers) =>
      oneByOne(20, (index) => pool.call('size', (buffers as ArrayBuffer[])[index])),
  },
  {
    name: 'the first result of a new pool',
    ...{ threads: 1, contestants: pools, calls: 1, isCold: true },
    run: async (pool) => await pool.call('nothing'),
  },
]

/** Has all contestants do the work in every round, in another order each time. */
async function measure(piece: Piece, rounds: number): Promise<number[][]> {
  const makers = Object.values(piece.contestants)
  const made = piece.isCold ? [] : makers.map((make) => make(piece.threads))
  const times: number[][] = makers.map(() => [])
  const warmUps = piece.isCold ? 1 : 5
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

function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function print(piece: Piece, times: number[][]): void {
  console.log(`\n${piece.name}, ${piece.threads === 1 ? '1 thread' : `${piece.threads} threads`}`)
  const [floor, ours] = times as [number[], number[]]
  const pairs = (base: number[], each: number[]) =>
    base.map((time, i): Round => [time, each[i] ?? 0])
  for (const [i, name] of Object.keys(piece.contestants).entries()) {
    const each = times[i] as number[]
    const { ratio, spread } = comparisonOf(name, piece.calls, pairs(floor, each))
    const cells = [
      `  ${name}`.padEnd(24),
      ratio.toFixed(2).padStart(7),
      spread
        .map((bound) => bound.toFixed(2))
        .join(' to ')
        .padStart(16),
      comparisonOf(name, piece.calls, pairs(ours, each)).ratio.toFixed(1).padStart(9),
      `${((quantile(each, 0.5) / piece.calls) * 1000).toFixed(1)} µs`.padStart(12),
    ]
    console.log(cells.join(' '))
  }
}

// `[rounds] [part of a name]`, for a look at one of them.
const [, , rounds = '15', wanted = ''] = process.argv
console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`)
console.log(`${''.padEnd(24)}  to raw        quartiles  to gatherly   a call`)
for (const piece of pieces) {
  if (piece.name.includes(wanted)) print(piece, await measure(piece, Number(rounds)))
}
