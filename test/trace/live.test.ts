import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { gather, Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { type LiveOptions, type LiveStream, trace } from 'gatherly/trace'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { timeByHand } from '../support/real-time.ts'
import { openWorkshop } from '../support/run-program.ts'
import { work } from './recordings.ts'
import { Screen } from './screen.ts'

beforeEach(() => {
  vi.stubEnv('NO_COLOR', '1')
  vi.stubEnv('TERM', 'xterm')
  vi.stubEnv('LANG', 'C.UTF-8')
  vi.stubEnv('LC_ALL', 'C.UTF-8')
  return () => void vi.unstubAllEnvs()
})

/** A timeline that is shown live, under a clock of which real time is a copy. */
function shown(stream: LiveStream, options: LiveOptions = {}) {
  const pass = timeByHand()
  const clock = new VirtualClock()
  const timeline = trace({ clock })
  const end = timeline.live(stream, { clock, ...options })
  const advance = async (milliseconds: number): Promise<void> => {
    for (let i = 0; i < milliseconds / 100; i++) {
      pass(100)
      await clock.advance(100)
    }
  }
  return { clock, timeline, end, advance, scheduler: new Scheduler({ clock, concurrency: 2 }) }
}

describe('timeline.live(), on a terminal', () => {
  it('shows what runs, with how long, the longest first', async () => {
    const screen = new Screen()
    const { advance, timeline, scheduler } = shown(screen)
    const all = gather([500, 300, 300, 300].map((ms, i) => work({ scheduler }, `part ${i}`, ms)))

    await advance(400)

    expect(screen.lines).toEqual([
      '⠿ 1 done, 2 running, 1 waiting  0.4 s',
      '  part 0                                    0.4 s',
      '  part 2                                    0.1 s',
    ])
    await advance(600)
    timeline.stop()
    expect(all.done).toBe(true)
    expect(screen.lines).toEqual(['✓ 4 done, 0 running, 0 waiting  1.0 s'])
  })

  it('shows a bar when it is known how many calls there will be', async () => {
    const screen = new Screen(60)
    const { advance, timeline, scheduler } = shown(screen, { total: 8 })
    for (let i = 0; i < 8; i++) work({ scheduler }, 'part', 200)

    await advance(300)

    expect(screen.lines.slice(0, 2)).toEqual([
      '⠿ 2 of 8 done, 2 running, 4 waiting  0.3 s',
      '  ━━━━━━━━━━━━━─────────────────────────────────────  25 %',
    ])
    await advance(600)
    timeline.stop()
    expect(screen.lines.slice(0, 2)).toEqual([
      '✓ 8 of 8 done, 0 running, 0 waiting  0.9 s',
      '  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ 100 %',
    ])
  })

  it('names a few, counts the rest, and those that failed', async () => {
    const screen = new Screen()
    const { clock, advance, timeline } = shown(screen, { lines: 2 })
    const wide = new Scheduler({ clock })
    const failing = wide.spawn(() => Promise.reject(new Error('no')))
    for (let i = 0; i < 5; i++) work({ scheduler: wide }, `part ${i}\u001b[31m`, 400)
    failing.catch(() => {})

    await advance(200)

    expect(screen.lines).toEqual([
      '⠿ 1 done, 5 running, 0 waiting, 1 failed  0.2 s',
      '  part 0\ufffd[31m                               0.2 s',
      '  part 1\ufffd[31m                               0.2 s',
      '  and 3 more',
    ])
    await advance(300)
    timeline.stop()
  })

  it('lets other output pass above', async () => {
    const screen = new Screen()
    const { advance, timeline, scheduler } = shown(screen)
    work({ scheduler }, 'part', 300)
    await advance(100)

    screen.write('a line\n')
    screen.write('half a line')
    await advance(100)

    expect(screen.lines).toEqual([
      'a line',
      'half a line',
      '⠿ 0 done, 1 running, 0 waiting  0.2 s',
      '  part                                      0.2 s',
    ])
    await advance(200)
    timeline.stop()
    expect(screen.lines).toEqual(['a line', 'half a line', '✓ 1 done, 0 running, 0 waiting  0.4 s'])
  })

  it('fits the terminal, however small it is', async () => {
    const screen = new Screen(24, 4)
    const { clock, advance, timeline } = shown(screen, { lines: 10, total: 20 })
    const wide = new Scheduler({ clock })
    for (let i = 0; i < 10; i++) work({ scheduler: wide }, 'a rather long name', 400)

    await advance(300)

    expect(screen.lines).toHaveLength(3)
    expect(screen.longest).toBeLessThan(24)
    await advance(300)
    timeline.stop()
  })

  it('hides the cursor while it lasts, and leaves the stream and the process as they were', async () => {
    const screen = new Screen()
    const { write } = screen
    const listeners = () =>
      process.eventNames().map((event) => process.listenerCount(event as string))
    const before = listeners()
    const { end, timeline } = shown(screen)

    expect(screen.hasCursor).toBe(false)
    end()
    end()
    timeline.stop()

    expect(screen.hasCursor).toBe(true)
    expect(screen.write).toBe(write)
    expect(listeners()).toEqual(before)
  })
})

describe('timeline.live(), elsewhere', () => {
  it('writes a line now and then, and one for every failure', async () => {
    const lines: string[] = []
    const stream = { write: (text: string) => void lines.push(text) }
    const { clock, advance, timeline, scheduler } = shown(stream, { every: 1000 })
    const wide = new Scheduler({ clock })
    const failing = wide.spawn(
      async () => {
        await clock.sleep(700)
        throw new Error('no')
      },
      { name: 'fails\n' },
    )
    failing.catch(() => {})
    for (let i = 0; i < 4; i++) work({ scheduler }, 'part', 1500)

    await advance(5000)
    timeline.stop()

    expect(lines).toEqual([
      'fails\ufffd failed after 700 ms\n',
      '1 done, 2 running, 2 waiting, 1 failed, 1.0 s\n',
      '3 done, 2 running, 0 waiting, 1 failed, 2.0 s\n',
      '5 done, 0 running, 0 waiting, 1 failed, 4.0 s\n',
    ])
  })
})

describe('timeline.live(), in a program of its own', () => {
  const workshop = openWorkshop()
  afterAll(() => workshop.remove())

  const PROGRAM = `
    import { sleep, spawn } from 'gatherly'
    import { trace } from 'gatherly/trace'
    const timeline = trace()
    timeline.live(process.stdout, { interval: 10 })
    `

  /** Runs a program in a terminal, and presses Ctrl-C once it has written so. */
  async function inTerminal(source: string) {
    const command = `exec ${process.execPath} ${workshop.write(source)}`
    const child = spawn('script', ['-qefc', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh' },
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      if (!output.includes('READY') && (output + text).includes('READY'))
        child.stdin.write('\u0003')
      output += text
    })
    const [code] = await once(child, 'close')
    return { code, output }
  }

  it('does not keep it from ending, and gives the cursor back', async () => {
    const { code, output } = await inTerminal(`${PROGRAM}
      await spawn(() => sleep(50), { name: 'work' })`)

    expect(code).toBe(0)
    expect(output).toContain('\u001b[?25l')
    expect(output).toContain('work')
    expect(output.trimEnd().endsWith('\u001b[?25h')).toBe(true)
  })

  it('gives the cursor back when it ends by process.exit()', async () => {
    const { code, output } = await inTerminal(`${PROGRAM}
      spawn(() => sleep(10)).then(() => process.exit(3))`)

    expect(code).toBe(3)
    expect(output.trimEnd().endsWith('\u001b[?25h')).toBe(true)
  })

  it('gives the cursor back on Ctrl-C, of which the program ends as ever', async () => {
    const { code, output } = await inTerminal(`${PROGRAM}
      spawn(() => sleep(60_000), { name: 'READY' })
      await sleep(60_000)`)

    // 128 and the number of the signal, as a shell has it.
    expect(code).toBe(130)
    expect(output.slice(output.lastIndexOf('\u001b[?25'))).toContain('\u001b[?25h')
  })

  it('leaves Ctrl-C to a program that listens for it', async () => {
    const { code, output } = await inTerminal(`${PROGRAM}
      const work = spawn(() => sleep(60_000), { name: 'READY' })
      process.once('SIGINT', async () => {
        work.cancel()
        await sleep(50)
        timeline.stop()
        console.log('stopped in good order')
        process.exit(0)
      })
      await work.catch(() => {})`)

    expect(code).toBe(0)
    // Not before the program itself has ended the view.
    expect(output.split('\u001b[?25h')).toHaveLength(2)
    expect(output.split('\u001b[?25h')[1]).toContain('stopped in good order')
  })
})
