import { describe, expect, it } from 'vitest'
import { transfer, transfersOf } from '../../src/workers/transfer.ts'
import { revokedProxy } from '../support/hostile.ts'

describe('transfer()', () => {
  it('gives the value back, and leaves it and the list alone', () => {
    const bytes = new Uint8Array(4)
    const value = { bytes }
    const list = [bytes.buffer]

    expect(transfer(value, list)).toBe(value)

    expect([value, list, bytes.length]).toEqual([{ bytes }, [bytes.buffer], 4])
    expect(Object.getOwnPropertyNames(value)).toEqual(['bytes'])
  })

  it('takes a frozen value', () => {
    const buffer = new ArrayBuffer(1)
    const value = transfer(Object.freeze({ buffer }), [buffer])

    expect(transfersOf([value])).toEqual([buffer])
  })

  it.each([1, 'text', null, undefined, true, 1n, Symbol('s'), () => {}])(
    'throws a TypeError for a value that is no object: %o',
    (value) => {
      expect(() => transfer(value, [])).toThrow(TypeError)
      expect(() => transfer(value, [])).toThrow('Expected `value` to be an object, got ')
    },
  )

  it.each<[unknown, string]>([
    [undefined, 'Expected `list` to be an array, got `undefined` (undefined)'],
    [new ArrayBuffer(1), 'Expected `list` to be an array, got some object'],
    [[new ArrayBuffer(1), 7], 'Expected `list[1]` to be an object, got `7` (number)'],
    [[null], 'Expected `list[0]` to be an object, got `null` (object)'],
  ])('throws a TypeError for what is no list of objects: %o', (list, message) => {
    const value = {}

    expect(() => transfer(value, list as never)).toThrow(TypeError)
    expect(() => transfer(value, list as never)).toThrow(message)

    expect(transfersOf([value])).toEqual([])
  })
})

describe('transfersOf()', () => {
  it('collects the lists of the values in order, each object once', () => {
    const [a, b, c] = [1, 2, 3].map((size) => new ArrayBuffer(size)) as Buffers

    const first = transfer({}, [b, a])
    const second = transfer(c, [c, a])

    expect(transfersOf([first, 'text', null, undefined, () => {}, second, first])).toEqual([
      b,
      a,
      c,
    ])
  })

  it('looks into objects and arrays, one level deep', () => {
    const [a, b, c] = [1, 2, 3].map((size) => new ArrayBuffer(size)) as Buffers
    const [inRecord, inArray, deeper] = [a, b, c].map((one) => transfer({}, [one]))

    expect(transfersOf([{ inRecord }, [inArray], { down: { deeper } }])).toEqual([a, b])
  })

  it('goes by the last list, as it was then', () => {
    const [a, b, c] = [1, 2, 3].map((size) => new ArrayBuffer(size)) as Buffers
    const value = {}
    transfer(value, [a])
    const list = [b]
    transfer(value, list)
    list.push(c)

    expect(transfersOf([value])).toEqual([b])
  })

  it('runs no code of the values', () => {
    const log: string[] = []
    const value = {
      get a() {
        return log.push('a was read')
      },
    }

    expect(transfersOf([value, revokedProxy()])).toEqual([])
    expect(log).toEqual([])
  })

  it('is what the platform takes', () => {
    const bytes = new Uint8Array([1, 2, 3])
    const values = [{ image: transfer(bytes, [bytes.buffer]) }, transfer(bytes, [bytes.buffer])]

    const [{ image }] = structuredClone(values, { transfer: transfersOf(values) }) as [
      { image: Uint8Array },
    ]

    expect([[...image], bytes.byteLength]).toEqual([[1, 2, 3], 0])
  })
})

type Buffers = [ArrayBuffer, ArrayBuffer, ArrayBuffer]
