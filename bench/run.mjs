/** Bundles benchmarks and runs them, in plain Node.js: those that are named, else all. */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const path = (file) => fileURLToPath(new URL(file, import.meta.url))
const named = process.argv.slice(2)

// Spelled out: this folder is a package of its own, so that who tests the package need not install
// what it is compared with.
const alias = {
  gatherly: '../../dist/index.js',
  'gatherly/testing': '../../dist/testing/index.js',
  'gatherly/trace': '../../dist/trace/index.js',
  'gatherly/workers': '../../dist/workers/index.js',
}
const needPeers = ['workers']

for (const bench of named.length > 0 ? named : ['core', 'flow', 'trace', 'workers']) {
  if (needPeers.includes(bench) && !existsSync(path('node_modules'))) {
    execFileSync('npm', ['ci', '--prefix', path('.')], { stdio: 'inherit' })
  }
  const outfile = path(`.out/${bench}.js`)
  const external = ['../../dist/*']
  const options = { bundle: true, packages: 'external', format: 'esm', logLevel: 'warning' }
  buildSync({ entryPoints: [path(`${bench}.ts`)], outfile, alias, external, ...options })
  execFileSync(process.execPath, ['--expose-gc', outfile], { stdio: 'inherit' })
}
