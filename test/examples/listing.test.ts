import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { listing } from '../../examples/listing.ts'
import { root } from '../support/built-package.ts'

describe("the chapter's program", () => {
  it('S7 S9 S10 gives the six events in order and the exact times, in virtual time', async () => {
    const { report, output } = await performInVirtualTime()

    expect(programs(output)).toEqual([
      [
        '0.000 s  Task 1 Start',
        '1.000 s  Task 1 Complete',
        '1.000 s  Task 2 Start',
        '2.000 s  Task 2 Complete',
        '2.000 s  Main Start',
        '2.500 s  Main Complete',
        '2.500 s  was the wall time; the results are 1000, 1000, 500',
      ],
      GATHERED,
      GATHERED,
    ])
    expect(report).toEqual({ sequential: 2500, gathered: 1000, inline: 1000, speedUp: 2.5 })
  })

  it('S11 says how far it is from the ideal', async () => {
    const { output } = await performInVirtualTime()

    expect(output).toContain('one after another     2.500 s   2.500 s     0.0 ms   the sum')
    expect(output).toContain('gathered              1.000 s   1.000 s     0.0 ms   the longest')
    expect(output).toContain('speed-up              2.500x    2.500x')
  })

  it('fits a terminal of 80 columns', async () => {
    const { output } = await performInVirtualTime()

    expect(output.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('gives the same order in real time, at about 2.5 times the speed', async () => {
    // Run from the sources: the paths of this configuration lead there.
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(root, 'examples/listing.ts')],
      { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
    )

    const [sequential, gathered, inline] = programs(stdout).map((lines) => lines.map(event))
    expect(sequential).toEqual(['Task 1 Start', 'Task 1 Complete', 'Task 2 Start', ...SECOND_HALF])
    expect(gathered).toEqual(GATHERED.map(event))
    expect(inline).toEqual(GATHERED.map(event))
    const speedUp = Number(/speed-up +([\d.]+)x/.exec(stdout)?.[1])
    expect(speedUp).toBeGreaterThan(1.8)
    expect(speedUp).toBeLessThan(2.8)
    expect(stderr).toBe('')
  })
})

const GATHERED = [
  '0.000 s  Task 1 Start',
  '0.000 s  Task 2 Start',
  '0.000 s  Main Start',
  '0.500 s  Main Complete',
  '1.000 s  Task 1 Complete',
  '1.000 s  Task 2 Complete',
  '1.000 s  was the wall time; the results are 1000, 1000, 500',
]

const SECOND_HALF = [
  'Task 2 Complete',
  'Main Start',
  'Main Complete',
  'was the wall time; the results are 1000, 1000, 500',
]

async function performInVirtualTime() {
  const clock = new VirtualClock()
  const lines: string[] = []
  const finished = listing({ clock, print: (line) => void lines.push(line) })
  await clock.run()
  return { report: await finished, output: lines.join('\n') }
}

/** The lines that carry a time, program by program. */
function programs(output: string): string[][] {
  const timed = output.split('\n').filter((line) => /^ +\d\.\d{3} s {2}/.test(line))
  return [0, 7, 14].map((from) => timed.slice(from, from + 7).map((line) => line.trim()))
}

/** What happened, without the time. */
function event(line: string): string {
  return line.replace(/^[\d.]+ s +/, '')
}
