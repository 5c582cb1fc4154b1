import { checkFunction } from '../internal/check.ts'
import { turn } from '../internal/event-loop.ts'
import { printable } from '../internal/printable.ts'
import { atProgramEnd, complain } from '../internal/program-end.ts'

/**
 * A failure that nobody has collected yet. It must not refer to its future, whose end it waits for.
 */
export interface HeldFailure {
  readonly name: string
  readonly reason: unknown
  /**
   * When the future settled, among all futures. Kept here because the future keeps this record in
   * the place of it.
   */
  readonly order: number
}

type Handler = (failure: { name: string; reason: unknown }) => void

const held = new Set<HeldFailure>()
// Each in a record of its own: a handler registered twice is called twice, and removed twice.
const handlers = new Set<{ readonly handler: Handler }>()

/**
 * Calls `handler` for each failure that nobody collected, in place of the report on stderr and of
 * the exit code: when the failed future is garbage collected, or when the program comes to its
 * natural end.
 *
 * @returns A function that removes the handler.
 *
 * @example
 * onUncollected(({ name, reason }) => logger.error({ task: name, err: reason }, 'failed, and nobody looked'))
 */
export function onUncollected(handler: Handler): () => void {
  checkFunction('handler', handler)
  const record = { handler }
  handlers.add(record)
  return () => void handlers.delete(record)
}

/** The failures that are held now, in the order they happened. */
export function heldFailures(): readonly HeldFailure[] {
  return [...held]
}

/**
 * Takes charge of a failure until it is collected. The first one held installs what watches for the
 * program's end.
 */
export function hold(future: object, failure: HeldFailure): void {
  if (held.size === 0) {
    stopWatching = atProgramEnd(() => held.forEach(report))
    // Another turn, or what fails within `beforeExit` would come too late for it.
    turn(() => {}, true)
  }
  held.add(failure)
  registry ??= new FinalizationRegistry(report)
  registry.register(future, failure, failure)
  formatStacks(failure.reason, new Set())
}

/** Lets go of a failure that was collected after all. */
export function release(failure: HeldFailure): void {
  registry?.unregister(failure)
  if (held.delete(failure) && held.size === 0) stopWatching?.()
}

// Made with the first failure: importing the package starts nothing.
let registry: FinalizationRegistry<HeldFailure> | undefined
let stopWatching: (() => void) | undefined

function report(failure: HeldFailure): void {
  release(failure)
  const { name, reason } = failure
  if (handlers.size === 0) print(REPORT, name, reason)
  for (const { handler } of [...handlers]) {
    try {
      handler({ name, reason })
    } catch (error) {
      print('A handler of uncollected failures threw on "%s":', name, error)
      print(REPORT, name, reason)
    }
  }
}

const REPORT = 'Task "%s" failed and nobody collected it:'

function print(message: string, name: string, error: unknown): void {
  try {
    complain(message, printable(name), error)
  } catch {
    complain(message, printable(name), 'an error that cannot be printed')
  }
}

/**
 * Reads the stacks of an error and of those behind it. V8 keeps the frames of a stack that was
 * never read, and with them everything they refer to: the future could never be garbage collected.
 */
function formatStacks(error: unknown, seen: Set<unknown>): void {
  try {
    if (!(error instanceof Error) || seen.has(error)) return
    seen.add(error)
    void error.stack
    formatStacks(error.cause, seen)
    if (error instanceof AggregateError) for (const each of error.errors) formatStacks(each, seen)
  } catch {
    // A hostile getter: the report comes at the end of the program at the latest.
  }
}
