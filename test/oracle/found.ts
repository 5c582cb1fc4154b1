import type { Body, Op, Program, Thing, Use } from './program.ts'

/** Programs on which two implementations differed once: none of the kinds of mistake that were found may come back. */
export const found: Readonly<Record<string, Program>> = {
  'a lazy call is collected by asCompleted after its scheduler was closed': program('lazy', [
    call(),
    { op: 'scheduler', on: 0, act: 'close' },
    { op: 'as completed', inputs: [future(0)], take: 2, atOnce: false },
  ]),
  'a lazy call is collected after it was cancelled': program('lazy', [
    call(),
    { op: 'cancel', of: 0, reason: false },
    { op: 'then', of: 0 },
    call(),
    { op: 'then', of: 0 },
    { op: 'tick', times: 3 },
  ]),
  'a scheduler is cancelled by a listener while it is cancelled': program('deferred', [
    call(),
    call(),
    listen(1, { op: 'scheduler', on: 0, act: 'cancel' }, { op: 'look' }),
    { op: 'scheduler', on: 0, act: 'cancel' },
  ]),
  'a scheduler is cancelled while calls of several priorities wait': program('deferred', [
    call({ priority: -1 }),
    call({ priority: 2 }),
    call({ priority: 0 }),
    { op: 'scheduler', on: 0, act: 'cancel' },
  ]),
  'a signal makes room for a call that it is about to cancel': program('deferred', [
    { op: 'scheduler', on: 1, act: 'pause' },
    call({ on: 1, signal: 0 }),
    call({ body: { end: future(2) } }),
    call({ signal: 0 }),
    { op: 'tick', times: 2 },
    { op: 'abort', signal: 0 },
    { op: 'scheduler', on: 0, act: 'idle' },
  ]),
  'the signal of a scheduler makes room for a call that it is about to cancel': program(
    'deferred',
    [
      call(),
      call({ priority: 1, body: { end: future(2) } }),
      call(),
      { op: 'tick', times: 2 },
      { op: 'abort', signal: 3 },
      { op: 'scheduler', on: 0, act: 'idle' },
    ],
  ),
  'an eager call is refused while another one waits': program('eager', [
    { op: 'scheduler', on: 0, act: 'pause' },
    call(),
    { op: 'scheduler', on: 0, act: 'resume' },
    { op: 'abort', signal: 0 },
    call({ signal: 0 }),
  ]),
  'a listener of the first failure brings about another one': program('deferred', [
    { op: 'make', onCancel: [] },
    { op: 'make', onCancel: [] },
    listen(1, { op: 'settle', which: 0, with: { is: 'value' }, reject: true }),
    combine('gather', future(2), future(1)),
    combine('race', future(3), future(2)),
    combine('any', future(4), future(3)),
    { op: 'settle', which: 1, with: { is: 'value' }, reject: true },
  ]),
  'a listener of a cancelled race settles one of its inputs': program('deferred', [
    { op: 'make', onCancel: [] },
    { op: 'make', onCancel: [] },
    combine('race', future(2), future(1)),
    listen(0, { op: 'settle', which: 1, with: { is: 'value' }, reject: false }),
    { op: 'cancel', of: 0, reason: true },
  ]),
  'a gather is cancelled that a body waits for': program('deferred', [
    call({ on: 1, body: { end: { is: 'promise', after: 5, fails: false } } }),
    { op: 'tick', times: 2 },
    combine('gather', future(1), { is: 'value' }),
    call({ body: { end: future(1) } }),
    { op: 'tick', times: 2 },
    { op: 'cancel', of: 1, reason: false },
  ]),
  'options stand among the futures': program('deferred', [
    call(),
    { ...combine('gather', future(1), { is: 'value' }), form: 'arguments' },
  ]),
  'an iterator throws under cancelRest': program('deferred', [
    call(),
    {
      ...combine('gather', future(1)),
      form: 'throwing iterable',
      options: { cancelRest: true, timeout: undefined, signal: undefined },
    },
  ]),
  'a future is resolved with a failed one after it was cancelled': program('deferred', [
    { op: 'make', onCancel: [] },
    { op: 'make', onCancel: [] },
    { op: 'settle', which: 1, with: { is: 'value' }, reject: true },
    { op: 'cancel', of: 0, reason: false },
    { op: 'settle', which: 0, with: future(1), reject: false },
  ]),
  'a body maps something when the loop that it belongs to is left': program('deferred', [
    map(
      { items: [{ is: 'value' }], use: { is: 'iterate', take: 3, atOnce: 1, pause: undefined } },
      {
        end: { is: 'promise', after: 5, fails: false },
        onAbort: [map({ on: 1, items: [{ is: 'value' }], use: { is: 'await' } })],
      },
    ),
    { op: 'sleep', ms: 1, stubborn: false },
    { op: 'leave mapping', which: 0 },
  ]),
  'a failed future comes out of a source behind results that nobody has asked for': program(
    'deferred',
    [
      { ...combine('gather'), form: 'throwing iterable' },
      map({
        items: [{ is: 'value' }, { is: 'value' }, { is: 'value' }, future(0)],
        use: { is: 'iterate', take: 3, atOnce: 1, pause: 5 },
      }),
    ],
  ),
  'several bodies of a gather fail after it was cancelled with its group': calm([
    { op: 'group', on: 0, signal: undefined, timeout: undefined },
    stubborn(0),
    stubborn(1),
    combine('gather', future(2), future(1)),
    { op: 'add to group', group: 0, of: 0 },
    { op: 'cancel group', group: 0, reason: true },
    { op: 'join group', group: 0, rethrow: false },
  ]),
  'a mapping is cancelled by a listener of an item, which is told of it before the mapping':
    program('eager', [
      { op: 'make', onCancel: [] },
      listen(0, { op: 'abort', signal: 3 }),
      map({ items: [future(0)], use: { is: 'await' } }),
      { op: 'tick', times: 4 },
      { op: 'settle', which: 0, with: { is: 'value' }, reject: false },
    ]),
  'the same failed future comes twice out of a source whose failures are told of in the end': calm([
    { op: 'make', onCancel: [] },
    map({
      ordered: true,
      items: [future(0), future(0)],
      use: { is: 'iterate', take: 3, atOnce: 1, pause: undefined },
    }),
    { op: 'settle', which: 0, with: { is: 'value' }, reject: true },
  ]),
  'two groups end in the same instant, and nobody collects either': calm([
    runGroup({ is: 'value' }, { op: 'sleep', ms: 2, stubborn: false }),
    stubborn(1),
    { ...call({ body: { sync: false, end: future(1) } }), op: 'spawn in group', group: 0 },
    { op: 'sleep', ms: 1, stubborn: false },
    runGroup(future(2)),
  ]),
}

