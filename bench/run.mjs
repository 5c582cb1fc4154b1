/**
 * Bundles benchmarks and runs them in plain Node.js. With nothing named it runs all of them; see
 * README.md for what can be named.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { buildSync } from 'esbuild'

const parts = {
  core: ['gather', 'limit', 'context', 'map'],
  flow: ['flow'],
  workers: ['workers'],
  trace: ['trace'],
  size: ['size'],
  memory: ['memory'],
  scale: ['scale'],
}
const all = Object.values(parts).flat()
// Threads need more than one core; sizes need none.
const unpinned = ['workers', 'size', 'report']

const path = (file) => fileURLToPath(new URL(file, import.meta.url))
const flags = process.argv.slice(2).filter((argument) => argument.startsWith('--'))
const [named, ...rest] = process.argv.slice(2).filter((argument) => !argument.startsWith('--'))

if (named === 'report') run('report')
else if (named === 'previous') run('previous', rest)
else
  runBenchmarks(named === undefined ? all : [named, ...rest].flatMap((name) => parts[name] ?? name))

function runBenchmarks(names) {
  const unknown = names.find((name) => !all.includes(name))
  if (unknown) throw new Error(`There is no benchmark \`${unknown}\`, only ${all.join(', ')}.`)
  if (!existsSync(path('node_modules'))) {
    execFileSync('npm', ['ci', '--prefix', path('.')], { stdio: 'inherit' })
  }
  for (const [i, name] of names.entries()) {
    const step = names.length > 1 ? `${i + 1}/${names.length} ` : ''
    console.log(`\n== ${step}${name}, Node.js ${process.version}`)
    run(name, [], { BENCH_STEP: step })
  }
}

/** Runs one of the files here, on one core alone where the system can do that. */
function run(name, args = [], env = {}) {
  const pin = unpinned.includes(name) ? [] : pinning()
  const command = [...pin, process.execPath, '--expose-gc', bundle(name), ...args, ...flags]
  if (pin.length > 0) env.BENCH_PINNED = '1'
  const { status } = spawnSync(command[0], command.slice(1), {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  })
  if (status !== 0) process.exit(status ?? 1)
}

function bundle(name) {
  const outfile = path(`.out/${name}.js`)
  buildSync({
    entryPoints: [path(`${name}.ts`)],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    logLevel: 'warning',
    // Spelled out: this folder is a package of its own, so that who tests the package need not
    // install what it is compared with.
    alias: {
      gatherly: '../../dist/index.js',
      'gatherly/testing': '../../dist/testing/index.js',
      'gatherly/trace': '../../dist/trace/index.js',
      'gatherly/workers': '../../dist/workers/index.js',
    },
    external: ['../../dist/*'],
  })
  return outfile
}

/** The words before a command that keep it on one core: the last that this process may use. */
function pinning() {
  const status = '/proc/self/status'
  if (!existsSync(status)) return []
  const [, cores] = /^Cpus_allowed_list:\s*(.*)$/m.exec(readFileSync(status, 'utf8')) ?? []
  const pin = ['taskset', '-c', cores?.match(/\d+$/)?.[0] ?? '0']
  return spawnSync(pin[0], [...pin.slice(1), 'true']).status === 0 ? pin : []
}
