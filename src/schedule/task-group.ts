import { gatherSettled } from '../combine/gather-settled.ts'
import { cancelAfter, cancelOnAbort } from '../core/cancel-on.ts'
import {
  CANCELLED,
  collect,
  contentOf,
  FULFILLED,
  follow,
  REJECTED,
  RUNNING,
  settle,
  stateOf,
} from '../core/cell.ts'
import { CancelledError, InvalidStateError } from '../core/errors.ts'
import { type AnyFuture, drive, Future, isFuture } from '../core/future.ts'
import { lingers } from '../core/linger.ts'
import { check, checkFunction, checkOptions } from '../internal/check.ts'
import { Context, currentSignal, enterContext, type TaskContext } from './context.ts'
import { defaultDispatcher } from './default-dispatcher.ts'
import type { Dispatcher } from './dispatcher.ts'
import { dispatcherOf, type Scheduler } from './scheduler.ts'
import { spawnOn } from './spawn.ts'
import { copyTaskOptions, type TaskOptions } from './task-options.ts'
import { trailOf } from './waiting-calls.ts'

/** What a group is made with. */
export interface TaskGroupOptions {
  /** Where `spawn` schedules bodies, and whose clock `timeout` uses. Default: that of `spawn`. */
  scheduler?: Scheduler | undefined
  /** Cancels the group when it aborts. */
  signal?: AbortSignal | undefined
  /**
   * Cancels the group with a `TimeoutError` so many milliseconds after it was made. Above 0.
   * Default `Infinity`: none.
   */
  timeout?: number | undefined
  /** What reports call it. Default: `group`. */
  name?: string | undefined
}

/**
 * Bodies that belong to a block of the program: none outlives it, and the first that fails cancels
 * the others.
 *
 * The block ends with `join`, which `await using` calls: when every body has really ended, those
 * that were cancelled too. Then it throws what failed: one failure as it is, several as an
 * `AggregateError` in the order they happened. A failure is also what a cancelled body throws,
 * unless that is the reason of the cancel or an `AbortError`; and a member that timed out. A member
 * that was cancelled by its own handle is none.
 *
 * A group made inside a body, or inside the block of another one, is cancelled together with that,
 * if it is made before the first await.
 *
 * @example
 * await using group = new TaskGroup()
 * for (const url of urls) group.spawn(({ signal }) => download(url, signal))
 *
 * Source: the nurseries of Trio (N. J. Smith, "Notes on structured concurrency", 2018);
 * `asyncio.TaskGroup` of Python.
 */
export class TaskGroup implements AsyncDisposable {
  readonly name: string
  readonly #dispatcher: Dispatcher
  // Pending while all is well. Cancelled with the group, because it was asked to or because
  // something failed; fulfilled when the block has ended well. Signals and timers cancel it.
  readonly #scope: AnyFuture
  // Futures behind which something runs.
  readonly #members = new Set<AnyFuture>()
  // In the order they happened; first the reason of the cancel, if there was one before them.
  readonly #failures = new Set<unknown>()
  // Keeps the first failure, to be reported if nobody ever joins the group.
  #unseen: AnyFuture | undefined
  // The block's own, as a body has one.
  readonly #context: Context
  #joined: Promise<void> | undefined
  #goOn: (() => void) | undefined
  #hasEnded = false
  #thrown: AggregateError | undefined