/** Two schedulers with one slot each and a signal of their own. */
function program(start: Program['schedulers'][number]['start'], ops: readonly Op[]): Program {
  const first = { concurrency: 1, start, rate: undefined, signal: true }
  return { calm: false, schedulers: [first, { ...first, start: 'deferred' }], mains: [ops] }
}

/** In which everything comes to rest after each operation. */
function calm(ops: readonly Op[]): Program {
  return { ...program('deferred', ops), calm: true }
}

function future(of: number): Thing {
  return { is: 'future', of }
}

type Call = Extract<Op, { op: 'call' }>

/** A call of a synchronous body that does nothing, unless it is told otherwise. */
function call({
  body,
  ...more
}: Partial<Omit<Call, 'body'>> & { body?: Partial<Body> | undefined } = {}): Call {
  const idle: Body = { sync: true, ops: [], onAbort: [], end: { is: 'value' }, throws: undefined }
  return {
    op: 'call',
    on: 0,
    via: 'spawn',
    body: { ...idle, ...body },
    priority: 0,
    timeout: undefined,
    signal: undefined,
    retry: undefined,
    ...more,
  }
}

/** Whose body takes its time and then fails, whatever becomes of its future. */
function stubborn(on: number): Op {
  const ops = [{ op: 'sleep', ms: 5, stubborn: true }] as const
  return call({ on, body: { sync: false, ops, throws: 'error' } })
}

function runGroup(end: Thing, ...ops: readonly Op[]): Op {
  return {
    op: 'run group',
    ops,
    end,
    throws: undefined,
    on: 0,
    signal: undefined,
    timeout: undefined,
  }
}

/** A mapping with a buffer of 3 that gives what is done as it comes, unless told otherwise, and goes on after failures. */
function map(
  {
    on = 0,
    ordered = false,
    items,
    use,
  }: { on?: number; ordered?: boolean; items: readonly Thing[]; use: Use },
  body?: Partial<Body>,
): Op {
  const { priority, timeout, signal, retry, ...one } = call({ body })
  return {
    op: 'map',
    on,
    source: {
      is: 'async iterator',
      items: items.map((thing) => ({ after: undefined, thing })),
      end: 'done',
      close: 'well',
    },
    bodies: [one.body],
    options: {
      ...{ ordered, buffer: 3, stopOnError: false },
      ...{ priority, timeout, signal, retry },
    },
    use,
  }
}

function listen(of: number, ...react: readonly Op[]): Op {
  return { op: 'listen', of, react }
}

type Combine = Extract<Op, { op: 'combine' }>

function combine(kind: Combine['kind'], ...inputs: readonly Thing[]): Combine {
  const options = { cancelRest: false, timeout: undefined, signal: undefined }
  return { op: 'combine', kind, form: 'list', inputs, options }
}
