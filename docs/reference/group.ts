import type { TaskOptions } from './call.ts'
import { sleep } from './clock.ts'
import { callIn, currentSignal, type TaskContext } from './context.ts'
import { CancelledError, InvalidStateError } from './errors.ts'
import { Future } from './future.ts'
import { cancelAfter, cancelOnAbort } from './limits.ts'
import { anywhere, Scheduler } from './scheduler.ts'

export interface TaskGroupOptions {
  scheduler?: Scheduler
  signal?: AbortSignal
  timeout?: number
  name?: string
}

/** Bodies that belong to a block of the program: none outlives it, and the first that fails cancels the others. */
export class TaskGroup implements AsyncDisposable {
  readonly name: string
  readonly signal: AbortSignal
  private readonly scheduler: Scheduler
  // The block's own, as a body has one.
  private readonly context: TaskContext
  // Pending while all is well, cancelled when the group is or something in it has failed: what signals and timeouts
  // cancel is a future.
  private readonly scope: Future<void>
  // Those behind which something runs.
  private readonly members = new Set<Future<unknown>>()
  // In the order in which they happened. The same error may come from several members.
  private readonly failures = new Set<unknown>()
  // Keeps the first failure until the group is joined, to be reported if it never is.
  private unseen: Future<never> | undefined
  // What it threw when it was joined and several had failed.
  private aggregate: AggregateError | undefined
  private ended = false
  private joined: Promise<void> | undefined
  private memberEnded = (): void => {}

  constructor(options: TaskGroupOptions = {}) {
    const { scheduler = anywhere, signal, timeout = Infinity, name = 'group' } = options
    const controller = new AbortController()
    this.name = name
    this.scheduler = scheduler
    this.signal = controller.signal
    const { clock } = scheduler
    this.context = {
      name,
      signal: this.signal,
      sleep: (ms) => sleep(ms, { signal: this.signal, clock }),
    }
    const onCancel = (reason: unknown): void => {
      // Unless a failure is what cancels it.
      if (this.failures.size === 0) this.failures.add(reason)
      controller.abort(reason)
      for (const member of [...this.members]) member.cancel(reason)
    }
    this.scope = Future.withResolvers<void>({ name, onCancel }).future
    cancelOnAbort(this.scope, currentSignal())
    cancelOnAbort(this.scope, signal)
    cancelAfter(this.scope, timeout, clock)
  }

  /** Runs a block with a group of its own. It holds no slot: it is the only call of a scheduler of its own. */
  static run(body: (group: TaskGroup) => unknown, options: TaskGroupOptions = {}): Future<unknown> {
    const { scheduler = anywhere, name = 'group' } = options
    const outer = currentSignal()
    const block = async (): Promise<unknown> => {
      const group = new TaskGroup(options)
      cancelOnAbort(group.scope, outer)
      const value = await group.enter(body)
      // Somebody may have joined it before the block threw.
      await group.join().catch(() => {})
      try {
        group.throwFailures()
      } catch (error) {
        const { status, reason } = group.scope
        if (status === 'cancelled' && error === reason) future.cancel(error)
        throw error
      }
      return value
    }
    const future = new Scheduler({ clock: scheduler.clock }).spawn(block, { name })
    return future
  }

  private async enter(body: (group: TaskGroup) => unknown): Promise<unknown> {
    if (this.scope.done) return
    try {
      return await callIn(this.context, () => body(this))
    } catch (error) {
      this.threw(error, this.scope)
      return
    }
  }

  spawn(body: (context: TaskContext) => unknown, options: TaskOptions = {}): Future<unknown> {
    this.checkOpen()
    const { signal } = this
    return this.add(this.scheduler.spawn(body, signal.aborted ? { ...options, signal } : options))
  }

  add<T>(future: Future<T>): Future<T> {
    if (!(future instanceof Future)) throw new TypeError('Expected a future')
    this.checkOpen()
    future.collect()
    this.members.add(future)
    future.onSettled(({ status, reason }) => {
      const timedOut = status === 'cancelled' && isNamed(reason, 'TimeoutError')
      if (timedOut) this.fail(reason)
    })
    const ended = (): void => {
      this.members.delete(future)
      this.memberEnded()
    }
    future.onEnded(ended, (error) => this.threw(error, future))
    if (this.scope.done) future.cancel(this.scope.reason)
    return future
  }

  cancel(reason?: unknown): void {
    this.scope.cancel(reason)
  }

  /** Ends the block, once however often it is called: waits for everything, and throws what has failed. */
  join(): Promise<void> {
    this.joined ??= this.end()
    return this.joined
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.join()
  }

  private async end(): Promise<void> {
    while (this.members.size > 0) {
      await new Promise<void>((resolve) => {
        this.memberEnded = resolve
      })
    }
    this.ended = true
    this.scope.settle('fulfilled', undefined)
    this.throwFailures()
  }

  private throwFailures(): void {
    this.unseen?.collect()
    const failures = [...this.failures]
    if (failures.length === 1) throw failures[0]
    if (failures.length === 0) return
    this.aggregate = new AggregateError(failures, 'Several failed')
    throw this.aggregate
  }

  private checkOpen(): void {
    if (this.ended) throw new InvalidStateError(`The group "${this.name}" has ended`)
  }

  /** What is thrown by what was cancelled counts, unless it only says that it was cancelled. */
  private threw(error: unknown, { status, reason }: Future<unknown>): void {
    const isCancel = error === reason || isNamed(error, 'AbortError')
    if (status !== 'cancelled' || !isCancel) this.fail(error)
  }

  private fail(error: unknown): void {
    // A block passes on what it was thrown when it joined its group itself.
    if (error === this.aggregate) return
    const { name } = this
    this.failures.add(error)
    this.unseen ??= new Future<never>((_resolve, reject) => reject(error), { name })
    this.scope.cancel(new CancelledError(undefined, { cause: error }))
  }
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name
}
