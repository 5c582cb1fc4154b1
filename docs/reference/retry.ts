/** How often, when and after which wait a body that failed runs again. */
export interface RetryOptions {
  retries: number
  delay?: number | ((attempt: number, error: unknown) => number) | undefined
  when?: ((error: unknown, attempt: number) => boolean) | undefined
}

/** The failures of one call so far. */
export class Attempts {
  private readonly options: RetryOptions
  private readonly errors: unknown[] = []

  constructor(options: RetryOptions) {
    this.options = options
  }

  /** How long to wait before the next attempt, or `undefined` if this failure was the last. */
  delayAfter(error: unknown): number | undefined {
    const { retries, delay = 0, when = () => true } = this.options
    const attempt = this.errors.length + 1
    if (attempt > retries || !when(error, attempt)) {
      this.leaveOn(error)
      return undefined
    }
    const wait = typeof delay === 'function' ? delay(attempt, error) : delay
    if (typeof wait !== 'number') throw new TypeError('Expected a number of milliseconds')
    if (!(wait >= 0 && wait < Infinity)) throw new RangeError('Expected a time from 0 up')
    this.errors.push(error)
    return wait
  }

  /** The latest errors so far are the `errors` of the one that the future ends with, which else stays as it is. */
  leaveOn(last: unknown): void {
    const errors = this.errors.slice(-100).filter((error) => error !== last)
    if (errors.length > 0) define(last, 'errors', errors)
  }

  /** What a function among the options throws takes the place of the failure, and must not hide it. */
  blame(thrown: unknown, failure: unknown): void {
    if (thrown !== failure) define(thrown, 'cause', failure)
    this.leaveOn(failure)
  }
}

function define(error: unknown, key: 'cause' | 'errors', value: unknown): void {
  if (!(error instanceof Error) || !Object.isExtensible(error)) return
  if ((error as Partial<AggregateError>)[key] !== undefined) return
  Object.defineProperty(error, key, { value, configurable: true, writable: true })
}

/**
 * A `delay` that grows: any time between 0 and twice as much after each attempt, up to `cap`. So clients that failed
 * together do not come back together.
 *
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoff({
  base = 100,
  cap = 30_000,
  random = Math.random,
}: {
  base?: number
  cap?: number
  random?: () => number
} = {}): (attempt: number) => number {
  for (const span of [base, cap]) {
    if (typeof span !== 'number') throw new TypeError('Expected a number of milliseconds')
    if (!(span > 0 && span < Infinity)) throw new RangeError('Expected a time above 0')
  }
  return (attempt) => {
    if (typeof attempt !== 'number') throw new TypeError('Expected a number')
    if (!(Number.isInteger(attempt) && attempt >= 1)) throw new RangeError('Attempts count from 1')
    return Math.floor(random() * Math.min(cap, base * 2 ** (attempt - 1)))
  }
}
