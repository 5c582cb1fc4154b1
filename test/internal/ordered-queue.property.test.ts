import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OrderedQueue } from '../../src/internal/ordered-queue.ts'
import { survivorsOf } from '../support/collected.ts'

interface Model {
  readonly items: number[]
}

type Real = OrderedQueue<number>

class Push implements fc.Command<Model, Real> {
  readonly #items: readonly number[]

  constructor(items: readonly number[]) {
    this.#items = items
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: Real): void {
    for (const item of this.#items) {
      model.items.push(item)
      real.push(item)
    }
    model.items.sort((a, b) => a - b)
    expect(real.size).toBe(model.items.length)
  }

  toString(): string {
    return `push(${this.#items})`
  }
}

class Pop implements fc.Command<Model, Real> {
  readonly #count: number

  constructor(count: number) {
    this.#count = count
  }

  check(): boolean {
    return true
  }

  run(model: Model, real: Real): void {
    for (let i = 0; i < this.#count; i++) {
      const first = model.items.shift()
      expect([real.peek(), real.pop(), real.size]).toEqual([first, first, model.items.length])
    }
  }

  toString(): string {
    return `pop(${this.#count})`
  }
}

describe('OrderedQueue, for every sequence of commands', () => {
  it('always gives what a sorted array gives', () => {
    const commands = fc.commands(
      [
        fc.integer({ min: 0, max: 50 }).map((item) => new Push([item])),
        fc.nat(40).map((count) => new Push(Array.from({ length: count }, (_, i) => i))),
        fc.nat(3).map((count) => new Pop(count)),
        fc.nat(40).map((count) => new Pop(count)),
      ],
      { maxCommands: 60 },
    )

    fc.assert(
      fc.property(commands, (program) => {
        const setup = () => ({
          model: { items: [] },
          real: new OrderedQueue<number>((a, b) => a < b),
        })
        fc.modelRun(setup, program)
      }),
    )
  })
})

describe('OrderedQueue', () => {
  it('keeps nothing of what has left it', async () => {
    const queue = new OrderedQueue<{ at: number }>((a, b) => a.at < b.at)

    const item = pushAndPop(queue)

    expect(await survivorsOf([item])).toBe(0)
    expect(queue.size).toBe(0)
  })
})

function pushAndPop(queue: OrderedQueue<{ at: number }>): WeakRef<object> {
  const item = { at: 1 }
  queue.push(item)
  queue.pop()
  return new WeakRef(item)
}
