import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import {
  type Display,
  type DownloadOptions,
  downloadAll,
  pictureOf,
  type View,
} from '../../examples/progress.ts'
import { root } from '../support/built-package.ts'
import { stopRealTime } from '../support/real-time.ts'

describe('the example that shows its progress', () => {
  stopRealTime()

  it('prints plain lines where the output is no terminal, and ends itself', async () => {
    // A program of its own, run from the sources: the paths of this configuration lead there.
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(root, 'examples/progress.ts')],
      { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
    )

    const lines = stdout.trimEnd().split('\n')
    expect(stderr).toBe('')
    expect(lines.slice(-4, -1)).toEqual([
      '100 %  240 settled, 0 running, 0 queued',
      'photo-055.jpg: 404 not found',
      'photo-220.jpg: 404 not found',
    ])
    expect(lines.at(-1)).toMatch(/^238 files \(59\.0 MB\) in \d+\.\d s, 37 attempts repeated$/)
    expect(lines.length).toBeLessThanOrEqual(13)
  })

  it('takes about 3 s, and gives the same each time, in virtual time', async () => {
    const first = await download()
    const second = await download()

    expect(first.report).toEqual({
      done: 238,
      failed: ['photo-055.jpg: 404 not found', 'photo-220.jpg: 404 not found'],
      repeated: 37,
      stopped: 0,
      bytes: 58_962_394,
      milliseconds: 2968,
    })
    expect(second).toEqual(first)
  })

  it('shows each file at every moment, in the state of its future', async () => {
    const { views } = await download()

    for (const { cells, progress } of views) {
      const count = (...states: string[]) => cells.filter((cell) => states.includes(cell)).length
      expect(cells.length).toBe(240)
      expect(count('running')).toBe(progress.running)
      expect(count('waiting', 'again')).toBe(progress.queued)
      expect(count('done')).toBe(progress.fulfilled)
      expect(progress.running).toBeLessThanOrEqual(16)
    }
    expect(new Set(views.flatMap(({ cells }) => cells))).toEqual(
      new Set(['waiting', 'running', 'again', 'done', 'failed']),
    )
    expect(views.length).toBeGreaterThan(40)
  })

  it('draws what was done, runs, waits and failed', () => {
    const cells = ['done', 'failed', 'done', 'running', 'again', 'waiting'] as const
    const progress = {
      ...{ called: 6, started: 5, fulfilled: 2, rejected: 1, cancelled: 0 },
      ...{ settled: 3, queued: 2, running: 1 },
    }

    const picture = pictureOf({ cells, progress, milliseconds: 1234 }, 30)

    expect(stripVTControlCharacters(picture).split('\n')).toEqual([
      '',
      '  6 files, 16 at once, 20 starts per 160 ms',
      '',
      '  ■✗■□↻·',
      '',
      '  ━━━━━━━━━━━━━━━━   50 %  1.2 s',
      '',
      '  ■ done 2    □ running 1    ↻ again 1    · waiting 1    ✗ failed 1',
      '',
    ])
  })

  it('fits a terminal of 80 columns', async () => {
    const { views } = await download()

    const lines = views.flatMap((view) => stripVTControlCharacters(pictureOf(view, 60)).split('\n'))

    expect(lines.filter((line) => line.length > 80)).toEqual([])
  })

  it('shows what was stopped when it is interrupted', async () => {
    const interrupt = new AbortController()
    const clock = new VirtualClock()
    clock.callLater(() => interrupt.abort('interrupted'), 1000)

    const { report, views } = await download({ clock, signal: interrupt.signal })

    expect(report.done + report.failed.length + report.stopped).toBe(240)
    expect(report.milliseconds).toBe(1000)
    expect(views.at(-1)?.cells.at(-1)).toBe('stopped')
  })
})

/** Runs it in virtual time, and keeps what it shows. */
async function download({ clock = new VirtualClock(), ...options }: TestOptions = {}) {
  const views: View[] = []
  const display: Display = {
    show: (view) => void views.push(view),
    end: (view) => void views.push(view),
  }
  const downloaded = downloadAll({ display, random: () => 0.5, ...options, clock })
  await clock.run()
  return { report: await downloaded, views }
}

interface TestOptions extends Omit<DownloadOptions, 'clock'> {
  readonly clock?: VirtualClock
}
