import { collect, follow } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import { turn } from '../internal/event-loop.ts'
import type { Definition } from '../schedule/definition.ts'
import { Dispatcher } from '../schedule/dispatcher.ts'
import type { Run } from '../schedule/executor.ts'
import { argumentError, refuseFutures, resultError, thrownBy } from './clone-error.ts'
import { isError } from './clone-kind.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import type { Home } from './home.ts'
import { receive } from './host.ts'
import type { Answer } from './messages.ts'
import { type Outcome, outcomeOf, tellOutcome } from './outcome.ts'
import { PumpedClock } from './pumped-clock.ts'
import { RemoteCall } from './remote-call.ts'
import { forgetTransfers, transfersOf } from './transfer.ts'
import type { Workforce } from './workforce.ts'

/** A call that a body makes of its own pool. */
class NestedCall extends RemoteCall {
  /** Names the offer to the pool, if there is one. */
  key = 0
  /** Where on the board it says whether somebody has taken it. */
  word = -1
  /** When it was offered. */
  offeredAt = 0
  /** Its run on this thread. */
  here: AnyFuture | undefined
}

/**
 * A pool as its own bodies see it. What they call is offered to the other threads, and whoever is
 * the first runs it: a free thread, or this one as soon as its body waits. So calls of any depth go
 * on when all threads wait for each other, and when the thread that owns the pool is blocked.
 */
export class NestedCrew implements Workforce {
  readonly place = 'main'
  readonly dispatcher: Dispatcher
  readonly #home: Home
  readonly #clock = new PumpedClock()
  /** Offered or not, nobody is known to have begun them. In the order of the calls. */
  readonly #open = new Set<NestedCall>()
  /** What other threads run, and what is offered to them. */
  readonly #offered = new Map<number, NestedCall>()
  #orders = 0
  #keys = 0
  #isComing = false
  #isBlocked = false
  isRefused = false

  constructor(home: Home, name: string) {
    this.#home = home
    this.dispatcher = new Dispatcher({
      name,
      concurrency: Infinity,
      start: 'eager',
      slice: Infinity,
      clock: this.#clock,
      signal: undefined,
      rate: undefined,
    })
    home.onAnswer = (answer) => this.#answered(answer)
    home.onRefusal = () => {
      this.isRefused = true
    }
  }

  get size(): number {
    return this.#home.board.attendance.count()
  }

  submit(definition: Definition, name: string, values: readonly unknown[]): AnyFuture {
    const call = new NestedCall(name, values, definition.options, this.#orders++)
    return this.dispatcher.submit(definition, undefined, [call, ...values])
  }

  demanded(): void {
    this.dispatcher.drain()
  }

  execute(run: Run, [recorded]: readonly unknown[]): void {
    const call = recorded as NestedCall
    call.run = run
    this.#open.add(call)
    // Where a blocked thread gets no answers, what is called just before it blocks stays here.
    if (receive !== undefined) this.#offer(call, false)
    this.#runSoon()
  }

  withdraw(call: NestedCall): boolean {
    call.isDropped = this.#takeBack(call)
    return false
  }

  cancel(call: NestedCall, reason: unknown): void {
    if (call.isDropped) call.pass({ isFailure: true, value: reason })
    else if (call.here !== undefined) call.here.cancel(reason)
    else this.#home.tell({ is: 'cancel offer', key: call.key, reason: packThrown(reason) })
  }

  // The pool is its owner's to close.

  async close(): Promise<void> {
    this.dispatcher.closed = true
    await this.dispatcher.idle()
  }

  terminate(reason: unknown): Promise<void> {
    this.dispatcher.cancel(reason)
    return this.close()
  }

  // Giving calls away.

  #offer(call: NestedCall, mustHelp: boolean): void {
    const { board, index } = this.#home
    if (call.key !== 0 || (!mustHelp && !board.attendance.mayHelp(index))) return
    const word = board.offers.freeWord(index)
    if (word < 0) return
    const key = this.#nextKey()
    const { name: fn, label: name, values, priority } = call
    try {
      const transfer = transfersOf(values)
      // Moved, they could not be run here any more.
      if (transfer.length > 0) return
      board.offers.set(word, key)
      const options = { name, priority }
      this.#home.tell({ is: 'offer', key, word, fn, values: values as unknown[], options })
    } catch {
      // It fails when it is run here, with the same error.
      board.offers.set(word, 0)
      return
    }
    call.key = key
    call.word = word
    call.offeredAt = performance.now()
    this.#offered.set(key, call)
    this.#home.callOwner()
  }

