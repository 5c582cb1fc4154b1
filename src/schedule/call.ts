import {
  callIn,
  captureScope,
  copyScope,
  isCurrent,
  type Scope,
} from '../internal/async-context.ts'
import { type CallSite, captureSite } from './call-site.ts'
import type { TaskContext } from './context.ts'
import type { Definition } from './definition.ts'

/**
 * What a scheduled future keeps of its call until the body starts: nothing at all of a bare
 * `work()`, the async context or the arguments alone where there is nothing else. A million calls
 * may wait.
 */
export type Call = undefined | Scope | readonly unknown[] | FullCall

class FullCall {
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly scope: Scope | undefined
  readonly site: CallSite | undefined

  constructor(
    self: unknown,
    args: readonly unknown[],
    scope: Scope | undefined,
    site: CallSite | undefined,
  ) {
    this.self = self
    this.args = args
    this.scope = scope
    this.site = site
  }
}

/** Records a call whose body starts later. */
export function recordCall(definition: Definition, self: unknown, args: readonly unknown[]): Call {
  const { origin } = definition
  const scope = origin ? copyScope(origin.scope) : captureScope()
  const site = captureSite(definition)
  if (self === undefined && site === undefined) {
    if (args.length === 0) return scope
    if (scope === undefined) return args
  }
  return new FullCall(self, args, scope, site)
}

/** Where a call was made, if that is recorded. */
export function siteOf(call: Call): CallSite | undefined {
  return call instanceof FullCall ? call.site : undefined
}

/** The arguments of a call. */
export function argsOf(call: Call): readonly unknown[] {
  if (call instanceof FullCall) return call.args
  return Array.isArray(call) ? call : NO_ARGS
}

/**
 * Calls a body the way its task was called, with the context as one more argument if given.
 *
 * @param isAttempt - Whether it may be called again, in the same async context. Default false.
 */
export function replayCall(
  body: (...args: unknown[]) => unknown,
  call: Call,
  context: TaskContext | undefined,
  isAttempt = false,
): unknown {
  // By far the most, for which there is less to ask.
  if (call === undefined && context === undefined && isCurrent(undefined)) return body()
  const full = call instanceof FullCall ? call : undefined
  const kept = full ? full.scope : Array.isArray(call) ? undefined : (call as Scope | undefined)
  const scope = isAttempt ? copyScope(kept) : kept
  return callIn(scope, body, full?.self, argsOf(call), context)
}

/** No arguments, without a list of its own for every call. */
export const NO_ARGS: readonly unknown[] = []
