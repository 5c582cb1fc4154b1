import { checkFunction } from '../internal/check.ts'
import { reportUncaught } from '../internal/report-uncaught.ts'

/** A failure that nobody has collected yet. It must not refer to its future, whose end it waits for. */
export interface HeldFailure {
  readonly name: string
  readonly reason: unknown
  /** When the future settled, among all futures. Kept here because the future keeps this record in the place of it. */
  readonly order: number
}

const held = new Set<HeldFailure>()
const handlers = new Set<(failure: { name: string; reason: unknown }) => void>()

/**
 * Calls `handler` for each failure that nobody collected, in place of the report on stderr and of the exit code: when the
 * failed future is garbage collected, or when the program comes to its natural end.
 *
 * @returns A function that removes the handler.
 *
 * @example
 * onUncollected(({ name, reason }) => logger.error({ task: name, err: reason }, 'failed, and nobody looked'))
 */
export function onUncollected(
  handler: (failure: { name: string; reason: unknown }) => void,
): () => void {
  checkFunction('handler', handler)
  // Wrapped, so that a handler registered twice is called and removed twice.
  const call: typeof handler = (failure) => handler(failure)
  handlers.add(call)
  return () => void handlers.delete(call)
}

/** Takes charge of a failure until it is collected. The first one held installs what watches for the program's end. */
export function hold(future: object, failure: HeldFailure): void {
  formatStacks(failure.reason)
  if (held.size === 0) watchExit()
  held.add(failure)
  registry ??= new FinalizationRegistry(report)
  registry.register(future, failure, failure)
}

/** Lets go of a failure that was collected after all. */
export function release(failure: HeldFailure): void {
  held.delete(failure)
  registry?.unregister(failure)
  if (held.size === 0) unwatchExit()
}

// Made with the first failure: importing the package starts nothing.
let registry: FinalizationRegistry<HeldFailure> | undefined

function report(failure: HeldFailure): void {
  release(failure)
  if (handlers.size > 0) {
    for (const handler of handlers) callHandler(handler, failure)
    return
  }
  console.error(`Task "${failure.name}" failed and nobody collected it:`, failure.reason)
  const { process } = host
  if (process !== undefined) process.exitCode ??= 1
}

function callHandler(
  handler: typeof handlers extends Set<infer H> ? H : never,
  failure: HeldFailure,
): void {
  try {
    handler({ name: failure.name, reason: failure.reason })
  } catch (error) {
    reportUncaught(error)
  }
}

/**
 * Reads the stacks of an error and of those behind it. V8 keeps the frames of a stack that was never read, and with them
 * everything they refer to: the future could never be garbage collected.
 */
function formatStacks(reason: unknown, depth = 0): void {
  if (!(reason instanceof Error) || depth > 8) return
  try {
    void reason.stack
    formatStacks(reason.cause, depth + 1)
    if (reason instanceof AggregateError)
      for (const error of reason.errors) formatStacks(error, depth + 1)
  } catch {
    // A hostile getter: the report will come at the end of the program at the latest.
  }
}

/** The part of Node's, Deno's and Bun's `process` that is used here. Browsers have none. */
interface Host {
  process?: {
    exitCode?: number | string | undefined
    on?(event: string, listener: () => void): void
    off?(event: string, listener: () => void): void
  }
}
const host = globalThis as Host

// `exit` alone does not tell a natural end from `process.exit()`; `beforeExit` alone may be followed by more work.
let ending = false

function beforeExit(): void {
  ending = true
  const again = setTimeout(() => {
    ending = false
  }) as { unref?(): void } | number
  // Runs only if another listener gave the program more work.
  if (typeof again === 'object') again.unref?.()
}

function exit(): void {
  if (ending) for (const failure of [...held]) report(failure)
}

function watchExit(): void {
  host.process?.on?.('beforeExit', beforeExit)
  host.process?.on?.('exit', exit)
}

function unwatchExit(): void {
  host.process?.off?.('beforeExit', beforeExit)
  host.process?.off?.('exit', exit)
}
