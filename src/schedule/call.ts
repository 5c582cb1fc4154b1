import { callIn, captureScope, type Scope } from '../internal/async-context.ts'

/**
 * What a scheduled future keeps of its call until the body starts: nothing at all of a bare
 * `work()`, the arguments alone where there is no `this` and no async context. A million calls may
 * wait.
 */
export type Call = undefined | readonly unknown[] | FullCall

class FullCall {
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly scope: Scope | undefined

  constructor(self: unknown, args: readonly unknown[], scope: Scope | undefined) {
    this.self = self
    this.args = args
    this.scope = scope
  }
}

/** Records a call whose body starts later. */
export function recordCall(self: unknown, args: readonly unknown[]): Call {
  const scope = captureScope()
  if (self !== undefined || scope !== undefined) return new FullCall(self, args, scope)
  return args.length === 0 ? undefined : args
}

/** Calls a body the way its task was called, or with other arguments. */
export function replayCall(
  body: (...args: never[]) => unknown,
  call: Call,
  args?: readonly unknown[],
): unknown {
  if (call instanceof FullCall) return callIn(call.scope, body, call.self, args ?? call.args)
  return callIn(undefined, body, undefined, args ?? call ?? NO_ARGS)
}

/** No arguments, without a list of its own for every call. */
export const NO_ARGS: readonly unknown[] = []
