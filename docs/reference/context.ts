import { InvalidStateError } from './errors.ts'

export interface TaskContext {
  readonly name: string
  readonly signal: AbortSignal
  sleep(milliseconds: number): Promise<void>
}

/** The context of the body that is on the stack now. */
let current: TaskContext | undefined

/** The context of the body that asks, which must not have awaited anything yet: afterwards others are on the stack. */
export function context(): TaskContext {
  if (current) return current
  throw new InvalidStateError('context() works only inside a body, before its first await')
}

/** The signal of the body that is on the stack, if there is one. */
export function currentSignal(): AbortSignal | undefined {
  return current?.signal
}

/** Calls a body in its context. Bodies nest when one calls another that starts at once. */
export function callIn(context: TaskContext, body: (context: TaskContext) => unknown): unknown {
  const outer = current
  current = context
  try {
    return body(context)
  } finally {
    current = outer
  }
}
