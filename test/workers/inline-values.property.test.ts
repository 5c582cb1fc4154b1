import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Board } from '../../src/workers/board.ts'
import { SLOTS } from '../../src/workers/board-memory.ts'
import { readInline, writeInline } from '../../src/workers/inline-values.ts'

const board = new Board(3)

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 44 }),
  // Halves of pairs too, which a codec of text would replace.
  fc
    .array(fc.integer({ min: 0, max: 0xff_ff }), { maxLength: 10 })
    .map((codes) => String.fromCharCode(...codes)),
)
const primitive = fc.oneof(
  fc.double(),
  fc.constantFrom(Number.NaN, -0, 2 ** 53, -(2 ** 53), Number.MIN_VALUE, Number.MAX_VALUE),
  fc.integer(),
  text,
  fc.constantFrom(undefined, null, true, false, ''),
)

/** Eight bytes for a number, and for each four characters and lengths of a string. */
function roomOf(value: unknown): number {
  if (typeof value === 'number') return 8
  return typeof value === 'string' ? 8 * Math.ceil((value.length + 1) / 4) : 0
}

const doFit = (values: readonly unknown[]): boolean =>
  values.length <= 8 && values.reduce<number>((sum, one) => sum + roomOf(one), 0) <= 80

const lists = fc.oneof(
  fc.array(primitive, { maxLength: 10, size: 'max' }),
  fc.array(fc.string({ unit: 'binary', maxLength: 6 }), { maxLength: 8, size: 'max' }),
)

describe('values in a slot', () => {
  it('always come out as they were written, as far as they fit', () => {
    fc.assert(
      fc.property(fc.nat(SLOTS - 1), lists, (slot, values) => {
        const isWritten = writeInline(board, slot, values)

        expect(isWritten).toBe(doFit(values))
        // What was said of the slot before does not matter to them.
        board.describe(slot, 3, values.length, true)
        if (isWritten) expect(readInline(board, slot, values.length)).toStrictEqual(values)
      }),
      { numRuns: 2000 },
    )
  })

  it('never write outside of their slot, nor to what says who has it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: SLOTS - 1 }), lists, (slot, values) => {
        const fresh = new Board(1)
        fresh.words.fill(7)

        writeInline(fresh, slot, values)

        const base = fresh.base(slot)
        const changed = [...fresh.words.keys()].filter((word) => fresh.words[word] !== 7)
        const own = changed.filter((word) => {
          const at = word - base
          return at === 4 || at === 5 || (at >= 12 && at < 32)
        })
        expect(own).toEqual(changed)
      }),
      { numRuns: 30 },
    )
  })

  it.each([
    ['a bigint', 1n],
    ['a symbol', Symbol('s')],
    ['a function', () => 1],
    ['an object', {}],
    ['an array', [1]],
    ['a boxed number', Object(1)],
    ['a boxed string', Object('text')],
    ['a date', new Date(0)],
  ])('are no other values: %s', (_, value) => {
    expect(writeInline(board, 5, [value])).toBe(false)
    expect(writeInline(board, 5, [1, 'a', value])).toBe(false)
  })

  it.each([
    ['39 characters', ['x'.repeat(39)], true],
    ['40 characters', ['x'.repeat(40)], false],
    ['eight numbers', [1, 2, 3, 4, 5, 6, 7, 8], true],
    ['eight numbers and nothing', [1, 2, 3, 4, 5, 6, 7, 8, undefined], false],
    ['eight strings of three', Array(8).fill('abc'), true],
    ['eight strings of four', Array(8).fill('abcd'), false],
    ['no values', [], true],
  ])('fit up to their end: %s', (_, values, fits) => {
    expect(writeInline(board, 6, values)).toBe(fits)
    if (fits) expect(readInline(board, 6, values.length)).toEqual(values)
  })
})
