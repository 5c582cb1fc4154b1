import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { PriorityQueue } from '../../src/internal/priority-queue.ts'

describe('PriorityQueue, for every sequence of commands', () => {
  it('R2 always gives what a sorted list gives: highest first, equal ones in the order they came', () => {
    const priority = fc.oneof(fc.integer({ min: -2, max: 2 }), fc.double({ noNaN: true }))
    const commands = fc.commands(
      [
        priority.map((each) => new Push(each)),
        fc.constant(new Push(0)),
        fc.nat(4).map((count) => new Shift(count)),
        fc.integer({ min: 1, max: 4 }).map((divisor) => new Retain(divisor)),
      ],
      { maxCommands: 80 },
    )

    fc.assert(
      fc.property(commands, (program) => {
        fc.modelRun(
          () => ({ model: { items: [], count: 0 }, real: new PriorityQueue<number>() }),
          program,
        )
      }),
      { numRuns: 300 },
    )
  })
})

describe('PriorityQueue', () => {
  it('takes infinite priorities, and -0 for 0', () => {
    const queue = new PriorityQueue<string>()

    queue.push('last', -Infinity)
    queue.push('zero', 0)
    queue.push('first', Infinity)
    queue.push('minus zero', -0)

    const given = Array.from({ length: 5 }, () => queue.shift())
    expect(given).toEqual(['first', 'zero', 'minus zero', 'last', undefined])
  })

  it('retain() tests the items in their order, once each', () => {
    const queue = new PriorityQueue<string>()
    const tested: string[] = []
    queue.push('low', -1)
    queue.push('middle, first', 0)
    queue.push('high', 1)
    queue.push('middle, second', 0)

    queue.retain((item) => {
      tested.push(item)
      return item.startsWith('middle')
    })

    expect(tested).toEqual(['high', 'middle, first', 'middle, second', 'low'])
    expect([queue.size, queue.shift(), queue.shift(), queue.shift()]).toEqual([
      2,
      'middle, first',
      'middle, second',
      undefined,
    ])
  })

  it('takes a hundred thousand items of a thousand priorities', () => {
    const queue = new PriorityQueue<number>()
    const numbers = Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 1000)

    for (const number of numbers) queue.push(number, number)

    const given = numbers.map(() => queue.shift())
    expect(given).toEqual(numbers.toSorted((a, b) => b - a))
    expect(queue.size).toBe(0)
  })
})

/** In the order in which they must come out. Items are numbered as they come. */
interface Model {
  items: { id: number; priority: number }[]
  count: number
}

class Push implements fc.Command<Model, PriorityQueue<number>> {
  readonly #priority: number

  constructor(priority: number) {
    this.#priority = priority
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: PriorityQueue<number>): void {
    model.count += 1
    real.push(model.count, this.#priority)
    model.items.push({ id: model.count, priority: this.#priority })
    // The sort of arrays is stable.
    model.items.sort((a, b) => (a.priority === b.priority ? 0 : b.priority - a.priority))
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return `push with priority ${this.#priority}`
  }
}

class Shift implements fc.Command<Model, PriorityQueue<number>> {
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: PriorityQueue<number>): void {
    const given = Array.from({ length: this.#count }, () => real.shift())
    const expected = Array.from({ length: this.#count }, (_, i) => model.items[i]?.id)
    model.items = model.items.slice(this.#count)
    expect(given).toEqual(expected)
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return `shift ${this.#count} times`
  }
}

class Retain implements fc.Command<Model, PriorityQueue<number>> {
  readonly #divisor: number

  constructor(divisor: number) {
    this.#divisor = divisor
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: PriorityQueue<number>): void {
    const tested: number[] = []
    const expected = model.items.map(({ id }) => id)
    real.retain((id) => {
      tested.push(id)
      return id % this.#divisor === 0
    })
    model.items = model.items.filter(({ id }) => id % this.#divisor === 0)
    expect(tested).toEqual(expected)
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return `retain the multiples of ${this.#divisor}`
  }
}
