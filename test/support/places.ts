import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './built-package.ts'

/** A folder of its own with the tour in it, where the built package and tools are installed. */
export async function openApplication(...tools: string[]): Promise<Application> {
  const folder = mkdtempSync(join(tmpdir(), 'gatherly-places-'))
  cpSync(join(root, 'test/fixtures/places'), folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }))
  const modules = join(folder, 'node_modules')
  await mkdir(modules)
  symlinkSync(root, join(modules, 'gatherly'))
  for (const tool of tools) symlinkSync(join(root, 'node_modules', tool), join(modules, tool))
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

export interface Application {
  readonly folder: string
  remove(): void
}

/** What the tour reports where everything works. */
export const everything: Readonly<Record<string, unknown>> = {
  values: [3, 'text'.repeat(20), { deep: [1, null] }],
  many: true,
  overlap: true,
  transfers: [0, 100_000],
  errors: [true, 'RangeError: too far', 'TypeError: no way', 7],
  uncloneable: [
    'DataCloneError: The result of the task "uncloneable" cannot leave its thread: the result is a function',
    'DataCloneError: The task "echo" cannot be given to a thread: argument 1 is a function',
  ],
  missing: 'TypeError: The module of the pool exports no function "nothing"',
  cancelledWhileWaiting: ['Error: enough', 2],
  cancelledWhileBusy: ['Error: enough', 1, 2],
  cancelledWhileStuck: ['Error: enough', 1, 1],
  awaitedNested: 13,
  blockedNested: 13,
  blockedNestedFailure: 'RangeError: too far',
  blockedNestedObject: { one: 1 },
  death: ['WorkerLostError: … out of the blue', 2],
  strayRejection: ['WorkerLostError: … lost rejection', 2],
  terminate: [
    'WorkerLostError: The thread that ran the task "stick" has ended: the end',
    'Error: the end',
    2,
  ],
  idle: [1, 1, 1, 0],
  blocking: [3, 7, [{ one: 1 }]],
  blockingWarm: 45_150,
}
