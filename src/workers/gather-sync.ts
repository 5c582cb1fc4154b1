import type { NoCollection } from '../combine/combination.ts'
import { type Gathered, gather } from '../combine/gather.ts'
import { type AnyCell, collect, contentOf, driverOf } from '../core/cell.ts'
import type { Driver } from '../core/driver.ts'
import { InvalidStateError, TimeoutError } from '../core/errors.ts'
import { type AnyFuture, isFuture } from '../core/future.ts'
import { checkObject, checkOptions, has } from '../internal/check.ts'
import { Definition } from '../schedule/definition.ts'
import { receive } from './host.ts'
import { RemoteDefinition } from './remote-definition.ts'
import { checkMayBlock } from './shared-memory.ts'
import type { Blocking } from './workforce.ts'

/** How long `gatherSync` may block. */
export interface GatherSyncOptions {
  /**
   * In milliseconds, above 0: then all that is unfinished is cancelled with a `TimeoutError`, which
   * is thrown. Default `Infinity`: no limit.
   */
  timeout?: number | undefined
}

/**
 * Blocks this thread until all futures are done, and gives their values in argument order: `gather`
 * for code that cannot await. Only calls of worker pools can be waited for, and gathers of them:
 * what needs this thread would never come.
 *
 * @returns The values in the form of the arguments: a tuple, an array, or a record.
 * @throws The first failure in time, as it is. The others run on.
 * @throws {InvalidStateError} given a future that only this thread could finish, or where a thread
 *   must not block: on the main thread of a browser. Await `gather` there.
 * @throws {TimeoutError} when the `timeout` has passed.
 *
 * @example
 * const [one, two] = gatherSync(taskOne(), taskTwo())
 */
export function gatherSync<const F extends readonly PromiseLike<unknown>[]>(
  ...futures: F
): Gathered<F>
export function gatherSync<const F extends readonly unknown[]>(
  list: F,
  options?: GatherSyncOptions,
): Gathered<F>
export function gatherSync<T>(
  iterable: Iterable<T> & object,
  options?: GatherSyncOptions,
): Awaited<T>[]
export function gatherSync<R extends object>(
  record: R & NoCollection,
  options?: GatherSyncOptions,
): Gathered<R>
export function gatherSync(...args: unknown[]): unknown {
  const [source, options] = args
  // As `gather` tells the forms apart.
  const isList =
    args.length > 0 && !(isFuture(source) || (Object(source) === source && has(source, 'then')))
  if (isList && options !== undefined) checkObject(options)
  const { timeout = Infinity } = ((isList && options) || {}) as GatherSyncOptions
  checkOptions({ timeout })
  const whole = (gather as (...args: unknown[]) => AnyFuture)(...(isList ? [source] : args))
  try {
    if (!whole.done) blockUntilDone(whole, timeout)
  } catch (error) {
    // Nobody will ask for it, but for what it gathers.
    collect(whole)
    throw error
  }
  return whole.result()
}

function blockUntilDone(whole: AnyFuture, timeout: number): void {
  const all = new Set<Blocking>()
  if (!canFinish(whole, all)) throw needsThisThread(whole)
  checkMayBlock()
  let checked = performance.now()
  const end = checked + timeout
  try {
    for (;;) {
      for (const each of all) each.pump()
      if (whole.done) return
      const busy = [...all].filter(({ hasWork }) => hasWork)
      const now = performance.now()
      const left = end - now
      if (left <= 0) {
        whole.cancel(new TimeoutError(`"gatherSync" timed out after ${timeout} ms`))
        return
      }
      if (busy.length === 0 || now - checked > LONG) {
        checked = now
        // Of several that would do, those that could be finished may have failed.
        if ([...all].some(({ isRefused }) => isRefused)) throw tooDeep(whole)
        if (busy.length === 0 || !canFinish(whole, all)) throw needsThisThread(whole)
      }
      // Only one of them can be waited for; the others must not wait for long.
      busy[0]?.block(busy.length === 1 ? left : Math.min(left, SHORT))
    }
  } finally {
    for (const each of all) each.unblock()
  }
}

/** Whether a future can be finished without this thread, and by whom. */
function canFinish(whole: AnyCell, by: Set<Blocking>): boolean {
  // Every one of these must be. A set gives, in the end, what is added while it is gone through.
  const needed = new Set([whole])
  for (const future of needed) {
    if (future.done) continue
    const driver = driverOf(future)
    if (driver instanceof RemoteDefinition) {
      if (!driver.crew.canDeliver(future)) return false
      by.add(driver.crew)
    } else {
      const inputs = inputsOf(driver, future)
      if (inputs.length === 0) return false
      if (!driver.takesOne) for (const input of inputs) needed.add(input)
      // What is done has not been enough.
      else if (!inputs.map((input) => !input.done && canFinish(input, by)).includes(true)) {
        return false
      }
    }
  }
  return true
}

function inputsOf(driver: Driver<AnyCell>, future: AnyCell): readonly AnyCell[] {
  // What a body on this thread waits for does not finish it.
  if (driver instanceof Definition) return []
  return [...(driver.inputs?.(contentOf(future)) ?? [])]
}

function needsThisThread({ name }: AnyFuture): InvalidStateError {
  const alsoOnTheWeb =
    receive === undefined
      ? ' In a browser, a thread that is blocked starts no threads and gets no messages: only plain ' +
        'values and short strings come without, from threads that have started.'
      : ''
  return new InvalidStateError(
    `"${name}" would block for ever: it waits for a future that only this thread can finish. ` +
      `Await \`gather\` instead, or have the work done by a task of a WorkerPool.${alsoOnTheWeb}`,
  )
}

function tooDeep({ name }: AnyFuture): InvalidStateError {
  return new InvalidStateError(
    `"${name}" would block for ever: all threads are blocked by bodies that wait for each other, ` +
      'and no more can be started. Await `gather` in the bodies instead',
  )
}

/** In milliseconds. */
const SHORT = 1
const LONG = 50
