import { type Board, SEEN } from './board.ts'
import type { PumpedClock } from './pumped-clock.ts'
import type { RemoteCall } from './remote-call.ts'
import type { Thread } from './thread.ts'

/** Who waits for threads. */
interface Queue {
  readonly queued: number
  readonly closed: boolean
}

/** How long bodies that were cancelled may hold on to their threads. */
export class Grace {
  readonly #milliseconds: number
  readonly #clock: PumpedClock
  readonly #board: Board
  readonly #queue: Queue
  /** Bodies that were cancelled long ago, and may not have ended. */
  readonly #overdue = new Map<Thread, RemoteCall>()

  constructor(milliseconds: number, clock: PumpedClock, board: Board, queue: Queue) {
    this.#milliseconds = milliseconds
    this.#clock = clock
    this.#board = board
    this.#queue = queue
  }

  /** The body of a call was cancelled that a thread runs. */
  grant(call: RemoteCall, thread: Thread): void {
    const { slot } = call
    const state = this.#board.state(slot)
    call.stopGrace = this.#clock.callLater(() => {
      if (this.#board.state(slot) !== state) return
      // A body that has let the message through is not stuck, and may take its time: ten times the
      // grace, if somebody waits for its thread.
      if (this.#board.cancelOf(slot) !== SEEN) return thread.kill()
      const longer = Math.max(9 * this.#milliseconds, SHORTEST_LENIENCE)
      call.stopGrace = this.#clock.callLater(() => {
        this.#overdue.set(thread, call)
        this.relieve()
      }, longer)
    }, this.#milliseconds)
  }

  /** Ends threads whose bodies were cancelled long ago, if somebody waits for a thread. */
  relieve(): void {
    for (const [thread, call] of this.#overdue) {
      if (this.#queue.queued === 0 && !this.#queue.closed) return
      this.#overdue.delete(thread)
      // What has left its slot has ended.
      if (call.slot >= 0) thread.kill()
    }
  }
}

/** In milliseconds: how long a body that has heard of its cancel may take at least. */
const SHORTEST_LENIENCE = 1000
