import { turn } from '../internal/event-loop.ts'
import { heartbeat } from '../internal/heartbeat.ts'

/**
 * Tells how long the thread has been held in one go, at a moment at which something happens on it.
 *
 * What follows in the same turn of the event loop as something else comes right after that: between
 * them the thread was not free. Of a turn in which nothing had happened yet it is known that a beat
 * was due before: the thread has been held at least since then.
 */
export class ThreadWatch {
  /** Told when the event loop turns after something has happened. */
  readonly #onTurn: () => void
  #stopBeating: (() => void) | undefined
  #isTurnSeen = false
  // In real milliseconds.
  #seen = 0
  #due = 0

  constructor(onTurn: () => void) {
    this.#onTurn = onTurn
  }

  /** Begins, if it has not begun. */
  start(): void {
    if (this.#stopBeating !== undefined) return
    this.#beat()
    this.#stopBeating = heartbeat(() => this.#beat(), BEAT)
  }

  stop(): void {
    this.#stopBeating?.()
    this.#stopBeating = undefined
  }

  /** Something happens. Gives how long the thread has been held until now, 0 if that is not known. */
  look(now: number): number {
    if (this.#stopBeating === undefined) return 0
    const since = this.#isTurnSeen ? this.#seen : Math.max(this.#seen, this.#due)
    this.#seen = now
    if (!this.#isTurnSeen) {
      this.#isTurnSeen = true
      // Held by the loop, which might wait for I/O before a turn that nobody insists on.
      turn(this.#turned, true)
    }
    return Math.max(0, now - since)
  }

  readonly #turned = (): void => {
    this.#isTurnSeen = false
    this.#onTurn()
  }

  #beat(): void {
    this.#seen = performance.now()
    this.#due = this.#seen + BEAT
  }
}

/** In milliseconds. */
const BEAT = 20
