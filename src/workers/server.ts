import { type AnyCell, collect, contentOf, FULFILLED, follow, stateOf } from '../core/cell.ts'
import { systemClock } from '../core/clock.ts'
import type { Witness } from '../core/driver.ts'
import type { AnyFuture } from '../core/future.ts'
import { lingers } from '../core/linger.ts'
import type { Subscriber } from '../core/subscriber.ts'
import { captureScope } from '../internal/async-context.ts'
import { turn } from '../internal/event-loop.ts'
import { lookForCancelBy } from '../schedule/context.ts'
import { type Body, Definition } from '../schedule/definition.ts'
import { Dispatcher } from '../schedule/dispatcher.ts'
import { ASLEEP, AWAKE, BOOTING, GONE } from './attendance.ts'
import { ASKED, Board, IN_MESSAGE, SEEN } from './board.ts'
import { resultError } from './clone-error.ts'
import { isError } from './clone-kind.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import { type Home, setHome } from './home.ts'
import { hostProcess, leave, type Port, receive, scope, threads } from './host.ts'
import { readInline, writeInline } from './inline-values.ts'
import type { Answer, Kind, Order, Report, SentCall, Welcome } from './messages.ts'
import { FREE, useOf } from './slot-word.ts'
import { Spin } from './spin.ts'
import { transfersOf } from './transfer.ts'

/** The bodies of a module, by the names they are exported under. */
export type Bodies = Readonly<Record<string, unknown>>

/**
 * The work of a thread: takes calls off the board, one after the other, and runs their bodies as
 * futures of its own, so that `context()`, cancelling and errors are the same here as there.
 */
