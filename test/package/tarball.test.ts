import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { built, root } from '../support/built-package.ts'

const run = promisify(execFile)

describe('the packed tarball, installed in an empty project', { timeout: 60_000 }, () => {
  let project: string
  let packed: readonly string[]

  beforeAll(async () => {
    built('index.js')
    project = await realpath(await mkdtemp(join(tmpdir(), 'gatherly-')))
    await write('package.json', JSON.stringify({ private: true }))
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', project]
    const { stdout } = await run('npm', pack, { cwd: root })
    const [tarball] = JSON.parse(stdout)
    packed = tarball.files.map(({ path }: { path: string }) => path)
    await npm('install', '--offline', '--ignore-scripts', join(project, tarball.filename))
  }, 120_000)

  afterAll(() => rm(project, { recursive: true, force: true }))

  it('holds the build, its declarations and what a reader looks for, and nothing else', () => {
    const others = packed.filter((path) => !/^dist\/([\w/-]+)\.(js|js\.map|d\.ts)$/.test(path))

    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
  })

  it('installs nothing but itself', async () => {
    const { stdout } = await npm('ls', '--all', '--parseable')

    expect(stdout.trim().split('\n')).toEqual([project, join(project, 'node_modules/gatherly')])
  })

  it('imports', async () => {
    await write(
      'main.mjs',
      `
      import { gather, Scheduler } from 'gatherly'
      import { VirtualClock } from 'gatherly/testing'
      const clock = new VirtualClock()
      const scheduler = new Scheduler({ clock })
      const work = scheduler.task((ms, { length }) => clock.sleep(ms).then(() => length))
      const all = gather(work(1000, 'four'), work(500, 'seven'))
      console.log(await clock.run(), await all)
      `,
    )

    expect(await node('main.mjs')).toBe('1000 [ 4, 5 ]')
  })

  it('require()s, and shares its state with what imports it', async () => {
    await write(
      'main.cjs',
      `
      const { Future, gather, task } = require('gatherly')
      const { VirtualClock } = require('gatherly/testing')
      const answer = task(async () => 42)
      import('gatherly').then(async (imported) => {
        console.log(await gather(answer()), typeof VirtualClock, imported.Future === Future)
      })
      `,
    )

    expect(await node('main.cjs')).toBe('[ 42 ] function true')
  })

  it('opens its doors only', async () => {
    await write(
      'closed.mjs',
      `
      const closed = ['gatherly/dist/index.js', 'gatherly/core/future', 'gatherly/internal']
      for (const door of closed) await import(door).catch((error) => console.log(error.code))
      console.log(import.meta.resolve('gatherly/package.json').endsWith('package.json'))
      `,
    )

    const refused = Array(3).fill('ERR_PACKAGE_PATH_NOT_EXPORTED')
    expect((await node('closed.mjs')).split('\n')).toEqual([...refused, 'true'])
  })

  describe('compiles into a typed program', () => {
    beforeAll(() =>
      write(
        'main.ts',
        `
        import { type Clock, CancelledError, Future, gather, Scheduler, task } from 'gatherly'
        import { VirtualClock } from 'gatherly/testing'

        const clock: Clock = new VirtualClock()
        const scheduler = new Scheduler({ clock, concurrency: 2 })
        const size = scheduler.task(async (text: string) => text.length)
        const first = task((list: readonly string[]) => list[0] ?? '')
        const all: Future<[number, string]> = gather(size('four'), first(['a']))
        const settled: Promise<string> = all.then(([length, text]) => text.repeat(length))
        const promise: Promise<[number, string]> = all
        // @ts-expect-error the value of a future is empty until it is fulfilled
        const value: number = size('four').value
        // @ts-expect-error the arguments are the body's
        size(4)
        export const everything: unknown[] = [settled, promise, value, new CancelledError().name]
        `,
      ),
    )

    const strict = ['--strict', '--exactOptionalPropertyTypes', '--skipLibCheck', 'false']
    const typescript = join(root, 'node_modules/typescript/bin/tsc')
    const compile = (...options: string[]) =>
      run(process.execPath, [typescript, '--noEmit', ...strict, ...options, 'main.ts'], {
        cwd: project,
      }).catch(({ stdout }) => expect.fail(stdout))

    it.each([
      ['Node.js', ['--module', 'nodenext', '--target', 'es2022', '--lib', 'es2022,dom']],
      ['bundlers', ['--module', 'esnext', '--moduleResolution', 'bundler', '--lib', 'es2022,dom']],
      [
        'the newest language',
        ['--module', 'nodenext', '--target', 'esnext', '--lib', 'esnext,dom'],
      ],
    ])('as %s resolve it', async (_who, options) => {
      const { stdout } = await compile(...options)

      expect(stdout).toBe('')
    })

    it("with Node.js's types in place of the browser's", async () => {
      const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node']

      const { stdout } = await compile('--module', 'nodenext', '--lib', 'es2022', ...types)

      expect(stdout).toBe('')
    })
  })

  const npm = (...args: string[]) => run('npm', args, { cwd: project })

  const node = async (program: string) => {
    const { stdout } = await run(process.execPath, [program], { cwd: project })
    return stdout.trim()
  }

  async function write(file: string, text: string): Promise<void> {
    await mkdir(project, { recursive: true })
    await writeFile(join(project, file), text)
  }
})
