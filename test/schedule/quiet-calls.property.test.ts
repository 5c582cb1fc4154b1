import fc from 'fast-check'
import { CancelledError, Future, longStackTraces, Scheduler } from 'gatherly'
import { trace } from 'gatherly/trace'
import { describe, expect, it } from 'vitest'

// No scheduler here has a virtual clock: who holds slots is kept track of there, with futures.

interface Item {
  readonly end:
    | 'value'
    | 'throw at once'
    | 'reject'
    | 'future'
    | 'failing future'
    | 'cancelled future'
  readonly turns: number
  readonly asks: 'nothing' | 'signal' | 'throwIfCancelled'
  readonly isPromise: boolean
}

interface Program {
  readonly items: readonly Item[]
  readonly concurrency: number
  readonly priority: number
  readonly stopOnError: boolean
  readonly isIterated: boolean
  readonly ordered: boolean
  readonly buffer: number | undefined
  readonly event: 'nothing' | 'cancel' | 'abort' | 'trace' | 'pause' | 'long stack traces' | 'close'
  readonly at: number
  /** Whether it happens in the body of the first item that starts from then on. */
  readonly isInside: boolean
}

const turns = fc.integer({ min: 0, max: 6 })
const item: fc.Arbitrary<Item> = fc.record({
  end: fc.oneof(
    { weight: 4, arbitrary: fc.constant<Item['end']>('value') },
    fc.constantFrom<Item['end'][]>(
      'throw at once',
      'reject',
      'future',
      'failing future',
      'cancelled future',
    ),
  ),
  turns,
  asks: fc.constantFrom('nothing', 'signal', 'throwIfCancelled'),
  isPromise: fc.boolean(),
})
const program: fc.Arbitrary<Program> = fc.record({
  items: fc.array(item, { maxLength: 12 }),
  concurrency: fc.constantFrom(1, 2, 3, Number.POSITIVE_INFINITY),
  priority: fc.constantFrom(-1, 0, 1),
  stopOnError: fc.boolean(),
  isIterated: fc.boolean(),
  ordered: fc.boolean(),
  buffer: fc.constantFrom(undefined, 1, 4),
  event: fc.constantFrom(
    'nothing',
    'cancel',
    'abort',
    'trace',
    'pause',
    'long stack traces',
    'close',
  ),
  at: fc.integer({ min: 0, max: 12 }),
  isInside: fc.boolean(),
})

/** Runs the program, and gives a log of all that can be seen of it. */
async function logOf(run: Program, signal: AbortSignal | undefined): Promise<string[]> {
  const log: string[] = []
  const scheduler = new Scheduler({ concurrency: run.concurrency, slice: Infinity, signal })
  const controller = new AbortController()
  let isDue = false
  let undo = (): void => {}
  const happen = (): void => {
    isDue = false
    if (run.event === 'cancel') scheduler.cancel('cancelled')
    if (run.event === 'abort') controller.abort('aborted')
    if (run.event === 'pause') scheduler.pause()
    if (run.event === 'close') void scheduler.close()
    if (run.event === 'long stack traces') longStackTraces()
    if (run.event === 'trace') {
      const timeline = trace()
      undo = () => {
        for (const span of timeline.stop().spans)
          log.push(`${span.kind} ${span.name} ${span.status}`)
      }
    }
  }
  const other = scheduler.task(async (name: string) => {
    log.push(`${name} starts`)
    await null
  })
  const source = run.items.map((each) => (each.isPromise ? Promise.resolve(each) : each))
  const mapping = scheduler.map(
    source,
    (each, index, context) => {
      log.push(`${index} starts as ${context.name}`)
      if (each.asks === 'signal') {
        context.signal.addEventListener('abort', () =>
          log.push(`${index}: ${said(context.signal.reason)}`),
        )
      }
      if (isDue && run.isInside) happen()
      if (each.end === 'throw at once') throw `${index} threw`
      if (each.end === 'future') return Future.resolve(Promise.resolve(index))
      if (each.end === 'failing future') return Future.reject(`${index} failed`)
      if (each.end === 'cancelled future') {
        const future = Future.withResolvers<number>().future
        future.cancel(`${index} was cancelled`)
        return future
      }
      return (async () => {
        for (let turn = 0; turn < each.turns; turn++) {
          await null
          if (each.asks !== 'throwIfCancelled') continue
          try {
            context.throwIfCancelled()
          } catch (reason) {
            log.push(`${index} is told: ${said(reason)}`)
            throw reason
          }
        }
        log.push(`${index} ends`)
        if (each.end === 'reject') throw `${index} rejected`
        return index
      })()
    },
    {
      name: 'item',
      priority: run.priority,
      stopOnError: run.stopOnError,
      ordered: run.ordered,
      buffer: run.buffer,
      signal: controller.signal,
    },
  )
  const collecting = (async () => {
    if (!run.isIterated) return log.push(`all: ${await mapping}`)
    for await (const result of mapping) log.push(`result: ${result}`)
    return log.push('through')
  })().catch((reason: unknown) => log.push(`failed: ${said(reason)}`))
  for (let turn = 0; turn < 40; turn++) {
    if (turn === run.at) isDue = true
    if (isDue && !run.isInside) happen()
    if (turn === 2 && run.event !== 'close') void other('another')
    if (turn === 30) scheduler.resume()
    const { running, queued, progress } = scheduler
    log.push(`turn ${turn}: ${running} ${queued} ${Object.values(progress)}`)
    await null
  }
  await collecting
  await scheduler.idle()
  undo()
  longStackTraces(false)
  log.push(`in the end: ${Object.values(scheduler.progress)}`)
  return log
}

function said(reason: unknown): string {
  if (reason instanceof AggregateError) return `${reason.message}: ${reason.errors.map(said)}`
  return reason instanceof CancelledError ? `${reason}, ${reason.cause}` : String(reason)
}

describe('the items of a mapping', () => {
  it('go without futures as they go with them, on a scheduler that has to have some', async () => {
    await fc.assert(
      fc.asyncProperty(program, async (run) => {
        const quiet = await logOf(run, undefined)

        expect(quiet).toEqual(await logOf(run, new AbortController().signal))
      }),
      { numRuns: 400 },
    )
  })
})
