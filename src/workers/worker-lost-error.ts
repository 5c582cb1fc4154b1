/** What is known of the end of a worker. */
export interface WorkerLostOptions extends ErrorOptions {
  /** The code that the worker ended with, where it ended with one. */
  exitCode?: number | undefined
}

/**
 * The reason of a call whose worker ended before the call did: it left the process, ran out of
 * memory, failed outside of any call, could not load its module, or was terminated. Its `cause` is
 * what the worker died of. Whether the call had its effects is not known, so it is not repeated.
 */
export class WorkerLostError extends Error {
  /** The code that the worker ended with, where it ended with one. */
  declare readonly exitCode?: number

  constructor(message = 'The worker was lost', { exitCode, ...options }: WorkerLostOptions = {}) {
    super(message, options)
    if (exitCode !== undefined) this.exitCode = exitCode
  }

  // Not a field: it would be among the error's own properties.
  override get name(): string {
    return 'WorkerLostError'
  }
}