  #nextKey(): number {
    this.#keys = (this.#keys % MOST_KEYS) + 1
    return this.#keys
  }

  /** Takes a call back that nobody has begun. */
  #takeBack(call: NestedCall): boolean {
    if (!this.#open.has(call)) return false
    this.#open.delete(call)
    if (call.key === 0) return true
    // Taken, it has the pool's answer to wait for.
    if (!this.#home.board.offers.retract(call.word, call.key)) return false
    this.#home.tell({ is: 'retract', key: call.key })
    this.#offered.delete(call.key)
    call.key = 0
    return true
  }

  #answered(answer: Answer): void {
    const call = this.#offered.get(answer.key)
    this.#offered.delete(answer.key)
    if (call === undefined) return
    this.#open.delete(call)
    call.key = 0
    call.pass(outcomeOf(answer))
  }

  // Running them here.

  /** Runs what nobody has taken, one call a turn: this thread's body waits, or will. */
  #runSoon(): void {
    if (this.#isComing) return
    this.#isComing = true
    const run = (): void => {
      this.#isComing = false
      for (const call of this.#open) this.#offer(call, false)
      this.#runNext((call) => !this.#isForOthers(call))
      if (this.#open.size > 0) this.#runSoon()
    }
    for (const call of this.#open) if (!this.#isForOthers(call)) return turn(run, true)
    setTimeout(run, PATIENCE)
  }

  /** Whether a call was offered just now: another thread may be about to take it. */
  #isForOthers(call: NestedCall): boolean {
    return call.key !== 0 && performance.now() - call.offeredAt < PATIENCE
  }

  /** Runs the next call that nobody has taken. Gives false if there is none. */
  #runNext(isFit: (call: NestedCall) => boolean): boolean {
    for (const call of this.#open) {
      if (!isFit(call) || !this.#takeBack(call)) continue
      this.#run(call)
      return true
    }
    return false
  }

  #run(call: NestedCall): void {
    let values: unknown[]
    try {
      values = clone(call.values)
    } catch (error) {
      return call.pass({ isFailure: true, value: argumentError(call.title, call.values, error) })
    }
    const here = this.#home.repertoire.call(call.name, call.label, values)
    call.here = here
    collect(here)
    follow(here, {
      settled: (it) => void tellOutcome(it, (outcome) => this.#ended(call, outcome)),
    })
    this.#home.repertoire.begin(here)
  }

  #ended(call: NestedCall, outcome: Outcome): void {
    call.here = undefined
    call.pass(copyOf(outcome, call.title))
  }

  // While this thread is blocked.

  get hasWork(): boolean {
    if (receive === undefined || this.isRefused) return false
    return this.#open.size > 0 || this.#offered.size > 0
  }

  canDeliver(): boolean {
    return true
  }

  pump(): void {
    this.#home.drain()
    // A body that blocks has no other place to learn of it.
    this.#home.throwIfCancelled()
    this.#clock.run()
    // An async body would get stuck at its first await.
    const { repertoire } = this.#home
    while (this.#runNext((call) => !repertoire.isAsync(call.name) && !this.#isForOthers(call)));
  }

  block(milliseconds: number): void {
    const { board, index } = this.#home
    if (!this.#isBlocked) {
      this.#isBlocked = true
      this.#home.tell({ is: 'blocked', isBlocked: true })
    }
    for (const call of this.#open) this.#offer(call, true)
    this.#home.callOwner()
    let isShort = false
    for (const call of this.#open) isShort ||= this.#isForOthers(call)
    const most = Math.min(milliseconds, isShort ? PATIENCE : LONGEST_BLOCK)
    board.attendance.block(index, () => this.#home.drain(), most)
  }

  unblock(): void {
    if (!this.#isBlocked) return
    this.#isBlocked = false
    this.isRefused = false
    this.#home.tell({ is: 'blocked', isBlocked: false })
    this.#home.callOwner()
  }
}

// What comes from another thread is a copy, and so is what comes from this one.
function copyOf({ isFailure, value }: Outcome, task: string): Outcome {
  try {
    const isThrown = isFailure || isError(value)
    return {
      isFailure,
      value: isThrown
        ? unpackThrown(packThrown(thrownBy(task, value, isFailure)))
        : clone([value])[0],
    }
  } catch (error) {
    return { isFailure: true, value: resultError(task, value, error) }
  }
}

/** Clones values as a message would. Throws what cannot be. */
function clone(values: readonly unknown[]): unknown[] {
  if (values.every((value) => Object(value) !== value && typeof value !== 'symbol')) {
    return [...values]
  }
  refuseFutures(values)
  const transfer = transfersOf(values)
  const clones = structuredClone(values, { transfer }) as unknown[]
  if (transfer.length > 0) forgetTransfers(values)
  return clones
}

/** The names of offers begin anew after so many. */
const MOST_KEYS = 2 ** 30

/** How long an offer stands before this thread runs the call itself, in milliseconds. */
const PATIENCE = 2

/** In milliseconds: how long to wait at most before looking again. */
const LONGEST_BLOCK = 50
