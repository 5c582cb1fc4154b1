import fc from 'fast-check'

/**
 * A random program, as plain data: what two implementations are both made to run.
 *
 * Futures are named by how recently they were made: 0 is the latest. So most programs that fast-check comes up with,
 * and most of those it shrinks them to, mean something.
 */
export interface Program {
  readonly schedulers: readonly {
    readonly concurrency: number
    readonly start: 'deferred' | 'eager' | 'lazy'
    /** Whether it has a signal of its own: `SIGNALS` of the tasks come first, then one for each scheduler. */
    readonly signal: boolean
  }[]
  /** What runs outside any scheduler, each on its own from time 0 on. */
  readonly mains: readonly (readonly Op[])[]
}

/** What a body does, and how it ends. A synchronous body skips what takes time. */
export interface Body {
  readonly sync: boolean
  readonly ops: readonly Op[]
  /** What a listener on its signal does. */
  readonly onAbort: readonly Op[]
  readonly end: Thing
  readonly throws: boolean
}

/** Anything that a body can return, a future be resolved with, or `gather` be given. */
export type Thing =
  | { readonly is: 'value' }
  | { readonly is: 'future'; readonly of: number }
  | { readonly is: 'promise'; readonly after: number | undefined; readonly fails: boolean }
  | { readonly is: 'thenable'; readonly after: number | undefined; readonly fails: boolean }
  | { readonly is: 'hostile'; readonly fails: boolean }
  /** Looking at its `then` throws. */
  | { readonly is: 'trap' }

export interface CombineOptions {
  readonly cancelRest: boolean
  readonly timeout: number | undefined
  readonly signal: number | undefined
}

export type Op =
  | {
      readonly op: 'call'
      readonly on: number
      readonly via: 'spawn' | 'task'
      readonly body: Body
      readonly priority: number
      readonly timeout: number | undefined
      readonly signal: number | undefined
    }
  | { readonly op: 'sleep'; readonly ms: number; readonly stubborn: boolean }
  | { readonly op: 'tick'; readonly times: number }
  | { readonly op: 'await'; readonly of: number; readonly rethrow: boolean }
  | { readonly op: 'then'; readonly of: number }
  | { readonly op: 'listen'; readonly of: number; readonly react: readonly Op[] }
  | { readonly op: 'stop listening'; readonly which: number }
  | { readonly op: 'result'; readonly of: number }
  | { readonly op: 'cancel'; readonly of: number; readonly reason: boolean }
  | { readonly op: 'dispose'; readonly of: number }
  | {
      readonly op: 'combine'
      readonly kind: 'gather' | 'gatherSettled' | 'race' | 'any'
      readonly form: 'list' | 'iterable' | 'record' | 'arguments' | 'throwing iterable'
      readonly inputs: readonly Thing[]
      readonly options: CombineOptions
    }
  | {
      readonly op: 'as completed'
      readonly inputs: readonly Thing[]
      readonly take: number
      /** Whether it asks for the next before it has got the last. */
      readonly atOnce: boolean
    }
  | { readonly op: 'make'; readonly onCancel: readonly Op[] }
  | {
      readonly op: 'settle'
      readonly which: number
      readonly with: Thing
      readonly reject: boolean
    }
  | { readonly op: 'abort'; readonly signal: number }
  | { readonly op: 'concurrency'; readonly on: number; readonly to: number }
  | {
      readonly op: 'scheduler'
      readonly on: number
      readonly act: 'pause' | 'resume' | 'idle' | 'cancel' | 'close'
    }
  | { readonly op: 'look' }

/**
 * How many `AbortController`s a program has for its calls and gathers. Schedulers do not share them: in which order one
 * signal tells a scheduler and a call is nobody's promise.
 */
export const SIGNALS = 3
const SCHEDULERS = 2

// Few and small, so that much happens at the same instant.
const ms = fc.constantFrom(0, 1, 1, 2, 3, 5, 8)
const recent = fc.oneof(
  { weight: 4, arbitrary: fc.nat({ max: 3 }) },
  { weight: 1, arbitrary: fc.nat({ max: 12 }) },
)
const signal = fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 8 })
const timeout = fc.option(fc.constantFrom(1, 2, 3, 5), { nil: undefined, freq: 5 })
const concurrency = fc.constantFrom(1, 1, 2, 2, 3, Infinity)
const on = fc.nat({ max: SCHEDULERS - 1 })
const after = fc.option(ms, { nil: undefined })

