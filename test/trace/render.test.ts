import fc from 'fast-check'
import { gatherSettled, Scheduler } from 'gatherly'
import type { ChromeTraceEvent, Timeline } from 'gatherly/trace'
import mermaid from 'mermaid'
import { describe, expect, it, vi } from 'vitest'
import { explode } from '../support/hostile.ts'
import { stopRealTime } from '../support/real-time.ts'
import { gathered, record, type Stage, throughALimit, troubled, work } from './recordings.ts'
import { xmlErrorOf } from './xml.ts'

const plainText = (timeline: Timeline, width = 80) =>
  timeline.toText({ width, color: false, unicode: true })

/** Names that mean something to a terminal, to XML, or to Mermaid. */
const HOSTILE = [
  '<script>alert(1)</script>',
  '"><image href="x" onerror="alert(1)"/>',
  "it's & co; ]]> <!-- -->",
  '\u001b[2J\u001b[31mred',
  'two\nlines\r\n\tand a tab',
  'null \0 and bell \u0007',
  '\ud800 lone surrogate \uffff',
  '\u202eright to left',
  'end',
  'participant A as B',
  'a->>b: c; %%{init}%% #35;',
  'activate P0',
  ':::--x+-',
  '',
  ' ',
  '🦄 日本語 é',
  'x'.repeat(500),
]

/** Programs of calls within calls that end in every way. */
interface Plan {
  readonly name: string
  readonly ms: number
  readonly how: 'returns' | 'throws' | 'is cancelled' | 'is cancelled and runs on'
  readonly below: readonly Plan[]
}
const plan = (below: fc.Arbitrary<readonly Plan[]>): fc.Arbitrary<Plan> =>
  fc.record({
    name: fc.constantFrom('a', 'b', 'c', ...HOSTILE.slice(0, -1)),
    ms: fc.nat({ max: 30 }),
    how: fc.constantFrom('returns', 'throws', 'is cancelled', 'is cancelled and runs on'),
    below,
  })
const leaves = fc.array(plan(fc.constant([])), { maxLength: 3 })
const branches = fc.array(plan(leaves), { maxLength: 2 })
const plans = fc.array(plan(branches), { maxLength: 4 })

function perform(list: readonly Plan[], concurrency: number) {
  return record(async ({ clock, timeline, limited }) => {
    const scheduler = new Scheduler({ clock, concurrency: Math.max(concurrency, 20), name: 'wide' })
    const narrow = limited(concurrency)
    const call = ({ name, ms, how, below }: Plan, depth = 0): PromiseLike<unknown> => {
      const future = (below.length > 0 ? scheduler : narrow).spawn(
        async ({ sleep }) => {
          const inner = below.map((each) => call(each, depth + 1))
          await (how === 'is cancelled' ? sleep(ms) : clock.sleep(ms))
          if (inner.length > 0) await gatherSettled(inner)
          if (how === 'throws') throw new Error(name)
        },
        { name },
      )
      // Whoever is cancelled does not look at what it has called.
      future.catch(() => {})
      if (how.startsWith('is cancelled')) clock.callLater(() => future.cancel(), ms / 2)
      return future
    }
    const calls = list.map((each) => call(each))
    await timeline.span('Main', () => clock.sleep(5))
    await gatherSettled(calls)
  })
}

