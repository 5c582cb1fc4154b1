import type { Body, Op, Program, Thing } from './program.ts'

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
}

/** Two schedulers with one slot each and a signal of their own. */
function program(start: Program['schedulers'][number]['start'], ops: readonly Op[]): Program {
  const first = { concurrency: 1, start, rate: undefined, signal: true }
  return { calm: false, schedulers: [first, { ...first, start: 'deferred' }], mains: [ops] }
}

function future(of: number): Thing {
  return { is: 'future', of }
}

type Call = Extract<Op, { op: 'call' }>

/** A call of a synchronous body that does nothing, unless it is told otherwise. */
function call({
  body,
  ...more
}: Partial<Omit<Call, 'body'>> & { body?: Partial<Body> } = {}): Call {
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

function listen(of: number, ...react: readonly Op[]): Op {
  return { op: 'listen', of, react }
}

type Combine = Extract<Op, { op: 'combine' }>

function combine(kind: Combine['kind'], ...inputs: readonly Thing[]): Combine {
  const options = { cancelRest: false, timeout: undefined, signal: undefined }
  return { op: 'combine', kind, form: 'list', inputs, options }
}
