/** Bundles benchmarks and runs them, in plain Node.js: those that are named, else all. */
import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const path = (file) => fileURLToPath(new URL(file, import.meta.url))
const named = process.argv.slice(2)

for (const bench of named.length > 0 ? named : ['core', 'flow', 'trace']) {
  const outfile = path(`.out/${bench}.js`)
  const options = { bundle: true, packages: 'external', format: 'esm', logLevel: 'warning' }
  buildSync({ entryPoints: [path(`${bench}.ts`)], outfile, ...options })
  execFileSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' })
}
