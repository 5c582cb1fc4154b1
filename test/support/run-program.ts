import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildSync } from 'esbuild'
import { root } from './built-package.ts'

/** How a program ended, and what it printed. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A folder with an installed copy of the package, bundled from its sources, in which programs can be run. */
export interface Workshop {
  /** Writes a program, an ES module that may import `gatherly`. Gives the path of its file. */
  write(source: string): string
  /** Runs a program to its end. */
  run(source: string, ...nodeOptions: string[]): Promise<Ended>
  remove(): void
}

/** Opens a workshop in a temporary folder. */
export function openWorkshop(): Workshop {
  const folder = mkdtempSync(join(tmpdir(), 'gatherly-programs-'))
  const installed = join(folder, 'node_modules', 'gatherly')
  buildSync({
    entryPoints: {
      index: join(root, 'src/index.ts'),
      testing: join(root, 'src/testing/index.ts'),
      trace: join(root, 'src/trace/index.ts'),
      'workers/index': join(root, 'src/workers/index.ts'),
      'workers/entry': join(root, 'src/workers/entry.ts'),
    },
    outdir: installed,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
  })
  const exports = {
    '.': './index.js',
    './testing': './testing.js',
    './trace': './trace.js',
    './workers': './workers/index.js',
  }
  writeFileSync(join(installed, 'package.json'), JSON.stringify({ type: 'module', exports }))
  let programs = 0
  const write = (source: string): string => {
    programs += 1
    const file = join(folder, `program-${programs}.mjs`)
    writeFileSync(file, source)
    return file
  }
  return {
    write,
    run(source, ...nodeOptions) {
      const file = write(source)
      return new Promise((resolve) => {
        const child = execFile(
          process.execPath,
          [...nodeOptions, file],
          { cwd: folder, timeout: 15_000 },
          (_error, stdout, stderr) => resolve({ code: child.exitCode, stdout, stderr }),
        )
      })
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