  /** @throws {TypeError | RangeError} for a wrong option. */
  constructor(options: TaskGroupOptions = {}) {
    this.#dispatcher = dispatcherFor(options)
    const { signal, timeout, name = 'group' } = options
    this.name = name
    this.#scope = drive({ name, abort: (reason) => this.#abort(reason) }, RUNNING, undefined)
    this.#context = new Context(this.#scope, this.#dispatcher.clock)
    cancelOnAbort(this.#scope, currentSignal())
    cancelOnAbort(this.#scope, signal)
    cancelAfter(this.#scope, timeout, this.#dispatcher.clock)
  }

  /**
   * Runs a block with a group of its own, and ends it: the way to use a group where there is no
   * `await using`, and the better one, since a block that throws cancels what is unfinished.
   *
   * The block starts in the next microtask, and holds no slot of the scheduler.
   *
   * @returns A future of what the block returned. Cancelling it cancels the group.
   * @throws The failures of the group, that of the block among them.
   * @throws {TypeError | RangeError} at the call, for a body that is no function, or wrong options.
   *
   * @example
   * const [user, orders] = await TaskGroup.run(async (group) => {
   *   const user = group.spawn(() => loadUser(id))
   *   const orders = group.spawn(() => loadOrders(id))
   *   return gather(user, orders)
   * })
   */
  static run<T>(
    body: (group: TaskGroup) => T | PromiseLike<T>,
    options: TaskGroupOptions = {},
  ): Future<T> {
    checkFunction('body', body)
    const { clock } = dispatcherFor(options)
    const { name = 'group' } = options
    const outer = currentSignal()
    const block = async (): Promise<T> => {
      // Made inside the block's own body, so that cancelling that cancels the group.
      const group = new TaskGroup(options)
      cancelOnAbort(group.#scope, outer)
      const value = await group.#enter(body)
      // The block may have joined it before, and failed since.
      await group.join().catch(() => {})
      try {
        group.#throwFailures()
      } catch (error) {
        if (group.#isCancelled && error === group.#scope.reason) future.cancel(error)
        throw error
      }
      return value as T
    }
    const future = spawnOn(defaultDispatcher(clock), block, { name }, TaskGroup.run)
    return future
  }

  /** Aborts when the group is cancelled, or something in it has failed. */
  get signal(): AbortSignal {
    return this.#context.signal
  }

  /**
   * Schedules a body as part of the group. Once the group is cancelled its future is, too, and the
   * body never runs.
   *
   * @throws {InvalidStateError} after the block has ended.
   * @throws {TypeError | RangeError} for a body that is no function, or wrong options.
   */
  spawn<T>(body: (context: TaskContext) => T | PromiseLike<T>, options?: TaskOptions): Future<T> {
    this.#checkOpen()
    let given = options
    // A body that starts eagerly must not begin either.
    if (this.#isCancelled) {
      given = { ...(options !== undefined && copyTaskOptions(options)), signal: this.signal }
    }
    return this.add(spawnOn(this.#dispatcher, body, given, this.spawn))
  }

  /**
   * Makes a future part of the group, which collects it: it is cancelled with the group, and the
   * bodies that are cancelled with it are waited for. What a gather leaves running when it settles
   * is no part of the group.
   *
   * @returns The same future.
   * @throws {InvalidStateError} after the block has ended.
   * @throws {TypeError} for anything but a future.
   */
  add<T>(future: Future<T>): Future<T> {
    check(isFuture(future), 'future', 'a Future', future)
    this.#checkOpen()
    collect(future)
    this.#members.add(future)
    follow(future, this.#member)
    if (this.#isCancelled) future.cancel(this.#scope.reason)
    this.#goOn?.()
    return future
  }

  /**
   * Cancels everything that is unfinished, and has the block throw the reason. Does nothing if the
   * group has failed, was cancelled, or has ended before.
   *
   * @param reason - Default: a `CancelledError`.
   */
  cancel(reason?: unknown): void {
    this.#scope.cancel(reason)
  }

  /**
   * Ends the block: waits until every body has really ended, also of what is added meanwhile.
   *
   * @throws What has failed: one failure as it is, several as an `AggregateError`.
   */
  join(): Promise<void> {
    this.#joined ??= this.#join()
    return this.#joined
  }

  /** Ends the block, as `join`. The language does not tell whether it threw, so nothing is cancelled. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.join()
  }

  get #isCancelled(): boolean {
    return stateOf(this.#scope) === CANCELLED
  }

  #checkOpen(): void {
    if (this.#hasEnded) throw new InvalidStateError(`The group "${this.name}" has ended`)
  }

  async #enter<T>(body: (group: TaskGroup) => T | PromiseLike<T>): Promise<T | undefined> {
    // Cancelled before it began.
    if (this.#isCancelled) return undefined
    try {
      return await this.#callBlock(body)
    } catch (error) {
      if (!this.#isCancelled || !isAbort(error, this.#scope.reason)) this.#fail(error)
      return undefined
    }
  }

  // Named so that call sites know where the frames of this package begin.
  #callBlock<T>(body: (group: TaskGroup) => T): T {
    const outer = enterContext({ context: this.#context })
    try {
      return body(this)
    } finally {
      enterContext(outer)
    }
  }

  async #join(): Promise<void> {
    while (this.#members.size > 0) {
      const unsettled = [...this.#members].filter((member) => !member.done)
      // As futures where that is possible: a body that waits for calls of its own scheduler can
      // lend them its slot.
      if (unsettled.length > 0) await gatherSettled(unsettled, { name: this.name })
      else await this.#nextMove()
    }
    this.#hasEnded = true
    settle(this.#scope, FULFILLED, undefined)
    this.#throwFailures()
  }

  /** Waits until the last body has ended, or something was added. */
  #nextMove(): Future<void> {
    const { name } = this
    const inputs = (): AnyFuture[] => [...this.#members].flatMap((member) => [...trailOf(member)])
    const future = drive<void>({ name, inputs }, RUNNING, undefined)
    this.#goOn = () => settle(future, FULFILLED, undefined)
    return future
  }

  #throwFailures(): void {
    if (this.#unseen !== undefined) collect(this.#unseen)
    const failures = [...this.#failures]
    if (failures.length === 1) throw failures[0]
    if (failures.length > 1) {
      const message = `${failures.length} failures in the group "${this.name}"`
      this.#thrown = new AggregateError(failures, message)
      throw this.#thrown
    }
  }

  /** The subscriber of all members. */
  readonly #member = {
    settled: (member: AnyFuture): undefined => {
      const reason = contentOf(member)
      const state = stateOf(member)
      if (state === REJECTED || (state === CANCELLED && isNamed(reason, 'TimeoutError'))) {
        this.#fail(reason)
      }
      const threw = (error: unknown): void => {
        if (!isAbort(error, reason)) this.#fail(error)
      }
      const ended = (): void => this.#leave(member)
      if (!lingers(member, { threw, ended })) ended()
    },
  }

  #leave(member: AnyFuture): void {
    this.#members.delete(member)
    if (this.#members.size === 0) this.#goOn?.()
  }

  #fail(error: unknown): void {
    // Passed on by the block that joined the group, it is nothing new.
    if (error === this.#thrown && error !== undefined) return
    const { name } = this
    this.#failures.add(error)
    this.#unseen ??= new Future((_, reject) => reject(error), { name })
    const cause = { cause: error }
    this.#scope.cancel(new CancelledError(`Something else in the group "${name}" failed`, cause))
  }

  /** The scope was cancelled: gives what is to be cancelled with it. */
  #abort(reason: unknown): AnyFuture[] {
    // Unless a failure is what cancels it.
    if (this.#failures.size === 0) this.#failures.add(reason)
    this.#context.abort(reason)
    return [...this.#members]
  }
}

function dispatcherFor(options: TaskGroupOptions): Dispatcher {
  checkOptions(options)
  const { scheduler } = options
  if (scheduler === undefined) return defaultDispatcher()
  const dispatcher = dispatcherOf(scheduler)
  check(dispatcher !== undefined, 'scheduler', 'a Scheduler', scheduler)
  return dispatcher
}

/** Whether what a cancelled body throws only says that it was cancelled. */
function isAbort(error: unknown, reason: unknown): boolean {
  return error === reason || isNamed(error, 'AbortError')
}

function isNamed(error: unknown, name: string): boolean {
  try {
    return error instanceof Error && error.name === name
  } catch {
    // A hostile getter.
    return false
  }
}
