/**
 * The least that a deferred call with a handle can be: an object a call, a queue, slots that are
 * used again, one drain for all. It keeps no rule: a body that fails is lost, nothing can be
 * cancelled, no context is carried, the event loop is never let turn. What it costs is what no
 * package of this kind can go below; what is on top is the price of the rules.
 */
import type { Limiter } from './limiters.ts'

type Body = () => Promise<unknown>

class Handle {
  isDone = false
  value: unknown
  follower: { settled(handle: Handle): void } | undefined
  readonly body: Body | undefined

  constructor(body: Body | undefined) {
    this.body = body
  }

  settle(value: unknown): void {
    this.isDone = true
    this.value = value
    this.follower?.settled(this)
  }

  // biome-ignore lint/suspicious/noThenProperty: to be awaited, as futures are
  then<A, B>(
    onFulfilled?: ((value: unknown) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    const promise = new Promise<unknown>((resolve) => {
      if (this.isDone) resolve(this.value)
      else this.follower = { settled: (handle) => resolve(handle.value) }
    })
    return promise.then(onFulfilled, onRejected)
  }
}

class Gather {
  readonly whole = new Handle(undefined)
  readonly #inputs: readonly Handle[]
  #left: number

  constructor(inputs: readonly Handle[]) {
    this.#inputs = inputs
    this.#left = inputs.length
    for (const input of inputs) input.follower = this
  }

  settled(): void {
    this.#left -= 1
    if (this.#left === 0) this.whole.settle(this.#inputs.map(({ value }) => value))
  }
}

class Slot {
  handle: Handle | undefined
  readonly #queue: BareQueue

  constructor(queue: BareQueue) {
    this.#queue = queue
  }

  readonly fulfil = (value: unknown): void => {
    const handle = this.handle as Handle
    this.#queue.free.push(this)
    handle.settle(value)
    this.#queue.drain()
  }
}

class BareQueue {
  readonly free: Slot[] = []
  readonly #body: Body
  #waiting: (Handle | undefined)[] = []
  #next = 0
  #slots: number
  #isAwake = false

  constructor(concurrency: number, body: Body) {
    this.#slots = concurrency
    this.#body = body
  }

  call(): Handle {
    const handle = new Handle(this.#body)
    this.#waiting.push(handle)
    if (!this.#isAwake) {
      this.#isAwake = true
      void resolved.then(this.#wake)
    }
    return handle
  }

  drain(): void {
    while (this.#next < this.#waiting.length) {
      const slot = this.free.pop() ?? this.#makeSlot()
      if (slot === undefined) return
      slot.handle = this.#waiting[this.#next] as Handle
      this.#waiting[this.#next++] = undefined
      void nativeThen.call((slot.handle.body as Body)(), slot.fulfil)
    }
    this.#waiting = []
    this.#next = 0
  }

  readonly #wake = (): void => {
    this.#isAwake = false
    this.drain()
  }

  #makeSlot(): Slot | undefined {
    if (this.#slots === 0) return undefined
    this.#slots -= 1
    return new Slot(this)
  }
}

const resolved = Promise.resolve()
const { then: nativeThen } = Promise.prototype

/** A limit with bare handles. */
export function bareHandles(concurrency: number, body: Body): Limiter {
  const bare = new BareQueue(concurrency, body)
  const call = (): Handle => bare.call()
  const queue = (calls: number): Handle[] => {
    const handles: Handle[] = []
    for (let i = 0; i < calls; i++) handles.push(call())
    return handles
  }
  return { call, queue, all: gatherBare }
}

/** Gathers bare handles that have not settled. */
export function gatherBare(handles: readonly PromiseLike<unknown>[]): PromiseLike<unknown> {
  return new Gather(handles as readonly Handle[]).whole
}
