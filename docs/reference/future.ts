import { CancelledError, InvalidStateError } from './errors.ts'

export type Status = 'scheduled' | 'running' | 'fulfilled' | 'rejected' | 'cancelled'
/** Who takes the outcome of something. */
export type Settle = (status: Status, outcome: unknown) => void
type Resolve<T> = (value: T | PromiseLike<T>) => void
type Reject = (reason?: unknown) => void
export interface FutureOptions {
  name?: string
  onCancel?: (reason: unknown) => void
}

/** Failures that nobody has collected, in the order in which they happened (rule 16). */
export const uncollected: Set<Future<unknown>> = new Set()

let settledSoFar = 0

/**
 * A handle on work that goes on elsewhere: a state, and in the end a value or a reason.
 *
 * Everything follows from one method: `settle` changes the state once, then calls the listeners. A listener may settle
 * another future in turn, so a long chain recurses deeply here. The real one avoids that; this one is to be read.
 */
export class Future<T> implements Promise<T> {
  readonly name: string
  readonly [Symbol.toStringTag] = 'Future'
  status: Status = 'running'
  value: T | undefined
  reason: unknown
  /** This was the how-manieth of all futures to settle? Tells which of two came first, also long after. */
  order: number = Infinity
  /** What cancelling does once the listeners have run: abort the body's signal, cancel the inputs of a gather. */
  onCancel: ((reason: unknown) => void) | undefined
  /**
   * Once it is cancelled, whether something behind it still runs. If so, that is watched: `threw` is told what it
   * throws, and `ended` that it is over.
   */
  lingers: ((ended: () => void, threw: (error: unknown) => void) => boolean) | undefined
  /** What starts it, if it is lazy and nobody has collected it yet. */
  onBegin: (() => void) | undefined
  private collected = false
  private listeners: (() => void)[] = []

  constructor(
    executor: (resolve: Resolve<T>, reject: Reject) => void,
    options: FutureOptions = {},
  ) {
    this.name = options.name ?? 'future'
    this.onCancel = options.onCancel
    let resolved = false
    const once = <A extends unknown[]>(act: (...args: A) => void) => {
      return (...args: A): void => {
        if (resolved) return
        resolved = true
        act(...args)
      }
    }
    const reject: Reject = once((reason) => this.settle('rejected', reason))
    try {
      const resolve = once((value) => follow(value, this, (...outcome) => this.settle(...outcome)))
      executor(resolve as Resolve<T>, reject)
    } catch (error) {
      reject(error)
    }
  }

  static withResolvers<T>(options?: FutureOptions): {
    future: Future<T>
    resolve: Resolve<T>
    reject: Reject
  } {
    let resolvers: [Resolve<T>, Reject] | undefined
    const future = new Future<T>((...both) => (resolvers = both), options)
    const [resolve, reject] = resolvers as unknown as [Resolve<T>, Reject]
    return { future, resolve, reject }
  }

  static resolve<T>(value: T): Future<Awaited<T>> {
    if (value instanceof Future) return value
    return new Future((resolve) => resolve(value as Awaited<T>))
  }

  static reject<T = never>(reason?: unknown): Future<T> {
    return new Future((_resolve, reject) => reject(reason))
  }

  get done(): boolean {
    return this.status !== 'scheduled' && this.status !== 'running'
  }

  /** The value or the reason, whichever there is. */
  get outcome(): unknown {
    return this.status === 'fulfilled' ? this.value : this.reason
  }

  /** The first to call this decides; whoever comes later is ignored. */
  settle(status: Status, outcome: unknown): boolean {
    if (this.done) return false
    this.status = status
    if (status === 'fulfilled') this.value = outcome as T
    else this.reason = outcome
    settledSoFar += 1
    this.order = settledSoFar
    if (status === 'rejected' && !this.collected) uncollected.add(this)
    for (let next = this.listeners.shift(); next; next = this.listeners.shift()) next()
    return true
  }

  /** A listener looks on and does not collect. One that throws does not keep the next from being called. */
  onSettled(listener: (future: this) => void): () => void {
    const call = (): void => reportingErrors(() => listener(this))
    if (this.done) call()
    else this.listeners.push(call)
    return () => {
      this.listeners = this.listeners.filter((other) => other !== call)
    }
  }

  /**
   * Calls `ended` when it has settled and nothing behind it runs any more: a cancelled body goes on until it ends.
   * Tells `threw` before what it was rejected with, or what is thrown behind it after a cancel.
   */
  onEnded(ended: () => void, threw: (error: unknown) => void): void {
    this.onSettled(() => {
      if (this.status === 'rejected') threw(this.reason)
      const lingers = this.status === 'cancelled' && this.lingers?.(ended, threw)
      if (!lingers) ended()
    })
  }

  /** Somebody takes responsibility for the outcome: from now on a failure is theirs. */
  collect(): void {
    this.collected = true
    uncollected.delete(this)
    this.begin()
  }

  /** Starts a lazy future. Does nothing the second time, and nothing to others. */
  begin(): void {
    const begin = this.onBegin
    this.onBegin = undefined
    begin?.()
  }

  cancel(reason: unknown = new CancelledError()): boolean {
    if (!this.settle('cancelled', reason)) return false
    reportingErrors(() => this.onCancel?.(reason))
    return true
  }

  result(): T {
    if (!this.done) throw new InvalidStateError(`The future "${this.name}" has no result yet`)
    if (this.status === 'fulfilled') return this.value as T
    this.collect()
    throw this.reason
  }

  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.collect()
    const promise = new Promise<T>((resolve, reject) => {
      this.onSettled(() => {
        if (this.status === 'fulfilled') resolve(this.value as T)
        else reject(this.reason)
      })
    })
    return promise.then(onFulfilled, onRejected)
  }

  catch<B = never>(onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null): Promise<T | B> {
    return this.then(null, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<T> {
    return this.then().finally(onFinally)
  }

  [Symbol.dispose](): void {
    this.cancel()
  }
}

/**
 * Calls `settle` with what `value` turns out to be, for `self`: the resolution procedure of Promises/A+.
 *
 * A future is followed through its listeners, so that a chain of them settles in one go. A promise is followed through
 * its `then`. So is any other thenable, but behind a native promise, which calls its `then` later and heeds only the
 * first of its answers: that `then` is somebody's code and may do anything.
 */
export function follow(value: unknown, self: unknown, settle: Settle): void {
  const reject = (reason: unknown): void => settle('rejected', reason)
  if (value === self) return reject(new TypeError('A future cannot be resolved with itself'))
  if (value instanceof Future) {
    value.collect()
    value.onSettled(() => settle(value.status, value.outcome))
    return
  }
  try {
    // Read only once: it may be a getter that answers differently the second time.
    const then = isObject(value) ? value.then : undefined
    if (typeof then !== 'function') return settle('fulfilled', value)
    const thenable = { then: (...callbacks: unknown[]) => then.apply(value, callbacks) }
    const promise = value instanceof Promise ? value : Promise.resolve(thenable)
    promise.then((result) => settle('fulfilled', result), reject)
  } catch (error) {
    reject(error)
  }
}

function isObject(value: unknown): value is { then?: unknown } {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}

function reportingErrors(act: () => void): void {
  try {
    act()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
