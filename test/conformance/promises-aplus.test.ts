import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import type { Results } from './run-promises-aplus.ts'

const program = fileURLToPath(new URL('run-promises-aplus.ts', import.meta.url))

// Most of the time the suite waits: both runs at once take no longer than one.
const runs = ['as it is', 'resolution'].map(run)

it('R9 Future passes all 872 tests of the Promises/A+ suite', { timeout: 180_000 }, async () => {
  expect(await runs[0]).toEqual({ passed: 872, failed: [] })
})

it('R9 its own resolution procedure passes all 872 tests', { timeout: 180_000 }, async () => {
  expect(await runs[1]).toEqual({ passed: 872, failed: [] })
})

async function run(mode: string): Promise<Results> {
  const args = ['--import', 'tsx', program, mode]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  return JSON.parse(stdout)
}
