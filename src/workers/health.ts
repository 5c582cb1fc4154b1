import { endBeforeLoad } from './loss.ts'
import type { Thread } from './thread.ts'
import { WorkerLostError } from './worker-lost-error.ts'

/** Whether a pool can run anything: not when its module does not load, or no thread starts. */
export class Health {
  readonly #pool: string
  readonly #broke: (error: WorkerLostError) => void
  /** Whether the module has loaded in some thread, so that it can be loaded. */
  #hasLoaded = false
  #failedStarts = 0
  /** Why nothing will ever run. */
  error: WorkerLostError | undefined

  /** @param broke - Told, once, that nothing will ever run. */
  constructor(pool: string, broke: (error: WorkerLostError) => void) {
    this.#pool = pool
    this.#broke = broke
  }

  /** A thread has loaded the module. */
  loaded(): void {
    this.#hasLoaded = true
    this.#failedStarts = 0
  }

  /** A thread could not load the module: where another one has, that is a start that has failed. */
  unloadable(error: unknown): void {
    if (!this.#hasLoaded) this.break('could not load its module', error)
  }

  /** A thread has ended. Counts it, once, if it had not loaded the module by then. */
  lost(thread: Thread): void {
    if (thread.isReady || thread.hasFailedToStart) return
    thread.hasFailedToStart = true
    this.#failedStarts += 1
    if (this.#failedStarts < MOST_FAILED_STARTS) return
    this.break('could not start a thread', thread.cause ?? endBeforeLoad(thread))
  }

  /** Nothing will ever run. */
  break(what: string, cause: unknown): void {
    if (this.error !== undefined) return
    const reason = cause instanceof Error ? `: ${cause.message}` : ''
    this.error = new WorkerLostError(`The pool "${this.#pool}" ${what}${reason}`, { cause })
    this.#broke(this.error)
  }
}

/** In a row. */
const MOST_FAILED_STARTS = 3
