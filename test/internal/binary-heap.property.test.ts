import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { BinaryHeap } from '../../src/internal/binary-heap.ts'

describe('BinaryHeap, for every sequence of commands', () => {
  it('always gives what a sorted array gives', () => {
    const commands = fc.commands(
      [
        fc.integer({ min: 0, max: 20 }).map((item) => new Push(item)),
        fc.integer().map((item) => new Push(item)),
        fc.constant(new Peek()),
        fc.constant(new Pop()),
      ],
      { maxCommands: 200 },
    )

    fc.assert(
      fc.property(commands, (program) => {
        fc.modelRun(
          () => ({ model: { items: [] }, real: new BinaryHeap<number>((a, b) => a < b) }),
          program,
        )
      }),
      { numRuns: 200 },
    )
  })

  it('always sorts, in whichever order the items come', () => {
    fc.assert(
      fc.property(fc.array(fc.integer(), { maxLength: 200 }), (items) => {
        const heap = new BinaryHeap<number>((a, b) => a > b)
        for (const item of items) heap.push(item)

        const given = items.map(() => heap.pop())

        expect(given).toEqual(items.toSorted((a, b) => b - a))
        expect([heap.size, heap.peek(), heap.pop()]).toEqual([0, undefined, undefined])
      }),
    )
  })
})

interface Model {
  items: number[]
}

class Push implements fc.Command<Model, BinaryHeap<number>> {
  readonly #item: number

  constructor(item: number) {
    this.#item = item
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: BinaryHeap<number>): void {
    real.push(this.#item)
    model.items.push(this.#item)
    model.items.sort((a, b) => a - b)
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return `push ${this.#item}`
  }
}

class Pop implements fc.Command<Model, BinaryHeap<number>> {
  check(): boolean {
    return true
  }

  run(model: Model, real: BinaryHeap<number>): void {
    expect(real.pop()).toBe(model.items.shift())
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return 'pop'
  }
}

class Peek implements fc.Command<Model, BinaryHeap<number>> {
  check(): boolean {
    return true
  }

  run(model: Model, real: BinaryHeap<number>): void {
    expect(real.peek()).toBe(model.items[0])
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return 'peek'
  }
}
