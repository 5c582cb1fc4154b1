import { describe, expect, it } from 'vitest'
import { SharedSlot, type SlotMember, type SlotOwner } from '../../src/schedule/shared-slot.ts'

/** Bodies of one scheduler and the slots they are in. */
class World implements SlotOwner {
  lent = 0
  hasFree = false
  readonly idle = new Set<SharedSlot>()
  readonly parked = new Set<SlotMember>()
  readonly log: string[] = []
  readonly first: Body = new Body(this, 'first')
}

class Body implements SlotMember {
  readonly waits = new Set<string>()
  readonly name: string
  slot: SharedSlot
  lender: Body | undefined
  readonly #world: World

  constructor(world: World, name: string, lender?: Body) {
    this.#world = world
    this.name = name
    this.lender = lender
    this.slot = lender?.slot ?? new SharedSlot(world)
    this.slot.join(this)
  }

  lend(name: string): Body {
    return new Body(this.#world, name, this)
  }

  wait(...names: string[]): void {
    for (const name of names) this.waits.add(name)
    this.slot.pass()
  }

  resume(name: string): void {
    this.waits.delete(name)
    this.slot.resume(this, () => this.#world.log.push(`${this.name}: ${name}`))
  }
}

describe('a shared slot', () => {
  it('has a body go on at once while nobody else executes in it', () => {
    const world = new World()
    const { first } = world
    first.wait('a', 'b')

    first.resume('a')
    first.resume('b')

    expect(world.log).toEqual(['first: a', 'first: b'])
    expect(world.idle.size).toBe(0)
  })

  it('R4 has a body go on when the one that executes in it waits', () => {
    const world = new World()
    const { first } = world
    first.wait('a')
    const second = first.lend('second')

    first.resume('a')
    expect(world.log).toEqual([])
    second.wait('b')
    expect(world.log).toEqual(['first: a'])
    second.resume('b')
    expect(world.log).toEqual(['first: a'])
    first.wait('c')

    expect(world.log).toEqual(['first: a', 'second: b'])
  })

  it('R4 has a body go on when the one that executes in it has ended', () => {
    const world = new World()
    const { first } = world
    first.wait('a')
    const second = first.lend('second')
    first.resume('a')

    second.slot.leave(second)

    expect(world.log).toEqual(['first: a'])
    expect([world.lent, world.parked.size]).toEqual([0, 0])
  })

  it('goes on to the next one if the first in the line still waits for something else', () => {
    const world = new World()
    const { first } = world
    first.wait('a', 'never')
    const second = first.lend('second')
    second.wait('b')
    const third = first.lend('third')
    first.resume('a')
    second.resume('b')

    third.wait('second')

    expect(world.log).toEqual(['first: a', 'second: b'])
    expect(world.parked.size).toBe(0)
  })

  it('is given back to who lent it, through however many, and has the lender lend it again', () => {
    const { first } = new World()
    const { slot } = first
    first.wait('second')
    const second = first.lend('second')
    second.wait('third')
    const third = second.lend('third')

    slot.leave(third)
    expect(slot.current).toBe(second)
    slot.leave(second)

    expect(slot.current).toBe(first)
  })

  it('goes to another body in it when who lent it has ended before', () => {
    const { first } = new World()
    const { slot } = first
    first.wait('second')
    const second = first.lend('second')
    second.wait('third')
    const third = second.lend('third')
    second.resume('third')
    slot.leave(second)

    slot.leave(third)

    expect(slot.current).toBe(first)
  })

  it('is given back to who lent it last, not to another one that waits in it', () => {
    const { first } = new World()
    const { slot } = first
    first.wait('second')
    const second = first.lend('second')
    second.wait('something')
    first.resume('second')
    first.wait('third')
    const third = first.lend('third')

    slot.leave(third)

    expect(slot.current).toBe(first)
    expect(third.lender).toBeUndefined()
  })

  it('counts how many bodies are in it beyond the first', () => {
    const world = new World()
    const { first } = world
    const { slot } = first
    first.wait('second')
    const second = first.lend('second')
    second.wait('third')
    const third = second.lend('third')
    const counts = [world.lent]

    for (const body of [first, third, second]) {
      slot.leave(body)
      counts.push(world.lent)
    }

    expect(counts).toEqual([2, 1, 0, 0])
    expect([slot.current, world.idle.size]).toEqual([undefined, 0])
  })

  it('is idle while nobody executes in it', () => {
    const world = new World()
    const { first } = world
    const idle = [world.idle.has(first.slot)]

    first.wait('a')
    idle.push(world.idle.has(first.slot))
    const second = first.lend('second')
    idle.push(world.idle.has(first.slot))
    second.wait('b')
    idle.push(world.idle.has(first.slot))
    second.resume('b')
    idle.push(world.idle.has(first.slot))
    first.slot.leave(second)
    idle.push(world.idle.has(first.slot))

    expect(idle).toEqual([false, true, false, true, false, true])
  })

  it('is left for another one by a body that could go on, as soon as that is free', () => {
    const world = new World()
    const { first } = world
    first.wait('a')
    const second = first.lend('second')
    const { slot } = second
    first.resume('a')
    expect([...world.parked]).toEqual([first])

    slot.moveOut(first)

    expect(world.log).toEqual(['first: a'])
    expect([world.lent, world.parked.size]).toEqual([0, 0])
    expect([first.slot.current, slot.current]).toEqual([first, second])
  })

  it('is left at once if another one is free then', () => {
    const world = new World()
    const { first } = world
    first.wait('a')
    const second = first.lend('second')
    world.hasFree = true

    first.resume('a')

    expect(world.log).toEqual(['first: a'])
    expect(first.slot).not.toBe(second.slot)
    // Who lent it is elsewhere now.
    second.slot.leave(second)
    expect(second.slot.current).toBeUndefined()
  })

  it('has everything go on at once that a body waited for', () => {
    const world = new World()
    const { first } = world
    first.wait('a', 'b')
    const second = first.lend('second')
    first.resume('a')
    first.resume('b')

    second.wait('c')

    expect(world.log).toEqual(['first: a', 'first: b'])
  })
})
