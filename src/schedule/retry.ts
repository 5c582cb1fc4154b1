import { checkFunction, checkNumber, checkObject } from '../internal/check.ts'

/** How often, when and after which wait a body that failed runs again. */
export interface RetryOptions {
  /** How many attempts may follow the first: a whole number from 0 up, or `Infinity`. */
  retries: number
  /**
   * How long to wait before the next attempt, in milliseconds: finite, from 0 up. Or a function
   * that tells, given the number of attempts so far (1 after the first failure) and what the last
   * one threw; `backoff()` makes a good one. Default 0.
   */
  delay?: number | ((attempt: number, error: unknown) => number) | undefined
  /** Whether to try again after this error. Default: always. */
  when?: ((error: unknown, attempt: number) => boolean) | undefined
}

/**
 * Gives a copy, which the caller cannot change any more.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 */
export function copyRetryOptions(options: RetryOptions): Required<RetryOptions> {
  checkObject(options, 'retry')
  const { retries, delay = 0, when = () => true } = options
  const isCount = (n: number): boolean => n >= 0 && (Number.isInteger(n) || n === Infinity)
  checkNumber('retries', 'a whole number from 0 up, or Infinity', retries, isCount)
  if (typeof delay !== 'function') checkDelay(delay)
  checkFunction('when', when)
  return { retries, delay, when }
}

/** The failures of one call so far. */
export class Attempts {
  #failed = 0
  readonly #errors: unknown[] = []

  /**
   * Takes note of a failure.
   *
   * @returns How long to wait before the next attempt; `undefined` if there is none.
   * @throws What the functions among the options throw.
   */
  delayAfter(error: unknown, { retries, delay, when }: RetryOptions): number | undefined {
    this.#failed += 1
    if (this.#failed > retries || !when?.(error, this.#failed)) return undefined
    const wait = typeof delay === 'function' ? delay(this.#failed, error) : (delay ?? 0)
    checkDelay(wait)
    this.#errors.push(error)
    // A call that is tried for ever must not keep all its failures.
    if (this.#errors.length > MOST_KEPT) this.#errors.shift()
    return wait
  }

  /**
   * Leaves the earlier errors on the last one, which the future fails with as it is, or on the
   * `TimeoutError` that came before another: as its `errors`, like those of an `AggregateError`.
   * Not as its `cause`: what is retried most, a `fetch` that failed, has one of its own.
   */
  leaveOn(last: unknown): void {
    const errors = this.#errors.filter((error) => error !== last)
    if (errors.length > 0) define(last, 'errors', errors)
  }

  /**
   * Keeps the failure that a function among the options was asked about, when it throws itself, and
   * those before.
   */
  blame(error: unknown, failure: unknown): void {
    if (error !== failure) define(error, 'cause', failure)
    this.leaveOn(failure)
  }
}

/** Gives an error a property that it does not have. */
function define(error: unknown, key: 'cause' | 'errors', value: unknown): void {
  try {
    if (!(error instanceof Error) || (error as Partial<AggregateError>)[key] !== undefined) return
    Object.defineProperty(error, key, { value, configurable: true, writable: true })
  } catch {
    // Frozen, or hostile: it stays as it is.
  }
}

function checkDelay(delay: number): void {
  checkNumber('delay', 'finite milliseconds from 0 up', delay, (n) => n >= 0 && n < Infinity)
}

const MOST_KEPT = 100
