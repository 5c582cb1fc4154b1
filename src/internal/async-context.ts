/**
 * Carries the async context of a call (what `AsyncLocalStorage` holds) to where its body runs, on runtimes that have one.
 *
 * Found at run time, so that browsers and bundlers never see an import of it. `AsyncResource` and not
 * `AsyncLocalStorage.snapshot()`: on Node 20 the former costs tens of nanoseconds, the latter many microseconds.
 */

/** A context that was captured. */
export interface Scope {
  // biome-ignore lint/suspicious/noExplicitAny: whatever the function takes and gives
  runInAsyncScope(fn: (...args: any[]) => unknown, self: unknown, ...args: unknown[]): unknown
}

interface AsyncHooks {
  AsyncResource: new (type: string) => Scope
}

interface Host {
  process?: { getBuiltinModule?(name: string): AsyncHooks | undefined }
}

const AsyncResource = (globalThis as Host).process?.getBuiltinModule?.('async_hooks')?.AsyncResource

/** Captures the context that is current; `undefined` where the runtime has none. */
export function captureScope(): Scope | undefined {
  return AsyncResource && new AsyncResource('gatherly')
}
