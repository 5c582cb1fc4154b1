import { captureScope, type Scope } from '../internal/async-context.ts'

/** What a scheduled future keeps of its call until the body starts: only what differs from a bare `work()`. */
export class Call {
  readonly self: unknown
  readonly args: readonly unknown[]
  readonly scope: Scope | undefined

  constructor(self: unknown, args: readonly unknown[], scope: Scope | undefined) {
    this.self = self
    this.args = args
    this.scope = scope
  }

  run(body: (...args: never[]) => unknown, args: readonly unknown[]): unknown {
    const { self, scope } = this
    return scope ? scope.runInAsyncScope(body, self, ...args) : Reflect.apply(body, self, args)
  }
}

/** Records a call whose body will start later; `undefined` when there is nothing to keep. */
export function recordCall(self: unknown, args: readonly unknown[]): Call | undefined {
  const scope = captureScope()
  const isBare = self === undefined && args.length === 0 && scope === undefined
  return isBare ? undefined : new Call(self, args, scope)
}

/** No arguments, without a list of its own for every call. */
export const NO_ARGS: readonly unknown[] = []