export class Server implements Subscriber<AnyCell>, Witness, Home {
  readonly pool: string
  readonly module: string | undefined
  readonly board: Board
  readonly index: number
  onAnswer: ((answer: Answer) => void) | undefined
  onRefusal: (() => void) | undefined
  readonly #port: Port
  // Kept from being garbage collected: it closes with the thread.
  readonly life: unknown
  #bodies: Bodies | undefined
  readonly #names: string[] = []
  readonly #definitions = new Map<string, Definition>()
  readonly #origin = { scope: captureScope() }
  readonly #dispatcher = new Dispatcher({
    name: 'thread',
    concurrency: Infinity,
    start: 'deferred',
    // One call at a time is no flood.
    slice: Infinity,
    clock: systemClock,
    signal: undefined,
    rate: undefined,
  })
  /** Arguments that came by message, for calls that nobody here has begun. */
  readonly #sent = new Map<number, SentCall>()
  // The call that runs: one at a time.
  #slot = NONE
  #future: AnyFuture | undefined
  #thrown: { readonly error: unknown } | undefined
  #isWorking = false

  constructor({ pool, buffer, threads, index, port, life, module }: Welcome) {
    this.pool = pool
    this.module = module
    this.board = new Board(threads, buffer)
    this.index = index
    this.#port = port as unknown as Port
    this.life = life
    // It starts nothing by itself: bodies begin when they are told to.
    this.#dispatcher.paused = true
    this.#tellOfTheEnd()
    lookForCancelBy(this.#lookForCancel)
    setHome(this)
  }

  /** Serves these bodies from now on. */
  start(bodies: Bodies): void {
    this.#bodies = bodies
    this.#port.onmessage = ({ data }) => {
      this.#obey(data as Order)
      this.#work()
    }
    this.tell({ is: 'ready' })
    this.#work()
  }

  /** There is nothing to serve: the module could not be loaded. */
  fail(error: unknown): void {
    this.tell({ is: 'failed', error: packThrown(error) })
    this.board.attendance.setThreadState(this.index, GONE)
    this.callOwner()
  }

  // Taking calls.

  readonly #work = (): void => {
    if (this.#slot !== NONE || this.#isWorking) return
    const board = this.board
    const index = this.index
    // Unless it was given up.
    board.attendance.changeThread(index, ASLEEP, AWAKE)
    board.attendance.changeThread(index, BOOTING, AWAKE)
    if (board.attendance.threadState(index) !== AWAKE) return
    this.#isWorking = true
    const start = performance.now()
    while (this.#slot === NONE && this.#take()) {
      // Timers, sockets and messages have their turn, however many calls there are.
      if (performance.now() - start > SLICE && this.#slot === NONE) {
        turn(this.#work, true)
        break
      }
    }
    this.#isWorking = false
  }

  /** Takes the next call, if there is one, and runs it up to its first await. Gives whether to go on. */
  #take(): boolean {
    const board = this.board
    let slot = this.#claim()
    if (slot === NONE && this.#spin.until(this.#isNew)) slot = this.#claim()
    if (slot === NONE) {
      board.attendance.changeThread(this.index, AWAKE, ASLEEP)
      // What was put on the ring just before nobody has told of.
      slot = this.#claim()
      if (slot === NONE) {
        this.#forgetOthers()
        // Whoever has woken it meanwhile may have sent a message that was read on the way.
        if (board.attendance.threadState(this.index) === AWAKE) return true
        // It has time for a call whose arguments a busy one was sent.
        if (this.#lacks) this.callOwner()
        return false
      }
      board.attendance.changeThread(this.index, ASLEEP, AWAKE)
    }
    this.#run(slot)
    return true
  }

  #claim(): number {
    this.#lacks = false
    this.#tail = this.board.tail
    return this.board.claim(this.index, this.#canRun)
  }

  /** Whether there was a call that this thread has not all of. */
  #lacks = false

  // To wake a thread takes its owner as long as ten calls. In bursts of small calls, spinning halves
  // what a call costs with four threads.
  readonly #spin = new Spin()
  #tail = 0
  readonly #isNew = (): boolean => this.board.tail !== this.#tail

  readonly #canRun = (slot: number): boolean => {
    if (this.#isKnown(slot)) return true
    if (this.#lacks) return false
    // It may be in a message that has not come up yet. Only as far as need be: to collect the garbage
    // of hundreds of arguments that were there at once took a third of the time.
    while (this.#receiveOne()) if (this.#isKnown(slot)) return true
    this.#lacks = true
    return false
  }

  #isKnown(slot: number): boolean {
    const board = this.board
    if (this.#names[board.functionOf(slot)] === undefined) return false
    return (
      board.countOf(slot) !== IN_MESSAGE || this.#sent.get(slot)?.[USE] === useOf(board.state(slot))
    )
  }

  /** Lets go of arguments of calls that somebody else has begun, or nobody ever will. */
  #forgetOthers(): void {
    for (const [slot, { [USE]: use }] of this.#sent) {
      const state = this.board.state(slot)
      if (useOf(state) !== use || state === (use | FREE)) this.#sent.delete(slot)
    }
  }

  // Running them.

  #run(slot: number): void {
    const board = this.board
    const count = board.countOf(slot)
    const sent = count === IN_MESSAGE ? this.#sent.get(slot) : undefined
    const [, , label, values = readInline(board, slot, count)] = sent ?? []
    this.#sent.delete(slot)
    this.#slot = slot
    if (!board.begin(slot, this.index)) return
    const name = this.#names[board.functionOf(slot)] as string
    const future = this.callHere(name, label, values)
    this.#future = future
    collect(future)
    follow(future, this)
    this.begin(future)
  }

  #definitionOf(name: string): Definition {
    let definition = this.#definitions.get(name)
    if (definition === undefined) {
      definition = this.#define(name, name)
      this.#definitions.set(name, definition)
    }
    return definition
  }

  #define(fn: string, name: string): Definition {
    const definition = new Definition(this.#dispatcher, this.#bodyOf(fn), { name }, false)
    // Not in the context of the body whose end made room for the next.
    definition.origin = this.#origin
    return definition
  }

  #bodyOf(name: string): Body {
    const bodies = this.#bodies as Bodies
    const isOwn = Object.hasOwn(bodies, name) || !(name in Object.prototype)
    const body = isOwn ? bodies[name] : undefined
    if (typeof body === 'function') return body.bind(bodies)
    return () => {
      throw new TypeError(`The module of the pool exports no function "${name}"`)
    }
  }

  callHere(name: string, label: string | undefined, values: readonly unknown[]): AnyFuture {
    const definition = label === undefined ? this.#definitionOf(name) : this.#define(name, label)
    return this.#dispatcher.submitApart(definition, values)
  }

  begin(future: AnyFuture): void {
    this.#dispatcher.startAhead(future)
  }

  isAsync(name: string): boolean {
    const body = (this.#bodies as Bodies)[name]
    return Object.prototype.toString.call(body) === '[object AsyncFunction]'
  }

  /** The future of the call has settled; if it was cancelled, its body may still run. */
  settled(future: AnyCell): undefined {
    if (lingers(future, this)) return
    const outcome = contentOf(future)
    this.#finish(stateOf(future) === FULFILLED ? kindOf(outcome) : 'thrown', outcome)
  }

  // Witness: of a body whose future was cancelled.

  threw(error: unknown): void {
    this.#thrown = { error }
  }

  ended(): void {
    const thrown = this.#thrown
    this.#thrown = undefined
    this.#finish(thrown === undefined ? 'value' : 'thrown', thrown?.error)
  }

  #finish(kind: Kind, outcome: unknown): void {
    const slot = this.#slot
    this.#answer(slot, kind, outcome)
    this.#slot = NONE
    this.#future = undefined
    this.board.noteEnd(slot)
    this.board.finish(slot)
    this.callOwner()
    this.#work()
  }

  #answer(slot: number, kind: Kind, outcome: unknown): void {
    const board = this.board
    if (kind === 'value' && writeInline(board, slot, [outcome])) return board.setCount(slot, 1)
    board.setCount(slot, IN_MESSAGE)
    const use = useOf(board.state(slot))
    const to = { is: 'outcome', slot, use } as const
    if (kind !== 'value') return this.tell({ ...to, kind, value: packThrown(outcome) })
    try {
      this.tell({ ...to, kind, value: outcome }, transfersOf([outcome]))
    } catch (error) {
      const thrown = resultError(this.#future?.name ?? '', outcome, error)
      this.tell({ ...to, kind: 'thrown', value: packThrown(thrown) })
    }
  }

  // What is said.

  drain(): boolean {
    if (!this.#receiveOne()) return false
    while (this.#receiveOne());
    return true
  }

  #receiveOne(): boolean {
    const received = receive?.(this.#port)
    if (received === undefined) return false
    this.#obey(received.message as Order)
    return true
  }

  #obey(order: Order): void {
    if (order === 0) return
    if (isSentCall(order)) this.#sent.set(order[0], order)
    else if (order.is === 'names') this.#names.push(...order.names)
    else if (order.is === 'leave') leave()
    else if (order.is === 'answer') this.onAnswer?.(order)
    else if (order.is === 'refuse') this.onRefusal?.()
    else if (order.slot === this.#slot && order.use === useOf(this.board.state(order.slot))) {
      // Not while a body blocks the thread: it may never come to an end.
      turn(() => this.#saw(order.slot, order.use))
      this.#future?.cancel(unpackThrown(order.reason))
    }
  }

  /** A body asks whether it was cancelled, and may never have let a message through. */
  readonly #lookForCancel = (): void => {
    if (this.#slot === NONE || this.board.cancelOf(this.#slot) !== ASKED) return
    this.drain()
    if (receive === undefined) this.#future?.cancel()
    // The message that says why comes just after.
    if (this.#future?.done) this.board.setCancel(this.#slot, SEEN)
  }

  throwIfCancelled(): void {
    this.#lookForCancel()
    if (this.#future?.status === 'cancelled') throw this.#future.reason
  }

  /** A body that was cancelled has let the event loop turn. */
  #saw(slot: number, use: number): void {
    if (slot === this.#slot && use === useOf(this.board.state(slot)))
      this.board.setCancel(slot, SEEN)
  }

  tell(report: Report, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(report, transfer)
  }

  callOwner(): void {
    if (this.board.attendance.callOwner()) this.#port.postMessage(0)
  }

  #tellOfTheEnd(): void {
    if (threads === undefined) return this.#tellOfTheEndOnTheWeb()
    hostProcess?.on('uncaughtExceptionMonitor', (error) => {
      this.tell({ is: 'uncaught', error: packThrown(error) })
      // Should the thread go on.
      turn(() => this.tell({ is: 'uncaught' }), true)
    })
    hostProcess?.on('exit', (code: number) => {
      this.#tellOfExit(code)
    })
  }

  // Nobody hears of it there when a worker closes, nor of a rejection that it does not handle.
  #tellOfTheEndOnTheWeb(): void {
    const { close } = scope
    const die = (event: Event, error: unknown): void => {
      // Told of here, as a whole.
      event.preventDefault()
      this.tell({ is: 'uncaught', error: packThrown(error) })
      this.#tellOfExit(1)
      close?.call(scope)
    }
    scope.addEventListener?.('error', (event: ErrorEvent) => die(event, event.error))
    scope.addEventListener?.('unhandledrejection', (event: PromiseRejectionEvent) =>
      die(event, event.reason),
    )
    scope.close = () => {
      this.#tellOfExit(0)
      close?.call(scope)
    }
  }

  #tellOfExit(code: number): void {
    this.board.attendance.setThreadState(this.index, GONE)
    this.callOwner()
    // At the very end: whoever hears of it may use the place for another thread.
    this.tell({ is: 'exit', code })
  }
}

function kindOf(value: unknown): Kind {
  return isError(value) ? 'error value' : 'value'
}

// A function that narrows: `Array.isArray` does not see a list that is readonly.
function isSentCall(order: Exclude<Order, 0>): order is SentCall {
  return Array.isArray(order)
}

/** Where a call that was sent says which use of its slot it is. */
const USE = 1

const NONE = -1

/** How long calls may follow each other, in milliseconds, before the event loop is let turn. */
const SLICE = 10
