import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Board } from '../../src/workers/board.ts'
import { SLOTS } from '../../src/workers/board-memory.ts'
import {
  codeOf,
  DONE,
  FREE,
  QUEUED,
  RUNNING,
  threadOf,
  useOf,
} from '../../src/workers/slot-word.ts'

// Where the header keeps the ends of the ring, and how many entries that has.
const HEAD = 0
const TAIL = 16
const RING = 4 * SLOTS
// What a slot's word grows by with each use.
const USE = 1 << 12

/** A call, which is in one slot, and the word that the slot had when it was put there. */
interface Call {
  readonly id: number
  readonly slot: number
  readonly word: number
}

/** The board as lists: what is on it, in order. */
class Model {
  /** The ring from its first call on; what is not queued any more is `undefined`. */
  readonly ring: (Call | undefined)[] = []
  readonly running: { readonly call: Call; readonly thread: number }[] = []
  readonly finished: Call[] = []
  readonly taken: Call[] = []
  readonly free: number[]
  /** All that ever was. */
  readonly all: Call[] = []
  tail: number

  constructor(slots: number, tail: number) {
    this.free = Array.from({ length: slots }, (_, i) => (i * 37) % SLOTS)
    this.tail = tail
  }

  get hasRoom(): boolean {
    while (this.ring.length > 0 && this.ring[0] === undefined) this.ring.shift()
    return this.ring.length < RING
  }

  get queued(): Call[] {
    return this.ring.filter((call) => call !== undefined)
  }

  leaveRing(call: Call): void {
    this.ring[this.ring.indexOf(call)] = undefined
  }
}

/** One board as its owner and each of its threads look at it. */
interface Real {
  readonly owner: Board
  readonly threads: readonly Board[]
}

type Act = (model: Model, real: Real) => void

function command(name: string, act: Act): fc.Command<Model, Real> {
  return {
    check: () => true,
    run: (model, real) => {
      act(model, real)
      const { owner, threads } = real
      const seen = [owner.hasRoom, owner.tail, threads[0]?.tail, owner.hasFinished]
      const { hasRoom, tail, finished } = model
      expect(seen).toEqual([hasRoom, tail, tail, finished.length > 0])
    },
    toString: () => name,
  }
}

function put(model: Model, owner: Board, which: number): void {
  if (model.free.length === 0 || !model.hasRoom) return
  const [slot] = model.free.splice(which % model.free.length, 1) as [number]
  const id = model.all.length
  owner.describe(slot, id, id % 9, id % 2 === 0)
  const word = owner.enqueue(slot)
  const call = { id, slot, word }
  const last = model.all.findLast((other) => other.slot === slot)
  if (last !== undefined) expect(useOf(word)).toBe((useOf(last.word) + USE) | 0)
  expect([owner.state(slot), codeOf(word)]).toEqual([word, QUEUED])
  model.ring.push(call)
  model.all.push(call)
  model.tail = (model.tail + 1) | 0
}

/** What the owner does to have a call back. */
const isTakenBack = (owner: Board, { slot, word }: Call): boolean =>
  owner.change(slot, word, useOf(word) | FREE)

function takeBack(model: Model, owner: Board, call: Call | undefined): void {
  if (call === undefined) return
  const isQueued = model.queued.includes(call)
  expect(isTakenBack(owner, call)).toBe(isQueued)
  if (!isQueued) return
  model.leaveRing(call)
  model.free.push(call.slot)
}

function putAndTakeBack(model: Model, owner: Board): void {
  const slot = model.free[0] as number
  const id = model.all.length
  owner.describe(slot, id, 0, false)
  const call = { id, slot, word: owner.enqueue(slot) }
  if (!isTakenBack(owner, call)) expect.unreachable()
  model.all.push(call)
  model.ring.push(undefined)
  model.tail = (model.tail + 1) | 0
}

