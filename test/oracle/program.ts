import fc from 'fast-check'

/**
 * A random program, as plain data: what two implementations are both made to run.
 *
 * Futures are named by how recently they were made: 0 is the latest. So most programs that fast-check comes up with,
 * and most of those it shrinks them to, mean something.
 */
export interface Program {
  /**
   * Whether everything comes to rest before the next operation, which has an instant of its own. Then what is observed
   * does not depend on how many microtasks the end of a group takes, which no rule says.
   */
  readonly calm: boolean
  readonly schedulers: readonly {
    readonly concurrency: number
    readonly start: 'deferred' | 'eager' | 'lazy'
    readonly rate: { readonly limit: number; readonly interval: number } | undefined
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
  /** What it throws instead, if anything. */
  readonly throws: Thrown | undefined
}

/** `reason` is what its signal was aborted with, `once` the same error in all attempts. */
export type Thrown = 'error' | 'once' | 'abort' | 'reason' | 'string' | 'frozen' | 'aggregate'

/** Anything that a body can return, a future be resolved with, or `gather` be given. */
export type Thing =
  | { readonly is: 'value' }
  | { readonly is: 'future'; readonly of: number }
  | { readonly is: 'promise'; readonly after: number | undefined; readonly fails: boolean }
  | { readonly is: 'thenable'; readonly after: number | undefined; readonly fails: boolean }
  | { readonly is: 'hostile'; readonly fails: boolean }
  /** Looking at its `then` throws. */
  | { readonly is: 'trap' }

export interface CallOptions {
  readonly priority: number
  readonly timeout: number | undefined
  readonly signal: number | undefined
  readonly retry: Retry | undefined
}

export interface Retry {
  readonly retries: number
  readonly delay:
    | { readonly is: 'none' }
    | { readonly is: 'number' | 'function' | 'backoff'; readonly ms: number }
    | { readonly is: 'throws' | 'nonsense' }
  /** Until which attempt it is worth another one; and what it does when it is asked. */
  readonly when:
    | { readonly until: number; readonly throws: 'never' | 'error' | 'the failure' }
    | undefined
  readonly react: readonly Op[]
  /** From this attempt on the body does not throw. */
  readonly heals: number
}

export interface GroupOptions {
  readonly on: number
  readonly signal: number | undefined
  readonly timeout: number | undefined
}

/** What a mapping reads from. */
export interface Source {
  readonly is: 'array' | 'generator' | 'async generator' | 'iterator' | 'async iterator'
  /** Where the source takes time, each comes after a while. */
  readonly items: readonly { readonly after: number | undefined; readonly thing: Thing }[]
  readonly end: 'done' | 'throws' | 'rejects' | 'nonsense' | 'never begins'
  readonly close: 'missing' | 'well' | 'throws' | number
}

export interface MapOptions extends CallOptions {
  readonly ordered: boolean
  readonly buffer: number | undefined
  readonly stopOnError: boolean
}

/** How a mapping is consumed. */
export type Use =
  | { readonly is: 'await' }
  | {
      readonly is: 'iterate'
      /** After how many it is left. */
      readonly take: number
      /** How many are asked for before one has come. */
      readonly atOnce: number
      /** How long is waited between. */
      readonly pause: number | undefined
    }

export interface CombineOptions {
  readonly cancelRest: boolean
  readonly timeout: number | undefined
  readonly signal: number | undefined
}

export type Op =
  | ({
      readonly op: 'call'
      readonly on: number
      readonly via: 'spawn' | 'task'
      readonly body: Body
    } & CallOptions)
  | ({ readonly op: 'group' } & GroupOptions)
  | ({ readonly op: 'spawn in group'; readonly group: number; readonly body: Body } & CallOptions)
  | { readonly op: 'add to group'; readonly group: number; readonly of: number }
  | { readonly op: 'cancel group'; readonly group: number; readonly reason: boolean }
  | { readonly op: 'join group'; readonly group: number; readonly rethrow: boolean }
  | ({
      readonly op: 'run group'
      readonly ops: readonly Op[]
      readonly end: Thing
      readonly throws: Thrown | undefined
    } & GroupOptions)
  | {
      readonly op: 'map'
      readonly on: number
      readonly source: Source
      /** Of the items in turn. */
      readonly bodies: readonly Body[]
      readonly options: MapOptions
      readonly use: Use
    }
  | { readonly op: 'use mapping'; readonly which: number; readonly use: Use }
  | { readonly op: 'leave mapping'; readonly which: number }
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
const few = fc.nat({ max: 2 })
const signal = fc.option(fc.nat({ max: SIGNALS - 1 }), { nil: undefined, freq: 8 })
const timeout = fc.option(fc.constantFrom(1, 2, 3, 5), { nil: undefined, freq: 2 })
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

const thrown: fc.Arbitrary<Thrown | undefined> = fc.option(
  fc.constantFrom<Thrown[]>(
    'error',
    'error',
    'error',
    'once',
    'abort',
    'reason',
    'string',
    'frozen',
    'aggregate',
  ),
  { nil: undefined, freq: 2 },
)

const retry = (calm: boolean): fc.Arbitrary<Retry> =>
  fc.record({
    retries: fc.nat({ max: 3 }),
    delay: fc.oneof(
      { weight: 2, arbitrary: fc.constant({ is: 'none' as const }) },
      {
        weight: 6,
        arbitrary: fc.record({ is: fc.constantFrom('number', 'function', 'backoff'), ms }),
      },
      { weight: 1, arbitrary: fc.record({ is: fc.constantFrom('throws', 'nonsense') }) },
    ),
    when: fc.option(
      fc.record({
        until: fc.integer({ min: 1, max: 4 }),
        throws: fc.constantFrom('never', 'never', 'never', 'never', 'error', 'the failure'),
      }),
      { nil: undefined },
    ),
    react: calm
      ? fc.constant([])
      : fc.oneof(
          { weight: 5, arbitrary: fc.constant([]) },
          fc.array(leaves(calm), { maxLength: 2 }),
        ),
    heals: fc.integer({ min: 1, max: 5 }),
  }) as fc.Arbitrary<Retry>

const callOptions = (calm: boolean) => ({
  priority: fc.constantFrom(0, 0, 0, 1, 2, -1),
  timeout,
  signal,
  retry: fc.option(retry(calm), { nil: undefined, freq: 2 }),
})
const groupOptions = { on, signal, timeout }

const source: fc.Arbitrary<Source> = fc.record({
  is: fc.constantFrom('array', 'generator', 'async generator', 'iterator', 'async iterator'),
  items: fc.array(
    fc.record({
      after,
      thing: fc.oneof(
        { weight: 3, arbitrary: fc.record({ is: fc.constant('value' as const) }) },
        { weight: 1, arbitrary: thing },
      ),
    }),
    { maxLength: 6, size: 'max' },
  ),
  end: fc.constantFrom(
    'done',
    'done',
    'done',
    'done',
    'throws',
    'rejects',
    'nonsense',
    'never begins',
  ),
  close: fc.oneof(fc.constantFrom('missing', 'well', 'throws'), ms),
})

const use: fc.Arbitrary<Use> = fc.oneof(
  fc.record({ is: fc.constant('await' as const) }),
  fc.record({
    is: fc.constant('iterate' as const),
    take: fc.constantFrom(0, 1, 2, 3, 5, 9),
    atOnce: fc.constantFrom(1, 1, 2, 3),
    pause: after,
  }),
)

function ops(calm: boolean, depth: number, maxLength: number): fc.Arbitrary<Op[]> {
  const leaf = leaves(calm)
  if (depth === 0) return fc.array(leaf, { maxLength, size: 'max' })
  // What reacts to something else comes at no instant of its own.
  const reactions = (maxLength: number): fc.Arbitrary<Op[]> =>
    calm ? fc.constant([]) : ops(calm, depth - 1, maxLength)
  const body: fc.Arbitrary<Body> = fc.record({
    sync: fc.boolean(),
    ops: ops(calm, depth - 1, 4),
    onAbort: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, reactions(2)),
    end: thing,
    throws: thrown,
  })
  const call = fc.record({
    op: fc.constant('call' as const),
    on,
    via: fc.constantFrom('spawn' as const, 'task' as const),
    body,
    ...callOptions(calm),
  })
  const spawn = fc.record({
    op: fc.constant('spawn in group' as const),
    group: few,
    body,
    ...callOptions(calm),
  })
  const run = fc.record({
    op: fc.constant('run group' as const),
    ops: ops(calm, depth - 1, 6),
    end: thing,
    throws: thrown,
    ...groupOptions,
  })
  const map = fc.record({
    op: fc.constant('map' as const),
    on,
    source,
    bodies: fc.array(body, { minLength: 1, maxLength: 3 }),
    options: fc.record({
      ordered: fc.boolean(),
      buffer: fc.option(fc.constantFrom(1, 2, 3, Infinity), { nil: undefined }),
      stopOnError: fc.boolean(),
      ...callOptions(calm),
    }),
    use,
  })
  const listen = fc.record({ op: fc.constant('listen' as const), of: recent, react: reactions(3) })
  const make = fc.record({ op: fc.constant('make' as const), onCancel: reactions(2) })
  return fc.array(
    fc.oneof(
      { weight: 5, arbitrary: call },
      { weight: 2, arbitrary: spawn },
      { weight: calm ? 2 : 0, arbitrary: run },
      { weight: 1, arbitrary: map },
      { weight: 1, arbitrary: fc.oneof(listen, make) },
      { weight: 7, arbitrary: leaf },
    ),
    { maxLength, size: 'max' },
  )
}

