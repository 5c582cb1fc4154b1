/**
 * Carries the async context of a call (what `AsyncLocalStorage` holds) to where its body runs, on
 * runtimes that have one.
 *
 * Found at run time, so that browsers and bundlers never see an import of it. `AsyncResource` and
 * not `AsyncLocalStorage.snapshot()`: on Node 20 the former costs tens of nanoseconds, the latter
 * many microseconds.
 *
 * Kept for a million queued calls, even a resource costs more than all the rest of a call. Most
 * programs have no context to keep, and one that is made and dropped at once tells so for a tenth
 * of that.
 */

/** A context that was captured. */
export interface Scope {
  runInAsyncScope<Args extends unknown[], R>(
    fn: (this: never, ...args: Args) => R,
    self: unknown,
    ...args: Args
  ): R
}

interface Host {
  process?: {
    readonly version: string
    getBuiltinModule?(name: string): AsyncHooks | undefined
  }
}

interface AsyncHooks {
  AsyncResource: new (type: string, options?: object) => Scope
  AsyncLocalStorage: new () => Store
}

const { process } = globalThis as Host
const { AsyncResource, AsyncLocalStorage } =
  process?.getBuiltinModule?.('async_hooks') ?? ({} as Partial<AsyncHooks>)

// Where Node keeps the context inside a resource: from Node 24 on, or if told to on Node 22, where
// it is empty otherwise.
const known =
  AsyncResource &&
  Object.getOwnPropertySymbols(new AsyncResource('gatherly')).find(
    (symbol) => symbol.description === 'context_frame',
  )
const FRAME = (known ?? Symbol('no frame')) as unknown as keyof Scope

/** Instead of a frame, where nothing tells whether there is a context. */
const UNKNOWN = Symbol('unknown')

/**
 * Whether a resource can tell that it carries nothing. Where a runtime is not known to, every call
 * keeps one.
 */
const isKnown =
  known !== undefined || (AsyncResource !== undefined && /^v20\./.test(process?.version ?? ''))
let canTell = isKnown

/** Made while there was no context: bodies of calls without one run in it where there is one. */
let none: Scope | undefined

/** Whether a context was captured that is kept in a frame, which nobody changes. */
let hasFrames = false

/** The last context that was captured: calls that follow each other are mostly of the same. */
let last: Scope | undefined

/**
 * Tells contexts apart: `undefined` where there is none.
 *
 * Asked at every call and before every start, and so short that it is made in place there.
 */
function currentFrame(): unknown {
  if (!canTell) return AsyncResource && UNKNOWN
  try {
    // Before Node 24 contexts are kept by async hooks, and an empty type is refused as soon as
    // there are any. Not kept and not handed on, the resource is never really made.
    const probe = new (AsyncResource as AsyncHooks['AsyncResource'])('', PROBE)
    return probe[FRAME]
  } catch (error) {
    return cannotTell(error)
  }
}

/**
 * Any id, since to find out the right one takes 10 ns. And no look at whether somebody wants to
 * hear of the end of it: without that V8 sees that the resource goes nowhere, and does not make it
 * at all, which saves 20 to 30 ns at each end of a call.
 */
const PROBE = { triggerAsyncId: 1, requireManualDestroy: true }

function cannotTell(error: unknown): symbol {
  if ((error as { code?: unknown }).code !== 'ERR_ASYNC_TYPE') throw error
  canTell = false
  return UNKNOWN
}

/** Captures the context that is current; `undefined` where there is none. */
export function captureScope(): Scope | undefined {
  const frame = currentFrame()
  if (frame !== undefined) return scopeOf(frame)
  if (none === undefined) none = AsyncResource && new AsyncResource('gatherly')
  return undefined
}

/** Gives a copy, which one body may change with `enterWith` without disturbing the next. */
export function copyScope(scope: Scope | undefined): Scope | undefined {
  return scope?.runInAsyncScope(captureScope, undefined)
}

function scopeOf(frame: unknown): Scope | undefined {
  if (frame !== UNKNOWN && last?.[FRAME] === frame) return last
  const scope = AsyncResource && new AsyncResource('gatherly')
  if (frame !== UNKNOWN) {
    last = scope
    hasFrames = true
  }
  return scope
}

/** Lets go of the last context: nothing is left of calls that are done. */
export function forgetScope(): void {
  last = undefined
}

/**
 * Whether this is the context that was captured, so that a function which belongs there can be
 * called as it is; false where nothing tells.
 *
 * To be asked every time: the body before this one may have entered a context, and have been the
 * first of the program.
 */
export function isCurrent(scope: Scope | undefined): boolean {
  return currentFrame() === (scope === undefined ? undefined : scope[FRAME])
}

/**
 * Calls a method that runs bodies below code of a user, which is not to find itself in a context
 * that one of them enters.
 */
export function callApart(runBodies: (this: never) => void, self: unknown): void {
  // Without frames no body is called as it is once there are contexts.
  if (hasFrames) (captureScope() ?? none)?.runInAsyncScope(runBodies, self)
  else runBodies.call(self as never)
}

/** What follows the flow of a program through everything it awaits. */
export interface Store {
  run<Args extends unknown[], R>(value: unknown, fn: (...args: Args) => R, ...args: Args): R
  getStore(): unknown
  /** Follows nothing any more. */
  disable(): void
}

/** Makes a store; `undefined` where the runtime has none. */
export function makeStore(): Store | undefined {
  return AsyncLocalStorage && new AsyncLocalStorage()
}

/**
 * Ends a store. Whether there are other contexts is found out anew: to carry them costs every call
 * something.
 */
export function endStore(store: Store): void {
  store.disable()
  canTell = isKnown
}

/**
 * Calls a function in the context that was captured for it; in none at all if there was none.
 *
 * @param extra - One more argument, unless it is `undefined`.
 */
export function callIn(
  scope: Scope | undefined,
  fn: (...args: unknown[]) => unknown,
  self: unknown,
  args: readonly unknown[],
  extra: unknown,
): unknown {
  const isAtOnce = isCurrent(scope)
  if (isAtOnce && self === undefined) {
    // The usual forms, in place of a list that is made to be taken apart again: 10 to 30 ns.
    if (extra === undefined) {
      if (args.length === 0) return fn()
      if (args.length === 1) return fn(args[0])
    } else if (args.length === 0) return fn(extra)
    else if (args.length === 2) return fn(args[0], args[1], extra)
  }
  const all = extra === undefined ? args : [...args, extra]
  if (isAtOnce) return Reflect.apply(fn, self, all)
  const where = scope ?? copyScope(none) ?? none
  return where === undefined
    ? Reflect.apply(fn, self, all)
    : where.runInAsyncScope(fn, self, ...all)
}
