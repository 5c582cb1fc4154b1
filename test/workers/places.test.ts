import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { build as buildWithVite } from 'vite'
import { describe, expect, it } from 'vitest'
import type * as Door from '../../src/workers/index.ts'
import type * as tasks from '../fixtures/places/tasks.ts'
import { built } from '../support/built-package.ts'
import { type Application, everything, openApplication } from '../support/places.ts'

async function inApplication<T>(use: (application: Application) => Promise<T>): Promise<T> {
  built('workers/index.js')
  const application = await openApplication('tsx')
  try {
    return await use(application)
  } finally {
    application.remove()
  }
}

/** Runs a program that prints a report. */
async function report({ folder }: Application, ...args: string[]): Promise<unknown> {
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder })
  return JSON.parse(stdout)
}

describe('a pool of a TypeScript module', () => {
  // Each thread takes half a second to start there.
  const stops = ['values', 'errors', 'awaitedNested', 'blockedNested', 'blocking']
  const some = Object.fromEntries(stops.map((stop) => [stop, everything[stop]]))

  it.each([
    ['`tsx`', 'node_modules/tsx/dist/cli.mjs'],
    ['`node --import tsx`', '--import=tsx'],
  ])('is loaded in a program that %s runs', (_, loader) =>
    inApplication(async (it) => {
      expect(await report(it, loader, 'by-url.ts', ...stops)).toEqual(some)
    }),
  )

  it('is loaded in a test of vitest', () =>
    inApplication(async ({ folder }) => {
      const door: string = built('workers/index.js')
      const { WorkerPool, gatherSync } = (await import(door)) as typeof Door
      const module = pathToFileURL(join(folder, 'tasks-by-url.ts'))
      const pool = new WorkerPool<typeof tasks>(module, { threads: 2 })
      const { add, echo } = pool.tasks

      expect(gatherSync(add(1, 2), add(3, 4))).toEqual([3, 7])
      expect(await echo({ one: 1 })).toEqual({ one: 1 })
      await pool.close()
    }))
})

describe('a pool whose workers a factory makes', () => {
  it('does everything in a bundle of esbuild on Node', () =>
    inApplication(async (it) => {
      await build({
        entryPoints: ['on-node.ts', 'entry.ts'],
        absWorkingDir: it.folder,
        bundle: true,
        format: 'esm',
        platform: 'node',
        outdir: 'dist',
        logLevel: 'error',
      })

      expect(await report(it, 'dist/on-node.js')).toEqual(everything)
    }))

  it('is bundled by Vite for a page: the worker with its tasks, and nothing of Node', () =>
    inApplication(async ({ folder }) => {
      await buildWithVite({ root: folder, logLevel: 'error', worker: { format: 'es' } })
      const assets = join(folder, 'dist/assets')
      const read = (name: string) => readFileSync(join(assets, name), 'utf8')
      const files = readdirSync(assets)
        .map((name) => name.replace(/-[\w-]{8}\./, '.'))
        .sort()
      const entry = readdirSync(assets).find((name) => name.startsWith('entry-')) as string

      expect(files).toEqual(['entry.js', 'index.js', 'worker-on-the-web.js'])
      expect(readdirSync(assets).filter((name) => /["'`]node:[a-z]/.test(read(name)))).toEqual([])
      expect(read(entry)).toContain('out of the blue')
    }))
})