function leaves(calm: boolean): fc.Arbitrary<Op> {
  const op = <K extends string>(name: K): fc.Arbitrary<K> => fc.constant(name)
  return fc.oneof(
    { weight: 6, arbitrary: fc.record({ op: op('sleep'), ms, stubborn: fc.boolean() }) },
    {
      weight: calm ? 0 : 2,
      arbitrary: fc.record({ op: op('tick'), times: fc.integer({ min: 1, max: 4 }) }),
    },
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
    { weight: 2, arbitrary: fc.record({ op: op('group'), ...groupOptions }) },
    { weight: 1, arbitrary: fc.record({ op: op('add to group'), group: few, of: recent }) },
    {
      weight: 1,
      arbitrary: fc.record({ op: op('cancel group'), group: few, reason: fc.boolean() }),
    },
    {
      weight: calm ? 2 : 0,
      arbitrary: fc.record({ op: op('join group'), group: few, rethrow: fc.boolean() }),
    },
    {
      weight: 1,
      arbitrary: fc.oneof(
        fc.record({ op: op('use mapping'), which: few, use }),
        fc.record({ op: op('leave mapping'), which: few }),
      ),
    },
  ) as fc.Arbitrary<Op>
}

function programsThatAre(calm: boolean): fc.Arbitrary<Program> {
  return fc.record({
    calm: fc.constant(calm),
    schedulers: fc.array(
      fc.record({
        concurrency,
        start: fc.constantFrom('deferred', 'deferred', 'eager', 'lazy'),
        rate: fc.option(
          fc.record({
            limit: fc.integer({ min: 1, max: 3 }),
            interval: fc.constantFrom(1, 2, 3, 5),
          }),
          { nil: undefined, freq: 2 },
        ),
        signal: fc.nat({ max: 5 }).map((n) => n === 0),
      }),
      { minLength: 1, maxLength: SCHEDULERS },
    ),
    mains: fc.array(ops(calm, 2, 12), { minLength: 1, maxLength: 2 }),
  })
}

/** Programs of which everything is observed, down to the order of what happens in one instant. */
export const programs: fc.Arbitrary<Program> = programsThatAre(false)

/** Programs in which everything comes to rest after each operation. They join and run groups, too. */
export const calmPrograms: fc.Arbitrary<Program> = programsThatAre(true)
