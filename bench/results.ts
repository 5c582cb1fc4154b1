/** What benchmarks find, and where it is kept. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

export type Unit = 'times' | 'ns' | 'us' | 'bytes' | 'kB' | 'MB' | 'count'

/** One cell of a table: the median of many rounds. */
export interface Figure {
  readonly row: string
  readonly column: string
  readonly value: number
  /** The quartiles. */
  readonly spread?: readonly [lower: number, upper: number]
  /** If it is not the table's. */
  readonly unit?: Unit
  /** What a call took, in nanoseconds. */
  readonly ns?: number
  readonly rounds?: number
}

/** One table. */
export interface Table {
  readonly id: string
  readonly title: string
  readonly unit: Unit
  /** What the ratios are ratios to. */
  readonly floor: string
  readonly figures: readonly Figure[]
}

/** What one benchmark found, and on what. */
export interface Results {
  readonly bench: string
  readonly date: string
  readonly node: string
  readonly machine: string
  /** Whether it ran on one core alone. */
  readonly isPinned: boolean
  /** How many processes wanted to run meanwhile: more than there are cores, and it was disturbed. */
  readonly load: number
  /** The versions of the peers. */
  readonly peers: Readonly<Record<string, string>>
  readonly tables: readonly Table[]
}

/** Writes what a benchmark found, in the place of what it found before on this version of Node.js. */
export function save(folder: string, bench: string, tables: readonly Table[]): void {
  const results: Results = {
    bench,
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: machine(),
    isPinned: process.env.BENCH_PINNED !== undefined,
    load: loadavg()[1] ?? Number.NaN,
    peers: peerVersions(folder),
    tables,
  }
  const path = join(folder, 'results', `node-${process.version.slice(1).split('.')[0]}`)
  mkdirSync(path, { recursive: true })
  const text = JSON.stringify(results, (_, value) => rounded(value), 2)
  writeFileSync(join(path, `${bench}.json`), `${text}\n`)
}

/** Reads all that was saved: for each version of Node.js, oldest first, what each benchmark found. */
export function readAll(folder: string): Map<string, Map<string, Results>> {
  const versions = readdirSync(join(folder, 'results')).toSorted()
  return new Map(
    versions.map((version) => {
      const files = readdirSync(join(folder, 'results', version)).toSorted()
      const results = files.map((file): [string, Results] => {
        const text = readFileSync(join(folder, 'results', version, file), 'utf8')
        return [file.replace('.json', ''), JSON.parse(text)]
      })
      return [version.replace('node-', ''), new Map(results)]
    }),
  )
}

function machine(): string {
  const processors = cpus()
  const memory = `${Math.round(totalmem() / 2 ** 30)} GB`
  return `${processors[0]?.model.trim() ?? 'unknown'}, ${processors.length} cores, ${memory}, ${type()} ${release()}`
}

function peerVersions(folder: string): Record<string, string> {
  const read = (file: string) => JSON.parse(readFileSync(join(folder, file), 'utf8'))
  const { devDependencies } = read('package.json') as { devDependencies: Record<string, string> }
  return devDependencies
}

/** Three digits are more than the noise leaves. */
function rounded(value: unknown): unknown {
  if (typeof value !== 'number' || Number.isInteger(value)) return value
  return Number(value.toPrecision(4))
}
