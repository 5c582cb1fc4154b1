import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { built } from '../support/built-package.ts'

// A change of surface is a visible change of this table.
const doors = {
  'index.js': {
    values: [
      'CancelledError',
      'Future',
      'InvalidStateError',
      'Scheduler',
      'TaskGroup',
      'TimeoutError',
      'any',
      'asCompleted',
      'backoff',
      'context',
      'gather',
      'gatherSettled',
      'longStackTraces',
      'onUncollected',
      'race',
      'sleep',
      'spawn',
      'systemClock',
      'task',
    ],
    types: [
      'Awaitable',
      'BackoffOptions',
      'Clock',
      'CompletedFuture',
      'FutureOptions',
      'FutureResolvers',
      'GatherOptions',
      'Gathered',
      'GatheredSettled',
      'MapOptions',
      'Mapping',
      'Progress',
      'RateOptions',
      'RetryOptions',
      'SchedulerOptions',
      'SleepOptions',
      'StartMode',
      'Status',
      'Task',
      'TaskBody',
      'TaskContext',
      'TaskGroupOptions',
      'TaskOf',
      'TaskOptions',
    ],
  },
  'testing/index.js': {
    values: ['VirtualClock'],
    types: [],
  },
  'workers/index.js': {
    values: [
      'WorkerLostError',
      'WorkerPool',
      'gatherSync',
      'registerErrors',
      'serve',
      'sleepSync',
      'transfer',
    ],
    types: [
      'ErrorClass',
      'GatherSyncOptions',
      'NodeWorkerOptions',
      'Tasks',
      'WorkerLike',
      'WorkerLostOptions',
      'WorkerPoolOptions',
    ],
  },
  'trace/index.js': {
    values: ['Timeline', 'publishDiagnostics', 'trace'],
    types: [
      'ChromeTrace',
      'ChromeTraceEvent',
      'Finding',
      'LiveOptions',
      'LiveStream',
      'MermaidOptions',
      'Run',
      'SVGOptions',
      'Span',
      'Summary',
      'TaskMessage',
      'TextOptions',
      'TraceOptions',
    ],
  },
} as const

describe.each(Object.entries(doors))('the built door %s', (file, { values, types }) => {
  it('exports exactly these values', async () => {
    const door = await import(built(file))

    expect(Object.keys(door).sort()).toEqual(values)
  })

  it('declares exactly these values and types', () => {
    const declared = declaredExports(built(file.replace('.js', '.d.ts')))

    expect(declared.values).toEqual(values)
    expect(declared.types).toEqual(types)
  })
})

describe('the built doors', () => {
  it('share one core', async () => {
    const { Scheduler, gather } = await import(built('index.js'))
    const { VirtualClock } = await import(built('testing/index.js'))
    const clock = new VirtualClock()
    const scheduler = new Scheduler({ clock })
    const both = gather([1, 2].map(() => scheduler.spawn(async () => clock.sleep(3_600_000))))

    expect(await clock.run()).toBe(3_600_000)
    expect(both.status).toBe('fulfilled')
  })
})

function declaredExports(file: string): { values: string[]; types: string[] } {
  const program = ts.createProgram([file], { lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'], types: [] })
  const checker = program.getTypeChecker()
  const source = program.getSourceFile(file) as ts.SourceFile
  const symbols = checker.getExportsOfModule(checker.getSymbolAtLocation(source) as ts.Symbol)
  const isValue = (symbol: ts.Symbol) => {
    const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
    return (target.flags & ts.SymbolFlags.Value) !== 0
  }
  const names = (some: ts.Symbol[]) => some.map(({ name }) => name).sort()
  return {
    values: names(symbols.filter(isValue)),
    types: names(symbols.filter((symbol) => !isValue(symbol))),
  }
}
