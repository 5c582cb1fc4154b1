import { type BoardMemory, DATA, SLOT_WORDS, TAGS } from './board-memory.ts'

/**
 * Values small enough to be written into the slot of their call: up to eight of `undefined`,
 * `null`, booleans, numbers and short strings. To clone them for a message would cost ten times as
 * much as all the rest of the call.
 */

const UNDEFINED = 0
const NULL = 1
const FALSE = 2
const TRUE = 3
const NUMBER = 4
const STRING = 5

const MOST_VALUES = 8

/** Writes values into a slot. Gives false, and says nothing of the slot, if they do not fit. */
export function writeInline(board: BoardMemory, slot: number, values: readonly unknown[]): boolean {
  if (values.length > MOST_VALUES) return false
  const base = board.base(slot)
  const end = base + SLOT_WORDS
  let at = base + DATA
  for (let i = 0; i < values.length; i++) {
    const value = values[i]
    let tag: number
    if (typeof value === 'number') {
      if (at + 2 > end) return false
      board.floats[at >> 1] = value
      at += 2
      tag = NUMBER
    } else if (typeof value === 'string') {
      // Its length in the first place, then its characters; the next value begins on a whole double.
      const words = 2 * ((value.length + 4) >> 2)
      if (at + words > end) return false
      const { chars } = board
      let to = 2 * at
      chars[to++] = value.length
      for (let j = 0; j < value.length; j++) chars[to++] = value.charCodeAt(j)
      at += words
      tag = STRING
    } else if (value === undefined) tag = UNDEFINED
    else if (value === null) tag = NULL
    else if (value === true) tag = TRUE
    else if (value === false) tag = FALSE
    else return false
    board.bytes[4 * (base + TAGS) + i] = tag
  }
  return true
}

/** Reads values that were written into a slot. */
export function readInline(board: BoardMemory, slot: number, count: number): unknown[] {
  const base = board.base(slot)
  const values: unknown[] = []
  let at = base + DATA
  for (let i = 0; i < count; i++) {
    const tag = board.bytes[4 * (base + TAGS) + i]
    if (tag === NUMBER) {
      values.push(board.floats[at >> 1])
      at += 2
    } else if (tag === STRING) {
      const from = 2 * at + 1
      const length = board.chars[from - 1] as number
      values.push(String.fromCharCode(...board.chars.subarray(from, from + length)))
      at += 2 * ((length + 4) >> 2)
    } else
      values.push(tag === NULL ? null : tag === TRUE ? true : tag === FALSE ? false : undefined)
  }
  return values
}