/** @param meanwhile - Happens while the thread looks at the first call. */
function claim(model: Model, { threads }: Real, which: number, odd: number, meanwhile?: Act): void {
  const index = which % threads.length
  const board = threads[index] as Board
  // What is put on the ring meanwhile is for the next look.
  const end = model.all.length
  const looked: number[] = []
  let left = meanwhile
  const slot = board.claim(index, (it) => {
    const id = board.functionOf(it)
    looked.push(id)
    left?.(model, { owner: board, threads })
    left = undefined
    return id % 3 !== odd
  })

  // Whatever has happened meanwhile, it is the first of those that are left.
  const [call] = model.queued.filter(({ id }) => id < end && id % 3 !== odd)
  expect(slot).toBe(call === undefined ? -1 : call.slot)
  expect(looked).toEqual([...looked].sort((a, b) => a - b))
  if (call === undefined) return
  const { id, word } = call
  const state = board.state(slot)
  expect([codeOf(state), threadOf(state), useOf(state)]).toEqual([RUNNING, index, useOf(word)])
  expect([board.functionOf(slot), board.countOf(slot)]).toEqual([id, id % 9])
  expect([board.isTimed(slot), board.hasBegun(slot)]).toEqual([id % 2 === 0, false])
  model.leaveRing(call)
  model.running.push({ call, thread: index })
}

function finish(model: Model, { threads }: Real, which: number): void {
  if (model.running.length === 0) return
  const [{ call, thread }] = model.running.splice(which % model.running.length, 1) as [
    Model['running'][0],
  ]
  threads[thread]?.finish(call.slot)
  model.finished.push(call)
}

function collect(model: Model, { owner }: Real): void {
  const slots = owner.takeFinished()
  expect(slots).toEqual(model.finished.map(({ slot }) => slot))
  for (const call of model.finished) {
    expect(codeOf(owner.state(call.slot))).toBe(DONE)
    expect(useOf(owner.state(call.slot))).toBe(useOf(call.word))
  }
  model.taken.push(...model.finished.splice(0))
}

function free(model: Model, { owner }: Real, which: number): void {
  if (model.taken.length === 0) return
  const [{ slot }] = model.taken.splice(which % model.taken.length, 1) as [Call]
  owner.free(slot)
  expect(codeOf(owner.state(slot))).toBe(FREE)
  model.free.push(slot)
}

const oneOf = <T>(list: readonly T[], which: number): T | undefined => list[which % list.length]

const number = fc.nat(1000)
// Three of four calls can run, two of three, or all.
const refused = fc.constantFrom(-1, -1, 0, 1, 2)

const quick: fc.Arbitrary<[string, Act]> = fc.oneof(
  number.map((n): [string, Act] => [`put ${n}`, (model, { owner }) => put(model, owner, n)]),
  number.map((n): [string, Act] => [
    `take back ${n}`,
    (model, { owner }) => takeBack(model, owner, oneOf(model.all.slice(-20), n)),
  ]),
  fc
    .tuple(number, refused)
    .map(([n, odd]): [string, Act] => [
      `claim ${n} but ${odd}`,
      (model, real) => claim(model, real, n, odd),
    ]),
  number.map((n): [string, Act] => [`finish ${n}`, (model, real) => finish(model, real, n)]),
  fc.constant<[string, Act]>(['collect', collect]),
  number.map((n): [string, Act] => [`free ${n}`, (model, real) => free(model, real, n)]),
)

const several: fc.Arbitrary<[string, Act]> = fc.oneof(
  fc
    .tuple(number, refused, quick)
    .map(([n, odd, [name, act]]): [string, Act] => [
      `claim ${n} but ${odd}, meanwhile ${name}`,
      (model, real) =>
        claim(model, real, n, odd, (_, { threads }) => act(model, { owner: real.owner, threads })),
    ]),
  fc.nat(60).map((count): [string, Act] => [
    `put ${count} times`,
    (model, { owner }) => {
      for (let i = 0; i < count; i++) put(model, owner, i)
    },
  ]),
  // Often enough to fill the ring, behind a call that nobody takes.
  fc.constantFrom(10, 10, RING - 20, RING).map((count): [string, Act] => [
    `put and take back ${count} times`,
    (model, { owner }) => {
      for (let i = 0; i < count && model.free.length > 0 && model.hasRoom; i++) {
        putAndTakeBack(model, owner)
      }
    },
  ]),
  fc.nat(200).map((count): [string, Act] => [
    `run ${count}`,
    (model, real) => {
      for (let i = 0; i < count; i++) {
        claim(model, real, i, -1)
        finish(model, real, i)
      }
    },
  ]),
  fc.constant<[string, Act]>([
    'free all',
    (model, real) => {
      collect(model, real)
      while (model.taken.length > 0) free(model, real, 0)
    },
  ]),
)

const commands = fc.commands(
  [
    fc
      .oneof({ weight: 4, arbitrary: quick }, { weight: 3, arbitrary: several })
      .map(([name, act]) => command(name, act)),
  ],
  { maxCommands: 60, size: 'max' },
)