describe('every recording', () => {
  stopRealTime()

  it('always gives text of the width, SVG that is XML, a diagram that Mermaid takes, and a trace', async () => {
    await fc.assert(
      fc.asyncProperty(plans, fc.integer({ min: 1, max: 3 }), async (list, concurrency) => {
        const timeline = await perform(list, concurrency)

        expect(
          plainText(timeline, 60)
            .split('\n')
            .filter((line) => line.length > 60),
        ).toEqual([])
        expect(xmlErrorOf(timeline.toSVG())).toBe(undefined)
        await mermaid.parse(timeline.toMermaid())
        expect(errorsIn(timeline.toChromeTrace().traceEvents)).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('a hostile name', () => {
  stopRealTime()
  const named = (name: string) => (stage: Stage) => work(stage, name, 10)

  it.each(HOSTILE)('%j stays a name in text', async (name) => {
    const text = plainText(await record(named(name)))

    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are commands to a terminal
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/)
    expect(text.split('\n')).toHaveLength(4)
  })

  it.each(HOSTILE)('%j stays a name in SVG', async (name) => {
    const timeline = await record(named(name))
    const harmless = (await record(named('x'))).toSVG()
    const tags = (svg: string) => svg.match(/<\w+/g)

    const svg = timeline.toSVG({ title: name, verdict: false })

    expect(xmlErrorOf(svg)).toBe(undefined)
    expect(new Set(tags(svg))).toEqual(new Set(tags(harmless)))
  })

  it.each(HOSTILE)('%j stays a name for Mermaid', async (name) => {
    const diagram = (await record(named(name))).toMermaid()

    expect(diagram.split('\n')).toHaveLength(6)
    expect(await mermaid.parse(diagram)).toMatchObject({ diagramType: 'sequence' })
  })
})

describe('timeline.toText()', () => {
  stopRealTime()

  it('shows wide characters and long names in line', async () => {
    const timeline = await record((stage) => {
      work(stage, '日本語', 10)
      work(stage, 'é🦄', 10)
      work(stage, 'a name that is much too long for so few columns', 10)
    })

    expect(timeline.toText({ width: 50, color: false, unicode: true, verdict: false })).toBe(
      [
        '                  0 ms                     10',
        '日本語            █████████████████████████  10 ms',
        'é🦄               █████████████████████████  10 ms',
        'a name that is …  █████████████████████████  10 ms',
      ].join('\n'),
    )
  })

  it('shows at most so many lifelines; where there are more, calls of a name share them', async () => {
    const many = async ({ limited }: Stage) => {
      const scheduler = limited(2)
      await scheduler.map(
        Array(100).keys(),
        (i) => work({ scheduler: limited(1) }, `inner ${i}`, 10),
        {
          buffer: 100,
        },
      )
    }

    const lines = (await record(many))
      .toText({ lifelines: 5, width: 60, color: false, verdict: false, unicode: true })
      .split('\n')

    expect(lines).toHaveLength(7)
    expect(lines.at(-1)).toMatch(/^… and \d+ more lifelines$/)
  })

  it('is ASCII where nothing else is known: names, too', async () => {
    const timeline = await record((stage) => {
      work(stage, 'año 日本 \u0007', 100)
      return work(stage, 'plain', 50)
    })

    expect(timeline.toText({ width: 50, color: false, unicode: false }).match(/[^\n -~]/g)).toEqual(
      null,
    )
    expect(timeline.toText({ width: 50, color: false, unicode: false })).toContain('\na?o ?? ?  #')
  })

  it('marks where a body failed or was cancelled at once: where it stands', async () => {
    const timeline = await record(async (stage) => {
      await work(stage, 'first', 50)
      const failed = stage.scheduler.spawn(() => explode(), { name: 'fails' })
      work(stage, 'gone', 50).cancel()
      await failed.catch(() => {})
      await work(stage, 'last', 50)
    })

    const lines = timeline.toText({ width: 50, color: false, unicode: true, verdict: false })
    const columnOf = (name: string, sign: string) =>
      lines
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.indexOf(sign)
    expect(columnOf('fails', '✗')).toBe(columnOf('last', '█'))
    expect(columnOf('gone', '⊘')).toBe(columnOf('last', '█'))
  })

  it('puts as many calls of one name on a lifeline as do not overlap', async () => {
    const timeline = await record(throughALimit)

    expect(
      timeline.toText({ lifelines: 4, width: 60, color: false, verdict: false, unicode: true }),
    ).toBe(
      [
        '             0 ms                     500',
        'fetchPage 1  ██████████████████████████████  2 times, 600 ms',
        'fetchPage 2  █████████████████████████─────  3 times, 500 ms',
        'fetchPage 3  █████████████████████████─────  2 times, 500 ms',
        'gather       ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄           600 ms',
      ].join('\n'),
    )
  })

  it('shows what has not ended as it is now', async () => {
    const lines: string[] = []
    await record(async (stage) => {
      const { clock, timeline, limited } = stage
      const scheduler = limited(1)
      work({ scheduler }, 'long', 100)
      work({ scheduler }, 'next', 100)
      await clock.sleep(50)
      lines.push(
        ...timeline.toText({ width: 50, color: false, unicode: true, verdict: false }).split('\n'),
      )
    })

    expect(lines.slice(1)).toEqual([
      'long  ████████████████████████████  running, 50 ms',
      'next  ░░░░░░░░░░░░░░░░░░░░░░░░░░░░         waiting',
    ])
  })

  it('says only that nothing was called', async () => {
    expect((await record(() => {})).toText()).toBe('Nothing was called.')
  })

  it('is as wide as the terminal, and has its colours', async () => {
    const timeline = await record(gathered)
    const terminal = { isTTY: true, columns: 50, hasColors: () => true }
    const stdout = vi.spyOn(process, 'stdout', 'get').mockReturnValue(terminal as never)
    vi.stubEnv('NO_COLOR', '')
    vi.stubEnv('FORCE_COLOR', undefined)
    vi.stubEnv('TERM', 'xterm')
    vi.stubEnv('LANG', 'de_DE.UTF-8')
    vi.stubEnv('LC_ALL', undefined)

    const text = timeline.toText()
    vi.stubEnv('NO_COLOR', '1')
    const monochrome = timeline.toText()
    vi.stubEnv('TERM', 'dumb')
    const ascii = timeline.toText()
    stdout.mockRestore()
    vi.unstubAllEnvs()

    expect(text).toContain('\u001b[36m█')
    expect(monochrome).toBe(timeline.toText({ width: 50, color: false, unicode: true }))
    expect(ascii).toBe(timeline.toText({ width: 50, color: false, unicode: false }))
  })
})

describe('timeline.toSVG()', () => {
  stopRealTime()

  it('is a picture with a title and a description for screen readers, and times on hover', async () => {
    const svg = (await record(gathered)).toSVG({ title: 'Two tasks' })

    expect(svg).toMatch(/^<svg [^>]*role="img"/)
    expect(svg).toContain('<title>Two tasks</title>')
    expect(svg).toMatch(
      /<desc>2 500 ms of work in 1 000 ms: .*Task 1: fulfilled, ran from 0 ms to 1 000 ms/,
    )
    expect(svg).toContain('<title>Main: fulfilled, ran from 0 ms to 500 ms, 500 ms in all</title>')
  })

  it('stands for itself: it loads nothing, and runs nothing', async () => {
    const svg = (await record(troubled)).toSVG()

    expect(svg).not.toMatch(/<script|<image|href|@import|\bon\w+=|url\((?!#)/)
  })

  it('is light, dark, or as the reader has chosen; printed it is light', async () => {
    const timeline = await record(gathered)

    expect(timeline.toSVG({ theme: 'dark' })).toContain('class="gatherly dark"')
    expect(timeline.toSVG()).toContain('class="gatherly auto"')
    expect(timeline.toSVG()).toContain('@media (prefers-color-scheme:dark){.gatherly.auto{')
    expect(timeline.toSVG()).toContain('@media print{.gatherly.gatherly{')
  })

  it('S8 lights the rectangles of all three at the same moment', async () => {
    const svg = (await record(gathered)).toSVG()

    const bars = [...svg.matchAll(/class="lit[^>]* y="([\d.]+)" width="16" height="([\d.]+)"/g)]
    const lit = bars.map(([, y, height]) => ({ from: Number(y), to: Number(y) + Number(height) }))
    expect(lit).toHaveLength(3)
    expect(Math.max(...lit.map(({ from }) => from))).toBeLessThan(
      Math.min(...lit.map(({ to }) => to)),
    )
  })

  it('shades what overlapped, of what is not shown as well', async () => {
    const timeline = await record((stage) => {
      work(stage, 'shown', 100)
      work(stage, 'hidden', 100)
    })

    expect(timeline.toSVG({ lifelines: 1 })).toContain('<rect class="overlap"')
  })

  it('shortens a name to its box, and has all of it in the title', async () => {
    const name = 'W'.repeat(30)
    const svg = (await record((stage) => work(stage, name, 100))).toSVG({ verdict: false })

    expect(svg).toContain(`<title>${name}</title>`)
    expect(/>(W+…)<\/text>/.exec(svg)?.[1]).toHaveLength(12)
  })

  it('leaves arrows out where there are too many', async () => {
    const timeline = await record(async (stage) => {
      for (let i = 0; i < 100; i++) await work(stage, 'step', 10)
    })

    const svg = timeline.toSVG()

    expect(svg).not.toContain('<line class="call"')
    expect(svg.match(/class="lit/g)?.length).toBeGreaterThanOrEqual(100)
  })
})

describe('timeline.toMermaid()', () => {
  stopRealTime()

  it('activates a participant only while its body runs', async () => {
    const diagram = (await record(throughALimit)).toMermaid()

    const ofTheFourth = diagram.split('\n').filter((line) => /\bP4\b/.test(line))
    expect(ofTheFourth.map((line) => line.trim())).toEqual([
      'participant P4 as fetchPage 4',
      'P0->>P4: call at 0 ms, waits',
      'activate P4',
      'P4-->>-P0: after 300 ms',
    ])
  })

  it('says how many it leaves out', async () => {
    const diagram = (await record(troubled)).toMermaid({ lifelines: 3 })

    expect(diagram).toContain('Note over P0: and 6 more')
    await mermaid.parse(diagram)
  })
})

describe('timeline.toChromeTrace()', () => {
  stopRealTime()

  it('has an event for a call that never ran, if it was cancelled at once, too', async () => {
    const timeline = await record((stage) => void work(stage, 'never', 100).cancel())

    const { traceEvents } = timeline.toChromeTrace()
    expect(traceEvents.filter(({ ph }) => ph === 'X')).toMatchObject([
      { name: 'never waits', cat: 'queue', ts: 0, dur: 0, args: { status: 'cancelled' } },
    ])
  })

  it('survives JSON', async () => {
    const trace = (await record(troubled)).toChromeTrace()

    expect(JSON.parse(JSON.stringify(trace))).toEqual(JSON.parse(JSON.stringify(trace)))
    expect(errorsIn(JSON.parse(JSON.stringify(trace)).traceEvents)).toEqual([])
  })

  it('counts the bodies that are active', async () => {
    const { traceEvents } = (await record(gathered)).toChromeTrace()

    const counts = traceEvents.filter(({ ph }) => ph === 'C').map(({ ts, args }) => [ts, args])
    expect(counts).toEqual([
      [0, { active: 3, queued: 0 }],
      [500_000, { active: 2, queued: 0 }],
      [1_000_000, { active: 0, queued: 0 }],
    ])
  })
})

describe('timeline.toDevTools()', () => {
  it('puts a measure for each run on a track of its own', async () => {
    const timeline = await record(troubled)

    const measures = timeline.toDevTools()

    const of = (name: string) =>
      measures
        .filter((measure) => measure.name === name)
        .map(({ startTime, duration, detail }) => [
          Math.round(startTime - (measures[0]?.startTime ?? 0)),
          Math.round(duration),
          detail.devtools.track,
          detail.devtools.color,
        ])
    expect(of('flaky')).toEqual([
      [0, 100, 'flaky', 'primary'],
      [150, 100, 'flaky', 'primary'],
      [300, 100, 'flaky', 'primary'],
    ])
    expect(of('getUser')).toEqual([[0, 150, 'getUser', 'error']])
    expect(of('loadRows')).toEqual([[110, 200, 'loadRows', 'primary']])
    expect(performance.getEntriesByName('flaky')).toHaveLength(3)
    performance.clearMeasures()
  })
})

describe('bad input', () => {
  it.each<[string, (timeline: Timeline) => unknown, string]>([
    [
      'toText',
      (it) => it.toText({ width: 39 }),
      '`width` to be a whole number from 40 up, got `39`',
    ],
    ['toText', (it) => it.toText({ color: 1 as never }), '`color` to be true or false, got `1`'],
    ['toText', (it) => it.toText(null as never), '`options` to be an object, got `null`'],
    [
      'toSVG',
      (it) => it.toSVG({ theme: 'blue' as never }),
      '`theme` to be "auto", "light" or "dark", got `blue`',
    ],
    ['toSVG', (it) => it.toSVG({ height: 5 }), '`height` to be pixels from 100 up, got `5`'],
    ['toMermaid', (it) => it.toMermaid({ lifelines: 0 }), '`lifelines` to be from 1 up, got `0`'],
    ['live', (it) => it.live({} as never), '`stream` to be a writable stream, got some object'],
    ['span', (it) => it.span(5 as never, () => {}), '`name` to be a string, got `5`'],
    ['span', (it) => it.span('Main', 5 as never), '`body` to be a function, got `5`'],
  ])('%s says what is wrong', async (_what, use, message) => {
    const timeline = await record(gathered)

    expect(() => use(timeline)).toThrow(message)
  })
})

/** What is wrong with trace events, by the document "Trace Event Format". */
function errorsIn(events: readonly ChromeTraceEvent[]): readonly string[] {
  const errors: string[] = []
  const arrows = new Map<number, string>()
  const open = new Map<number, { name: string; end: number }[]>()
  let last = Number.NEGATIVE_INFINITY
  for (const { name, ph, ts, dur, pid, tid, id, args } of events) {
    const fail = (what: string) => errors.push(`${ph} ${name}: ${what}`)
    if (typeof name !== 'string' || pid !== 1 || !Number.isInteger(tid)) fail('no name or no place')
    if (ph === 'M') {
      if (args?.name === undefined && args?.sort_index === undefined) fail('no name given')
      continue
    }
    if (typeof ts !== 'number' || !(ts >= 0)) fail(`at ${ts}`)
    if ((ts ?? 0) < last) fail('out of order')
    last = ts ?? 0
    if (ph === 'X') {
      if (typeof dur !== 'number' || !(dur >= 0)) fail(`lasts ${dur}`)
      // On one thread stretches lie within each other, or apart.
      const stack = (open.get(tid) ?? []).filter(({ end }) => end > (ts ?? 0) + 1e-6)
      const around = stack.at(-1)
      const end = (ts ?? 0) + (dur ?? 0)
      if (around !== undefined && end > around.end + 1e-6) fail(`overlaps ${around.name}`)
      open.set(tid, [...stack, { name, end }])
    }
    if (ph === 's' || ph === 'f') {
      if (id === undefined) fail('no id')
      const before = arrows.get(id as number)
      if (ph === 'f' && before !== 's') fail('ends without a beginning')
      arrows.set(id as number, ph)
    }
    if (ph === 'C' && Object.values(args ?? {}).some((count) => !((count as number) >= 0))) {
      fail(`counts ${JSON.stringify(args)}`)
    }
  }
  for (const [id, ph] of arrows) if (ph !== 'f') errors.push(`arrow ${id} has no end`)
  return errors
}
