import { type Future, Scheduler, spawn } from 'gatherly'
import {
  type ChromeTrace,
  type Finding,
  publishDiagnostics,
  type Span,
  Timeline,
  trace,
} from 'gatherly/trace'
import { expectTypeOf, test } from 'vitest'

test('trace() gives a timeline', () => {
  expectTypeOf(trace()).toEqualTypeOf<Timeline>()
  expectTypeOf(
    trace({ schedulers: [new Scheduler()], limit: 5, stacks: true }),
  ).toEqualTypeOf<Timeline>()
  // @ts-expect-error a scheduler goes into a list
  trace({ schedulers: new Scheduler() })
  // @ts-expect-error no such option
  trace({ size: 5 })
})

test('a span keeps the type of what its body gives', () => {
  const timeline = trace()

  expectTypeOf(timeline.span('Main', () => 5)).toEqualTypeOf<number>()
  expectTypeOf(timeline.span('Main', async () => 'a')).toEqualTypeOf<Promise<string>>()
  expectTypeOf(timeline.span('Main', () => spawn(() => true))).toEqualTypeOf<Future<boolean>>()
})

test('what is recorded can be read, not written', () => {
  const { spans, summary } = trace().stop()

  expectTypeOf(spans).toEqualTypeOf<readonly Span[]>()
  expectTypeOf<Span['kind']>().toEqualTypeOf<'task' | 'main' | 'wait'>()
  expectTypeOf<Span['start']>().toEqualTypeOf<number | undefined>()
  expectTypeOf(summary.findings).toEqualTypeOf<readonly Finding[]>()
  // @ts-expect-error a span is a record
  if (spans[0]) spans[0].name = 'other'
})

test('each drawing has its type and its options', () => {
  const timeline = trace()

  expectTypeOf(timeline.toText({ width: 80 })).toEqualTypeOf<string>()
  expectTypeOf(timeline.toSVG({ theme: 'dark' })).toEqualTypeOf<string>()
  expectTypeOf(timeline.toMermaid()).toEqualTypeOf<string>()
  expectTypeOf(timeline.toChromeTrace()).toEqualTypeOf<ChromeTrace>()
  expectTypeOf(timeline.toDevTools()).toEqualTypeOf<readonly PerformanceMeasure[]>()
  expectTypeOf(timeline.live(process.stderr, { total: 5 })).toEqualTypeOf<() => void>()
  expectTypeOf(publishDiagnostics()).toEqualTypeOf<() => void>()
  // @ts-expect-error no such theme
  timeline.toSVG({ theme: 'blue' })
  // @ts-expect-error a timeline is made by trace()
  new Timeline()
})
