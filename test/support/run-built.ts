import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { built, root } from './built-package.ts'
import type { Ended } from './run-program.ts'

const tasks = pathToFileURL(join(root, 'test/fixtures/workers/death/tasks.mjs')).href

/** What every program begins with. */
const prelude = `
import { gather, gatherSettled } from '${pathToFileURL(built('index.js')).href}'
import { gatherSync, sleepSync, WorkerPool } from '${pathToFileURL(built('workers/index.js')).href}'
const open = (options) => new WorkerPool(new URL('${tasks}'), { threads: 2, ...options })
`

export interface RunOptions {
  readonly nodeOptions?: readonly string[]
  /** Whether the program is the value of the option \`-e\`. */
  readonly isInline?: boolean
  /** Has the child at hand, its output above all. Without it all output is read at once. */
  readonly watch?: (child: ChildProcess) => void
}

/** Runs a program that has a pool, \`open()\`, on the built package to its end. */
export async function runBuilt(source: string, options: RunOptions = {}): Promise<Ended> {
  const { nodeOptions = [], isInline = false, watch } = options
  const folder = mkdtempSync(join(tmpdir(), 'gatherly-built-'))
  const file = join(folder, 'program.mjs')
  writeFileSync(file, prelude + source)
  const program = isInline ? ['--input-type=module', '-e', prelude + source] : [file]
  const child = spawn(process.execPath, [...nodeOptions, ...program], { timeout: 15_000 })
  const printed = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8')
    child[stream].on('data', (text: string) => (printed[stream] += text))
  }
  watch?.(child)
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  rmSync(folder, { recursive: true, force: true })
  return { code, ...printed }
}
