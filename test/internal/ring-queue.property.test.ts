import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { RingQueue } from '../../src/internal/ring-queue.ts'
import { survivorsOf } from '../support/collected.ts'

describe('RingQueue, for every sequence of commands', () => {
  it('always gives what a plain array gives', () => {
    const commands = fc.commands(
      [
        fc.integer().map((item) => new Push([item])),
        // In bulk, to reach the sizes where it grows, wraps around and starts anew.
        fc.nat(3000).map((count) => new Push(Array.from({ length: count }, (_, i) => i))),
        fc.nat(3).map((count) => new Shift(count)),
        fc.nat(3000).map((count) => new Shift(count)),
      ],
      { maxCommands: 60 },
    )

    fc.assert(
      fc.property(commands, (program) => {
        fc.modelRun(() => ({ model: { items: [] }, real: new RingQueue<number>() }), program)
      }),
    )
  })
})

describe('RingQueue', () => {
  it('gives nothing when it is empty, however often it is asked', () => {
    const queue = new RingQueue<number>()

    const given = [queue.shift(), queue.shift(), queue.size]
    queue.push(1)

    expect(given).toEqual([undefined, undefined, 0])
    expect([queue.shift(), queue.shift(), queue.size]).toEqual([1, undefined, 0])
  })

  it('takes `undefined` for an item like any other', () => {
    const queue = new RingQueue<undefined>()

    queue.push(undefined)
    queue.push(undefined)

    expect(queue.size).toBe(2)
    queue.shift()
    expect(queue.size).toBe(1)
  })

  it('lets go of what it has given', async () => {
    const queue = new RingQueue<object>()
    const item = pushAndShift(queue)
    queue.push({ another: 1 })

    expect(await survivorsOf([item])).toBe(0)
    expect(queue.size).toBe(1)
  })
})

interface Model {
  items: number[]
}

class Push implements fc.Command<Model, RingQueue<number>> {
  readonly #items: readonly number[]

  constructor(items: readonly number[]) {
    this.#items = items
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: RingQueue<number>): void {
    for (const item of this.#items) real.push(item)
    model.items = model.items.concat(this.#items)
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return this.#items.length === 1 ? `push ${this.#items[0]}` : `push ${this.#items.length} items`
  }
}

class Shift implements fc.Command<Model, RingQueue<number>> {
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: RingQueue<number>): void {
    const given = Array.from({ length: this.#count }, () => real.shift())
    const expected = Array.from({ length: this.#count }, (_, i) => model.items[i])
    model.items = model.items.slice(this.#count)
    expect(given).toEqual(expected)
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return `shift ${this.#count} times`
  }
}

// In a function of its own, so that no variable of the test still refers to the item.
function pushAndShift(queue: RingQueue<object>): WeakRef<object> {
  queue.push({})
  return new WeakRef(queue.shift() as object)
}