const thing: fc.Arbitrary<Thing> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constant('value' as const) }) },
  { weight: 2, arbitrary: fc.record({ is: fc.constant('future' as const), of: recent }) },
  {
    weight: 1,
    arbitrary: fc.record({
      is: fc.constantFrom('promise', 'thenable'),
      after,
      fails: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.oneof(
      fc.record({ is: fc.constant('hostile' as const), fails: fc.boolean() }),
      fc.record({ is: fc.constant('trap' as const) }),
    ),
  },
)

const input: fc.Arbitrary<Thing> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ is: fc.constant('future' as const), of: recent }) },
  { weight: 1, arbitrary: thing },
)
const inputs = fc.array(input, { maxLength: 4 })

function ops(depth: number, maxLength: number): fc.Arbitrary<Op[]> {
  const leaf = leaves()
  if (depth === 0) return fc.array(leaf, { maxLength, size: 'max' })
  const body = fc.record({
    sync: fc.boolean(),
    ops: ops(depth - 1, 4),
    onAbort: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, ops(depth - 1, 2)),
    end: thing,
    throws: fc.nat({ max: 4 }).map((n) => n === 0),
  })
  const call = fc.record({
    op: fc.constant('call' as const),
    on,
    via: fc.constantFrom('spawn' as const, 'task' as const),
    body,
    priority: fc.constantFrom(0, 0, 0, 1, 2, -1),
    timeout,
    signal,
  })
  const listen = fc.record({
    op: fc.constant('listen' as const),
    of: recent,
    react: ops(depth - 1, 3),
  })
  const make = fc.record({ op: fc.constant('make' as const), onCancel: ops(depth - 1, 2) })
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: call },
      { weight: 1, arbitrary: fc.oneof(listen, make) },
      { weight: 6, arbitrary: leaf },
    ),
    { maxLength, size: 'max' },
  )
}

function leaves(): fc.Arbitrary<Op> {
  const op = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name)
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ op: op('sleep'), ms, stubborn: fc.boolean() }) },
    { weight: 2, arbitrary: fc.record({ op: op('tick'), times: fc.integer({ min: 1, max: 4 }) }) },
    { weight: 3, arbitrary: fc.record({ op: op('await'), of: recent, rethrow: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ op: op('then'), of: recent }) },
    {
      weight: 1,
      arbitrary: fc.record({ op: op('listen'), of: recent, react: fc.constant<Op[]>([]) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ op: op('stop listening'), which: fc.nat({ max: 3 }) }),
    },
    { weight: 1, arbitrary: fc.record({ op: op('result'), of: recent }) },
    { weight: 3, arbitrary: fc.record({ op: op('cancel'), of: recent, reason: fc.boolean() }) },
    { weight: 1, arbitrary: fc.record({ op: op('dispose'), of: recent }) },
    {
      weight: 5,
      arbitrary: fc.record({
        op: op('combine'),
        kind: fc.constantFrom('gather', 'gather', 'gatherSettled', 'race', 'any'),
        form: fc.constantFrom(
          'list',
          'list',
          'iterable',
          'record',
          'arguments',
          'throwing iterable',
        ),
        inputs,
        options: fc.record({ cancelRest: fc.boolean(), timeout, signal }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        op: op('as completed'),
        inputs,
        take: fc.nat({ max: 5 }),
        atOnce: fc.boolean(),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: op('make'), onCancel: fc.constant<Op[]>([]) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        op: op('settle'),
        which: fc.nat({ max: 2 }),
        with: thing,
        reject: fc.nat({ max: 3 }).map((n) => n === 0),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ op: op('abort'), signal: fc.nat({ max: SIGNALS + SCHEDULERS - 1 }) }),
    },
    { weight: 1, arbitrary: fc.record({ op: op('concurrency'), on, to: concurrency }) },
    {
      weight: 2,
      arbitrary: fc.record({
        op: op('scheduler'),
        on,
        act: fc.constantFrom('pause', 'resume', 'resume', 'idle', 'idle', 'cancel', 'close'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ op: op('look') }) },
  ) as fc.Arbitrary<Op>
}

export const programs: fc.Arbitrary<Program> = fc.record({
  schedulers: fc.array(
    fc.record({
      concurrency,
      start: fc.constantFrom('deferred', 'deferred', 'eager', 'lazy'),
      signal: fc.nat({ max: 5 }).map((n) => n === 0),
    }),
    { minLength: 1, maxLength: SCHEDULERS },
  ),
  mains: fc.array(ops(2, 12), { minLength: 1, maxLength: 2 }),
})