// The ends of the ring count on and on: they wrap around here, and change their sign.
const firstTail = fc.oneof(
  fc.constant(0),
  fc.nat(40).map((n) => (2 ** 31 - n) | 0),
  fc.nat(40).map((n) => -n | 0),
)
const firstUse = fc.constantFrom(0, 0x7f_ff_f0_00, -USE)

describe('the board, for every interleaving of its owner and its threads', () => {
  it('always gives each call to one thread, in the order of putting, and back in that of finishing', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 4 }),
        fc.constantFrom(1, 3, 8, SLOTS),
        firstTail,
        firstUse,
        commands,
        (count, slots, tail, use, program) => {
          const owner = new Board(count)
          owner.words[HEAD] = tail
          owner.words[TAIL] = tail
          for (let slot = 0; slot < SLOTS; slot++) owner.words[owner.base(slot)] = use
          const threads = Array.from({ length: count }, () => new Board(count, owner.buffer))
          const model = new Model(slots, tail)
          const real = { owner, threads }

          fc.modelRun(() => ({ model, real }), program)

          // Nothing is lost: each is still where it was left.
          while (model.queued.length > 0) claim(model, real, 1, -1)
          claim(model, real, 0, -1)
          while (model.running.length > 0) finish(model, real, 1)
          collect(model, real)
          while (model.taken.length > 0) free(model, real, 0)
          expect(model.free).toHaveLength(slots)
        },
      ),
      { numRuns: 100 },
    )
  })

  it('always leaves the slots and lines of others as they are', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(SLOTS - 1), (count, slot) => {
        const board = new Board(count)
        for (let word = 0; word < 32; word++) board.words[board.base(slot) + word] = -1
        for (let thread = 0; thread < count; thread++) board.attendance.begin(thread)

        const strangers = board.words.filter((word) => word === -1)

        expect(strangers).toHaveLength(32)
        expect(board.base(slot) % 2).toBe(0)
        expect(board.base(SLOTS)).toBe(board.words.length)
        expect(board.attendance.count()).toBe(count)
      }),
      { numRuns: 30 },
    )
  })
})

/** What is in the word of an offer. */
interface Offer {
  readonly key: number
  readonly word: number
  state: 'open' | 'taken' | 'retracted' | 'looked at'
}

class OfferModel {
  readonly offers: Offer[] = []

  /** A word is kept until the offer was taken, or somebody has looked at one that was retracted. */
  get busy(): number {
    return this.offers.filter(({ state }) => state === 'open' || state === 'retracted').length
  }
}

const WORDS = 15

describe('offers on the board, for every interleaving', () => {
  it('are always had by one side alone, and keep their word until the other knows', () => {
    const act = fc.record({
      is: fc.constantFrom('offer', 'offer', 'take', 'retract'),
      which: fc.nat(40),
    })

    fc.assert(
      fc.property(fc.array(act, { maxLength: 120, size: 'max' }), fc.nat(2), (acts, thread) => {
        const owner = new Board(3)
        const board = new Board(3, owner.buffer)
        const model = new OfferModel()

        for (const { is, which } of acts) {
          if (is === 'offer') {
            const word = board.offers.freeWord(thread)
            expect(word === -1).toBe(model.busy === WORDS)
            if (word === -1) continue
            const key = model.offers.length + 1
            board.offers.set(word, key)
            model.offers.push({ key, word, state: 'open' })
            continue
          }
          const offer = oneOf(model.offers.slice(-40), which)
          if (offer === undefined) continue
          const isOpen = offer.state === 'open'
          if (is === 'take') {
            expect(owner.offers.take(offer.word, offer.key)).toBe(isOpen)
            if (isOpen) offer.state = 'taken'
            else if (offer.state === 'retracted') offer.state = 'looked at'
          } else {
            expect(board.offers.retract(offer.word, offer.key)).toBe(isOpen)
            if (isOpen) offer.state = 'retracted'
          }
        }

        // A thread that begins has none of those that one before it may have died over.
        owner.attendance.begin(thread)
        const words = Array.from({ length: WORDS }, (_, i) => {
          const word = board.offers.freeWord(thread)
          board.offers.set(word, i + 1)
          return word
        })
        expect(new Set(words).size).toBe(WORDS)
        expect(board.offers.freeWord(thread)).toBe(-1)
      }),
      { numRuns: 200 },
    )
  })
})
