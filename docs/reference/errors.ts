/** The reason of a cancelled future when nobody gave one. Has the web's name for it: `AbortError`. */
export class CancelledError extends DOMException {
  constructor(message = 'The operation was cancelled', options: { cause?: unknown } = {}) {
    super(message, 'AbortError')
    if ('cause' in options) this.cause = options.cause
  }
}

/** The reason of a future that was cancelled because its `timeout` passed. */
export class TimeoutError extends DOMException {
  constructor(message = 'The operation timed out') {
    super(message, 'TimeoutError')
  }
}

/** What was asked for does not fit the state of the thing that was asked. */
export class InvalidStateError extends Error {
  override readonly name = 'InvalidStateError'
}
