import fc from 'fast-check'
import { type BackoffOptions, backoff } from 'gatherly'
import { describe, expect, it } from 'vitest'

const attempts = [1, 2, 3, 4, 5, 6]

describe('backoff()', () => {
  it('R19 gives whole milliseconds below a bound that doubles, up to the cap', () => {
    const most = backoff({ base: 200, cap: 2000, random: () => 1 - Number.EPSILON })
    const half = backoff({ base: 200, cap: 2000, random: () => 0.5 })
    const least = backoff({ base: 200, cap: 2000, random: () => 0 })

    expect(attempts.map(most)).toEqual([199, 399, 799, 1599, 1999, 1999])
    expect(attempts.map(half)).toEqual([100, 200, 400, 800, 1000, 1000])
    expect(attempts.map(least)).toEqual([0, 0, 0, 0, 0, 0])
  })

  it('R19 begins with 100 ms and never exceeds 30 s unless told otherwise', () => {
    const half = backoff({ random: () => 0.5 })

    expect([1, 2, 9, 10, 5000].map(half)).toEqual([50, 100, 12_800, 15_000, 15_000])
  })

  it('R19 never exceeds a cap below its base', () => {
    expect(backoff({ base: 1000, cap: 10, random: () => 0.5 })(1)).toBe(5)
  })

  it('R19 always gives a whole number of milliseconds below the bound, for every attempt', () => {
    const span = fc.double({ min: 1e-3, max: 1e6, noNaN: true })
    fc.assert(
      fc.property(span, span, fc.integer({ min: 1, max: 1e6 }), (base, cap, attempt) => {
        const delay = backoff({ base, cap })(attempt)

        expect(Number.isInteger(delay)).toBe(true)
        expect(delay).toBeGreaterThanOrEqual(0)
        expect(delay).toBeLessThan(Math.min(cap, base * 2 ** (attempt - 1)))
      }),
    )
  })

  it('R19 spreads evenly by chance', () => {
    const delay = backoff({ base: 1000 })
    const drawn = Array.from({ length: 40_000 }, () => delay(1))
    const quarters = [0, 250, 500, 750].map(
      (from) => drawn.filter((each) => each >= from && each < from + 250).length,
    )

    // Six standard deviations: one run in a hundred million fails by chance.
    for (const count of quarters) expect(Math.abs(count - 10_000)).toBeLessThan(520)
  })

  it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])(
    'R5 throws a RangeError for attempt %s',
    (attempt) => {
      expect(() => backoff()(attempt)).toThrow(
        new RangeError(
          `Expected \`attempt\` to be a whole number from 1 up, got \`${attempt}\` (number)`,
        ),
      )
    },
  )

  it.each<[string, unknown, string]>([
    ['no object', null, 'TypeError: Expected `options` to be an object, got `null` (object)'],
    [
      'a base of 0',
      { base: 0 },
      'RangeError: Expected `base` to be finite milliseconds above 0, got `0` (number)',
    ],
    [
      'a base of text',
      { base: '1s' },
      'TypeError: Expected `base` to be finite milliseconds above 0, got `1s` (string)',
    ],
    [
      'an endless cap',
      { cap: Number.POSITIVE_INFINITY },
      'RangeError: Expected `cap` to be finite milliseconds above 0, got `Infinity` (number)',
    ],
    [
      'chance that is none',
      { random: 0.5 },
      'TypeError: Expected `random` to be a function, got `0.5` (number)',
    ],
  ])('R5 throws for wrong options: %s', (_, options, message) => {
    let thrown: unknown
    try {
      backoff(options as BackoffOptions)
    } catch (error) {
      thrown = error
    }

    expect(String(thrown)).toBe(message)
  })
})
