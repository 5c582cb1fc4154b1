import type { Clock } from '../core/clock.ts'
import { InvalidStateError } from '../core/errors.ts'
import { sleep } from '../core/sleep.ts'

/** What a body can know and do about its own run. */
export interface TaskContext {
  /** The name of the task. */
  readonly name: string
  /**
   * Aborts when the future is cancelled, with the same reason. Hand it on to `fetch` and its like.
   */
  readonly signal: AbortSignal
  /** Waits on the scheduler's clock; rejects with the reason as soon as the future is cancelled. */
  sleep(milliseconds: number): Promise<void>
  /**
   * Throws the reason if the future was cancelled: for loops that never await. On a worker thread it
   * knows of a cancel at once, where `signal` learns of it only between two turns of the event loop.
   */
  throwIfCancelled(): void
}

/**
 * Gives the context of the body that is running. Call it before the body's first `await`, and keep
 * it.
 *
 * @throws {InvalidStateError} outside a body, or after its first `await`.
 *
 * @example
 * const download = task(async (url: string) => {
 *   const { signal } = context()
 *   return (await fetch(url, { signal })).text()
 * })
 */
export function context(): TaskContext {
  if (current === undefined) {
    throw new InvalidStateError('context() works only inside a body, before its first await')
  }
  return current.context
}

/** Who can say which context belongs to the body that is on the stack. */
export interface ContextSource {
  readonly context: TaskContext
}

let current: ContextSource | undefined

/** The signal of the body that is on the stack, if there is one. */
export function currentSignal(): AbortSignal | undefined {
  return current?.context.signal
}

/**
 * Makes `source` the one that `context()` asks, and gives the one before, to be put back
 * afterwards.
 */
export function enterContext(source: ContextSource | undefined): ContextSource | undefined {
  const outer = current
  current = source
  return outer
}

/** Whose context it is: a future, as a rule. */
export interface ContextOwner {
  readonly name: string
  readonly status: string
  readonly reason: unknown
}

/**
 * The context of one run. Makes its `AbortController` when somebody asks for the signal, which most
 * bodies never do.
 */
export class Context implements TaskContext {
  #owner: ContextOwner
  readonly #clock: Clock
  #controller: AbortController | undefined

  constructor(owner: ContextOwner, clock: Clock) {
    this.#owner = owner
    this.#clock = clock
  }

  get name(): string {
    return this.#owner.name
  }

  /** It is the context of another from now on: of the future of a call that had none. */
  moveTo(owner: ContextOwner): void {
    this.#owner = owner
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#owner.status === 'cancelled') this.abort(this.#owner.reason)
    }
    return this.#controller.signal
  }

  // A getter, so that `const { sleep } = context()` works.
  get sleep(): (milliseconds: number) => Promise<void> {
    return (milliseconds) => {
      const slept = sleep(milliseconds, { signal: this.signal, clock: this.#clock })
      // A body may await it later, or never: its end by a cancel is no failure that somebody must
      // look at.
      slept.catch(() => {})
      return slept
    }
  }

  // A getter, as `sleep`.
  get throwIfCancelled(): () => void {
    return () => {
      lookForCancel?.()
      if (this.#owner.status === 'cancelled') throw this.#owner.reason
    }
  }

  abort(reason: unknown): void {
    this.#controller?.abort(reason)
  }
}

/** Asks whether somebody on another thread has cancelled what runs on this one. */
let lookForCancel: (() => void) | undefined

export function lookForCancelBy(look: () => void): void {
  lookForCancel = look
}
