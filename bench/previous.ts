/**
 * Compares the sources as they are with an earlier build, so that what has become slower is seen
 * before it lands. Run it with `npm run bench -- previous <folder or git ref>`.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { type Contestant, compare } from './compare.ts'
import { awaitsOnce, type Body, instant } from './floors.ts'
import { format } from './format.ts'
import { isQuick, wantedRounds } from './options.ts'
import { headProgress } from './progress.ts'
import { importOf, sizeOf } from './size-of.ts'

type Package = Pick<typeof import('gatherly'), 'gather' | 'Scheduler' | 'task'>
type Workload = (of: Package) => Contestant

/** A version of the package: its door, and the door as an application's bundler would read it. */
interface Version {
  readonly name: string
  readonly door: string
  readonly source: string
}

const CALLS = isQuick ? 2000 : 20_000
const ROUNDS = wantedRounds ?? (isQuick ? 11 : 61)
// What lies this far apart, in all but a quarter of the rounds, is called a difference.
const NOTICEABLE = 1.05

const root = fileURLToPath(new URL('../..', import.meta.url))
const out = fileURLToPath(new URL('previous/', import.meta.url))
const storage = new AsyncLocalStorage<object>()

const workloads: Readonly<Record<string, Workload>> = {
  ...gathers('await once', awaitsOnce),
  ...gathers('finish at once', instant),
  ...Object.fromEntries([1, 8, 64, 1024].map((limit) => [`calls, limit ${limit}`, limited(limit)])),
  'calls, limit 8, no handle kept': untilIdle(8),
  'calls, limit 8, retry': limited(8, { retry: { retries: 3 } }),
  'map, limit 8, awaited': mapped,
  'map, limit 8, iterated': iterated,
  // The last: on Node 20 the first context makes every promise after it dearer.
  'calls, limit 8, in an async context': (of) => {
    const { calls, run } = limited(8)(of)
    return { calls, run: () => storage.run({}, run) }
  },
}

const [, , wanted] = process.argv
if (wanted === undefined) throw new Error('Name a folder or a git ref to compare with.')
rmSync(out, { recursive: true, force: true })
const before = await versionOf(wanted)
const now = await buildOf('now', root)
console.log(`\nNow, in times of ${before.name}: medians and quartiles\n`)
await compareTimes()
await compareSizes()

async function compareTimes(): Promise<void> {
  const [old, current]: Package[] = await Promise.all(
    [before, now].map(({ door }) => import(pathToFileURL(door).href)),
  )
  for (const [name, workload] of Object.entries(workloads)) {
    headProgress(name)
    const floor = workload(old as Package)
    const { now } = await compare(floor, { now: workload(current as Package) }, ROUNDS)
    if (now === undefined) continue
    const [lower, upper] = now.spread
    const verdict = lower > NOTICEABLE ? 'SLOWER' : upper < 1 / NOTICEABLE ? 'faster' : ''
    const quartiles = `${format(lower)} to ${format(upper)}`.padStart(16)
    const ns = `${now.floorNs.toFixed(0)} to ${now.ns.toFixed(0)} ns`.padStart(18)
    console.log(`${name.padEnd(38)}${format(now.ratio).padStart(6)}${quartiles}${ns}  ${verdict}`)
  }
}

async function compareSizes(): Promise<void> {
  console.log()
  for (const names of ['*', 'gather, task', 'Future']) {
    const [was = 0, is = 0] = await Promise.all(
      [before, now].map(({ source }) => sizeOf(importOf(names, source), root)),
    )
    const what = names === '*' ? 'the whole door' : names
    console.log(`size of ${what}: ${was} to ${is} bytes (${is < was ? '' : '+'}${is - was})`)
  }
}

/** The version that a folder holds, or else that of a commit. */
async function versionOf(wanted: string): Promise<Version> {
  const folder = resolve(root, wanted)
  if (existsSync(join(folder, 'src/index.ts'))) return await buildOf(wanted, folder)
  for (const door of [join(folder, 'dist/index.js'), join(folder, 'index.js')]) {
    if (existsSync(door)) return { name: wanted, door, source: door }
  }
  const git = (...args: string[]) => execFileSync('git', args, { cwd: root, maxBuffer: 2 ** 28 })
  const commit = git('rev-parse', '--short', '--verify', `${wanted}^{commit}`).toString().trim()
  const copy = join(out, commit)
  mkdirSync(copy, { recursive: true })
  execFileSync('tar', ['-x', '-C', copy], { input: git('archive', commit, 'src', 'package.json') })
  return await buildOf(`${wanted} (${commit})`, copy)
}

/** Builds the sources of a folder: all versions in the same way. */
async function buildOf(name: string, folder: string): Promise<Version> {
  const source = join(folder, 'src/index.ts')
  const door = join(out, name.replace(/\W+/g, '-'), 'index.js')
  await build({
    entryPoints: [source],
    outfile: door,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    external: ['node:*'],
    logLevel: 'warning',
  })
  return { name, door, source }
}

function gathers(what: string, body: Body): Record<string, Workload> {
  return Object.fromEntries(
    [2, 10, 1000].map((size): [string, Workload] => [
      `gather of ${size}, ${what}`,
      ({ gather, task }) => {
        const call = task(body)
        const bodies = Array.from({ length: size }, () => body)
        const run = async (): Promise<void> => {
          for (let i = 0; i < CALLS / size; i++) await gather(bodies.map(() => call()))
        }
        return { calls: CALLS, run }
      },
    ]),
  )
}

function limited(concurrency: number, options?: { retry: { retries: number } }): Workload {
  return ({ gather, Scheduler }) => {
    const call = new Scheduler({ concurrency }).task(instant, options)
    const run = (): PromiseLike<unknown> => {
      const handles: PromiseLike<unknown>[] = []
      for (let i = 0; i < CALLS; i++) handles.push(call())
      return gather(handles)
    }
    return { calls: CALLS, run }
  }
}

function untilIdle(concurrency: number): Workload {
  return ({ Scheduler }) => {
    const scheduler = new Scheduler({ concurrency })
    const call = scheduler.task(instant)
    const run = (): Promise<void> => {
      for (let i = 0; i < CALLS; i++) call()
      return scheduler.idle()
    }
    return { calls: CALLS, run }
  }
}

function mapped({ Scheduler }: Package): Contestant {
  const scheduler = new Scheduler({ concurrency: 8 })
  const items = Array.from({ length: CALLS }, (_, index) => index)
  return { calls: CALLS, run: () => scheduler.map(items, async (item) => item) }
}

function iterated({ Scheduler }: Package): Contestant {
  const scheduler = new Scheduler({ concurrency: 8 })
  const items = Array.from({ length: CALLS }, (_, index) => index)
  const run = async (): Promise<void> => {
    for await (const _ of scheduler.map(items, async (item) => item));
  }
  return { calls: CALLS, run }
}
