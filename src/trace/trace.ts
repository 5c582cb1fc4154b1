import type { Clock } from '../core/clock.ts'
import { isOwner } from '../core/observer.ts'
import { check, checkNumber, checkOptions } from '../internal/check.ts'
import { observe } from './observers.ts'
import { Recorder } from './recorder.ts'
import { Timeline } from './timeline.ts'

/** What is recorded, and how much of it. */
export interface TraceOptions {
  /** Only calls of these: schedulers, pools. Default: all calls of the program. */
  schedulers?: readonly object[] | undefined
  /** Whether spans say where they were called. Takes some microseconds a call. Default `false`. */
  stacks?: boolean | undefined
  /** How many spans are kept at least, of the latest: a whole number from 1 up. Default 10 000. */
  limit?: number | undefined
  /**
   * Whether calls that a body makes after its first `await` are known to be its own. Where the
   * runtime has no `AsyncLocalStorage` they never are; on Node.js 20 that makes promises somewhat
   * slower. Default `true`.
   */
  callers?: boolean | undefined
  /** The clock of main's own work. Default: that of the first scheduler that is called. */
  clock?: Clock | undefined
}

/**
 * Records every call from now on, until the timeline is stopped: who called it, when it waited, ran
 * and settled, and how. Several timelines can record at the same time.
 *
 * What was called before is not recorded. While nothing records, the rest of the package does not
 * become slower.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 *
 * @example
 * const timeline = trace()
 * await gather(loadUser(id), loadOrders(id))
 * console.log(timeline.stop().toText())
 */
export function trace(options: TraceOptions = {}): Timeline {
  checkOptions(options)
  const { schedulers, stacks = false, limit = 10_000, callers = true, clock } = options
  const isCount = (n: number): boolean => n >= 1 && (Number.isInteger(n) || n === Infinity)
  checkNumber('limit', 'a whole number from 1 up, or Infinity', limit, isCount)
  check(typeof stacks === 'boolean', 'stacks', 'true or false', stacks)
  check(typeof callers === 'boolean', 'callers', 'true or false', callers)
  const isList = schedulers === undefined || Array.isArray(schedulers)
  check(isList, 'schedulers', 'a list of schedulers', schedulers)
  for (const one of schedulers ?? []) check(isOwner(one), 'schedulers', 'a list of schedulers', one)
  const owners = schedulers && new Set(schedulers)
  const recorder = new Recorder({ owners, stacks, limit, callers, clock })
  return new Timeline(recorder, observe(recorder))
}
