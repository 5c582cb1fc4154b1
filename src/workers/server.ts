import { type AnyCell, collect, contentOf, FULFILLED, follow, stateOf } from '../core/cell.ts'
import type { Witness } from '../core/driver.ts'
import type { AnyFuture } from '../core/future.ts'
import { lingers } from '../core/linger.ts'
import type { Subscriber } from '../core/subscriber.ts'
import { turn } from '../internal/event-loop.ts'
import { lookForCancelBy } from '../schedule/context.ts'
import { ASLEEP, AWAKE, BOOTING, GONE } from './attendance.ts'
import { ASKED, Board, IN_MESSAGE, SEEN } from './board.ts'
import { resultError, thrownBy } from './clone-error.ts'
import { isError } from './clone-kind.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import { type Home, setHome } from './home.ts'
import { leave, type Port, receive } from './host.ts'
import { readInline, writeInline } from './inline-values.ts'
import { AGAIN, Intake, NONE } from './intake.ts'
import { sayLastWords } from './last-words.ts'
import type { Answer, Kind, Order, Report, SentCall, Welcome } from './messages.ts'
import { type Bodies, Repertoire } from './repertoire.ts'
import { useOf } from './slot-word.ts'
import { forgetTransfers, transfersOf } from './transfer.ts'

/** The work of a thread: runs calls off the board one after the other, and answers them. */
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
  readonly #intake: Intake
  repertoire!: Repertoire
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
    this.#intake = new Intake(this)
    sayLastWords(
      (report) => this.tell(report),
      (code) => this.#tellOfExit(code),
    )
    lookForCancelBy(this.#lookForCancel)
    setHome(this)
  }

  /** Serves these bodies from now on. */
  start(bodies: Bodies): void {
    this.repertoire = new Repertoire(bodies)
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
    this.board.attendance.setState(this.index, GONE)
    this.callOwner()
  }

  // Running calls.

  readonly #work = (): void => {
    if (this.#slot !== NONE || this.#isWorking) return
    const { attendance } = this.board
    const index = this.index
    // Unless it was given up.
    attendance.change(index, ASLEEP, AWAKE)
    attendance.change(index, BOOTING, AWAKE)
    if (attendance.state(index) !== AWAKE) return
    this.#isWorking = true
    // Not `performance`, which a new thread would load before its first result.
    const start = Date.now()
    while (this.#slot === NONE) {
      const slot = this.#intake.take()
      if (slot === NONE) break
      if (slot !== AGAIN) this.#run(slot)
      // Timers, sockets and messages have their turn, however many calls there are.
      // Somebody may set the clock.
      if (Math.abs(Date.now() - start) > SLICE && this.#slot === NONE) {
        turn(this.#work, true)
        break
      }
    }
    this.#isWorking = false
  }

  /** Runs a call up to its first await. */
  #run(slot: number): void {
    const board = this.board
    const sent = this.#intake.takeSent(slot)
    const [, , label, values = readInline(board, slot, board.countOf(slot))] = sent ?? []
    this.#slot = slot
    if (!board.begin(slot, this.index)) return
    const future = this.repertoire.call(this.#intake.nameOf(slot), label, values)
    this.#future = future
    collect(future)
    follow(future, this)
    this.repertoire.begin(future)
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
    const name = this.#future?.name ?? ''
    if (kind !== 'value') {
      const thrown = thrownBy(name, outcome, kind === 'thrown')
      return this.tell({ ...to, kind, value: packThrown(thrown) })
    }
    try {
      const transfer = transfersOf([outcome])
      this.tell({ ...to, kind, value: outcome }, transfer)
      if (transfer.length > 0) forgetTransfers([outcome])
    } catch (error) {
      const thrown = resultError(name, outcome, error)
      this.tell({ ...to, kind: 'thrown', value: packThrown(thrown) })
    }
  }

  // What is said.

  drain(): boolean {
    if (!this.listenOnce()) return false
    while (this.listenOnce());
    return true
  }

  listenOnce(): boolean {
    const received = receive?.(this.#port)
    if (received === undefined) return false
    this.#obey(received.message as Order)
    return true
  }

  #obey(order: Order): void {
    if (order === 0) return
    if (isSentCall(order)) this.#intake.addSent(order)
    else if (order.is === 'names') this.#intake.addNames(order.names)
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

  #tellOfExit(code: number): void {
    this.board.attendance.setState(this.index, GONE)
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

/** How long calls may follow each other, in milliseconds, before the event loop is let turn. */
const SLICE = 10
