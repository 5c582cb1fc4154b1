import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it, vi } from 'vitest'
import { listing } from '../../examples/listing.ts'
import { built, root } from '../support/built-package.ts'
import { timeByHand } from '../support/real-time.ts'
import { xmlErrorOf } from '../trace/xml.ts'

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
      BLOCKING,
    ])
    expect(report).toMatchObject({
      sequential: 2500,
      gathered: 1000,
      inline: 1000,
      blocking: 2500,
      speedUp: 2.5,
    })
  })

  it('S11 says how far it is from the ideal', async () => {
    const { output } = await performInVirtualTime()

    expect(output).toContain('one after another     2.500 s   2.500 s     0.0 ms   the sum')
    expect(output).toContain('gathered              1.000 s   1.000 s     0.0 ms   the longest')
    expect(output).toContain('gathered, blocking    2.500 s   1.000 s  1500.0 ms   the longest')
    expect(output).toContain('speed-up              2.500x    2.500x')
  })

  it('S8 draws each run: lit at the same moment, or one at a time', async () => {
    const { output } = await performInVirtualTime()

    const bars = output.split('\n').filter((line) => /^(Main|Task \d) +[█─░]+ /.test(line))
    expect(bars.map((line) => line.replace(/([█─░ ])\1*/g, '$1'))).toEqual([
      // One after another: what is lit in one is not in the others.
      'Task 1 █─ 1 000 ms',
      'Task 2 ─█─ 1 000 ms',
      'Main ─█ 500 ms',
      'Task 1 █ 1 000 ms',
      'Task 2 █ 1 000 ms',
      'Main █─ 500 ms',
      'Main █─ 500 ms',
      'Task 1 █ 1 000 ms',
      'Task 2 █ 1 000 ms',
      'Main █─ 500 ms',
      'Task 1 ░█─ 1 000 ms',
      'Task 2 ░█ 1 000 ms',
    ])
  })

  it('S12 says what is wrong where it does not overlap: who held the thread, how long, what to do', async () => {
    const { output } = await performInVirtualTime()

    const verdicts = output.replace(/\n {2}(?=\S)/g, ' ').split('\n')
    const held = (name: string, ms: string) =>
      `▸ ${name} held the thread for ${ms} ms in one go; nothing else could run. Make it await, or give it to a WorkerPool.`
    expect(verdicts.filter((line) => /of work in|^▸/.test(line))).toEqual([
      '2 500 ms of work in 2 500 ms: nothing overlapped. 1 000 ms would have been',
      '▸ Task 1, Task 2 and Main ran one after the other; gathered they would have taken 1 500 ms less. Make the calls before you await the first, unless one needs what another gives.',
      '2 500 ms of work in 1 000 ms: 2.5 times as fast as one after the other, which is',
      '2 500 ms of work in 1 000 ms: 2.5 times as fast as one after the other, which is',
      '2 500 ms of work in 2 500 ms: nothing overlapped. 1 000 ms would have been',
      held('Task 1', '1 000'),
      held('Task 2', '1 000'),
      held('Main', '500'),
    ])
  })

  it('puts the pictures side by side into one file', async () => {
    const { report } = await performInVirtualTime()

    expect(xmlErrorOf(report.svg)).toBe(undefined)
    expect(report.svg.match(/<svg /g)).toHaveLength(5)
  })

  it('fits a terminal of 80 columns', async () => {
    const { output } = await performInVirtualTime()

    expect(output.split('\n').filter((line) => line.length > 80)).toEqual([])
  })

  it('gives the same order in real time, at about 2.5 times the speed', async () => {
    // As `npm start` runs it, with the package that was built.
    built('index.js')
    const { stdout, stderr } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(root, 'examples/listing.ts')],
      {
        cwd: root,
        env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.examples.json') },
      },
    )

    const [sequential, gathered, inline, blocking, threads] = programs(stdout).map((lines) =>
      lines.map(event),
    )
    expect(sequential).toEqual(['Task 1 Start', 'Task 1 Complete', 'Task 2 Start', ...SECOND_HALF])
    expect(gathered).toEqual(GATHERED.map(event))
    expect(inline).toEqual(GATHERED.map(event))
    expect(blocking).toEqual(BLOCKING.map(event))
    // R23 Threads are free in when they start, and in which ends first; main is over before both.
    expect(threads?.slice(0, 3).sort()).toEqual(['Main Start', 'Task 1 Start', 'Task 2 Start'])
    expect(threads?.[3]).toBe('Main Complete')
    expect(threads?.slice(4, 6).sort()).toEqual(['Task 1 Complete', 'Task 2 Complete'])
    expect(stdout).toMatch(/Task 1 held the thread for 1 \d{3} ms in one go/)
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

const BLOCKING = [
  '0.000 s  Main Start',
  '0.500 s  Main Complete',
  '0.500 s  Task 1 Start',
  '1.500 s  Task 1 Complete',
  '1.500 s  Task 2 Start',
  '2.500 s  Task 2 Complete',
  '2.500 s  was the wall time; the results are 1000, 1000, 500',
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
  const pass = timeByHand()
  const picture = { width: 80, color: false, unicode: true }
  const finished = listing({
    clock,
    block: (milliseconds) => void pass(milliseconds),
    picture,
    threads: false,
    print: (line) => void lines.push(line),
  })
  await clock.run()
  vi.restoreAllMocks()
  return { report: await finished, output: lines.join('\n') }
}

/** The lines that carry a time, program by program. */
function programs(output: string): string[][] {
  const timed = output.split('\n').filter((line) => /^ +\d\.\d{3} s {2}/.test(line))
  return [0, 7, 14, 21, 28]
    .filter((from) => from < timed.length)
    .map((from) => timed.slice(from, from + 7).map((line) => line.trim()))
}

/** What happened, without the time. */
function event(line: string): string {
  return line.replace(/^[\d.]+ s +/, '')
}
