import { Board, IN_MESSAGE } from '../../src/workers/board.ts'
import { writeInline } from '../../src/workers/inline-values.ts'
import type { Order, Report, SentCall, Welcome } from '../../src/workers/messages.ts'
import { FREE, useOf } from '../../src/workers/slot-word.ts'
import type { WorkerLike } from '../../src/workers/worker-pool.ts'

/** A thread that does nothing by itself: what it does, and when it dies, is up to the test. */
export class Puppet implements WorkerLike {
  /** The arguments it was sent, by slot. */
  readonly sent = new Map<number, unknown[]>()
  isTerminated = false
  #welcome: Welcome | undefined
  #board: Board | undefined
  #exit: ((code: number) => void) | undefined

  get board(): Board {
    return this.#board as Board
  }

  get index(): number {
    return (this.#welcome as Welcome).index
  }

  // What a pool does with a worker.

  on(event: string, listener: (code: number) => void): void {
    if (event === 'exit') this.#exit = listener
  }

  postMessage(welcome: Welcome): void {
    this.#welcome = welcome
    this.#board = new Board(welcome.threads, welcome.buffer)
    welcome.port.onmessage = ({ data }) => {
      const order = data as Order
      if (Array.isArray(order)) {
        const [slot, , , values] = order as SentCall
        this.sent.set(slot, [...values])
      }
    }
    this.tell({ is: 'ready' })
  }

  terminate(): void {
    this.isTerminated = true
  }

  // What a thread does.

  tell(report: Report): void {
    this.#welcome?.port.postMessage(report)
  }

  /** Takes the next call; gives its slot, or -1. */
  claim(): number {
    return this.board.claim(this.index, () => true)
  }

  /** Takes the next call and begins it; gives its slot, or -1. */
  begin(): number {
    const slot = this.claim()
    return slot >= 0 && this.board.begin(slot, this.index) ? slot : -1
  }

  /** Writes a result that fits into its slot, and tells nobody. */
  finish(slot: number, result: number): void {
    writeInline(this.board, slot, [result])
    this.board.setCount(slot, 1)
    this.board.finish(slot)
  }

  /** Sends a result in a message, which is the first half of finishing with it. */
  send(slot: number, value: unknown): void {
    const use = useOf(this.board.state(slot))
    this.tell({ is: 'outcome', slot, use, kind: 'value', value })
    this.board.setCount(slot, IN_MESSAGE)
  }

  ring(): void {
    if (this.board.attendance.callOwner()) this.tell(0)
  }

  isFree(slot: number): boolean {
    return (this.board.state(slot) & 3) === FREE
  }

  /** Ends, as a thread that has ended closes its ports and is told of. */
  die(code: number): void {
    this.#welcome?.port.close()
    this.#welcome?.life.close()
    this.#exit?.(code)
  }
}
