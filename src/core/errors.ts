/**
 * The reason of a cancelled future when none was given. Its `name` is `AbortError` and its `code`
 * 20, as of everything the web platform aborts, so code that checks for those keeps working.
 *
 * @example
 * work().catch((error) => { if (error.name !== 'AbortError') throw error })
 */
export class CancelledError extends DOMException {
  constructor(message = 'The operation was cancelled', options?: ErrorOptions) {
    super(message, 'AbortError')
    setCause(this, options)
  }
}

/**
 * The reason of a future that was cancelled because its `timeout` passed. Its `name` is
 * `TimeoutError` and its `code` 23, as of `AbortSignal.timeout`.
 */
export class TimeoutError extends DOMException {
  constructor(message = 'The operation timed out', options?: ErrorOptions) {
    super(message, 'TimeoutError')
    setCause(this, options)
  }
}

/**
 * Thrown when an operation does not fit the state of its object: the result of a future that is not
 * done, a call to a scheduler that is closed, `context()` outside a body.
 *
 * Source: `concurrent.futures.InvalidStateError` of Python.
 */
export class InvalidStateError extends Error {
  // Not a field: it would be among the error's own properties.
  override get name(): string {
    return 'InvalidStateError'
  }
}

// The constructor of DOMException takes no cause on the web; one set by hand looks like every other
// error's.
function setCause(error: object, options: ErrorOptions | undefined): void {
  if (options)
    Object.defineProperty(error, 'cause', {
      value: options.cause,
      configurable: true,
      writable: true,
    })
}
