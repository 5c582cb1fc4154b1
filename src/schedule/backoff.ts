import { checkFunction, checkNumber, checkObject } from '../internal/check.ts'

/** How `backoff` grows. */
export interface BackoffOptions {
  /** The most the first wait can be, in milliseconds. Above 0. Default 100. */
  base?: number | undefined
  /** The most any wait can be, in milliseconds. Above 0. Default 30 000. */
  cap?: number | undefined
  /** Gives a number from 0 up to 1, 1 excluded. Default `Math.random`. */
  random?: (() => number) | undefined
}

/**
 * Makes a `delay` for retries: exponential back-off with full jitter. The wait after attempt `n` is
 * drawn evenly from 0 up to `base * 2 ** (n - 1)`, or to `cap` if that is less. Clients that failed
 * together do not come back together.
 *
 * @returns A function that gives whole milliseconds, from 0 up, and throws a `RangeError` for an
 *   attempt that is no whole number from 1 up.
 * @throws {TypeError | RangeError} for a wrong option.
 *
 * @example
 * const getPage = task(fetchPage, { retry: { retries: 5, delay: backoff({ base: 200 }) } })
 *
 * Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
 */
export function backoff(options: BackoffOptions = {}): (attempt: number) => number {
  checkObject(options)
  const { base = 100, cap = 30_000, random = Math.random } = options
  checkNumber('base', 'finite milliseconds above 0', base, isSpan)
  checkNumber('cap', 'finite milliseconds above 0', cap, isSpan)
  checkFunction('random', random)
  return (attempt) => {
    checkNumber('attempt', 'a whole number from 1 up', attempt, (n) => n >= 1 && n % 1 === 0)
    return Math.floor(random() * Math.min(cap, base * 2 ** (attempt - 1)))
  }
}

function isSpan(milliseconds: number): boolean {
  return milliseconds > 0 && milliseconds < Infinity
}
