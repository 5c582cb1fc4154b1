import { GONE } from './attendance.ts'
import type { Board } from './board.ts'
import { type Port, receive } from './host.ts'
import { type Order, type Report, VERSION, type Welcome } from './messages.ts'
import { type RawWorker, watchWorker } from './start-worker.ts'

/** Whoever a thread works for. */
export interface Employer {
  readonly name: string
  readonly board: Board
  /** The module that it is to serve; absent where its own entry serves something. */
  readonly module: string | undefined
  heard(thread: Thread, report: Report): void
  /** It will answer nothing more: what it runs has failed. */
  lost(thread: Thread): void
  /** It has really ended. */
  ended(thread: Thread): void
  /** Its module does not load. */
  unloadable(thread: Thread, error: unknown): void
}

/** One thread of a pool, as the pool sees it. */
export class Thread {
  readonly index: number
  isReady = false
  /** Whether it was counted among the starts that have failed. */
  hasFailedToStart = false
  /** Whether it has gone, or is about to: it takes no more calls. */
  isGone = false
  /** Ends the watch over how long it takes to load its module. */
  stopWatch: (() => void) | undefined
  /** How many calls whose arguments were sent to it nobody has begun. */
  assigned = 0
  /** Whether nothing comes from it any more. */
  isLost = false
  /** Whether its body blocks it, and waits for other calls of the pool. */
  isBlocked = false
  /** Whether its pool has ended it. */
  isKilled = false
  /** When it was last known to do something, on the pool's clock. */
  lastUsed: number
  /** What it died of, as far as that is known. */
  cause: unknown
  exitCode: number | undefined
  readonly #employer: Employer
  readonly #worker: RawWorker
  readonly #port: Port
  readonly #life: Port
  /** Resolves once it has really ended. */
  readonly ended: Promise<void>
  #resolveEnded!: () => void

  /** Starts a thread. Throws what the worker's making throws. */
  constructor(employer: Employer, index: number, now: number, start: () => RawWorker) {
    this.index = index
    this.lastUsed = now
    this.#employer = employer
    this.ended = new Promise((resolve) => (this.#resolveEnded = resolve))
    this.#worker = start()
    employer.board.attendance.begin(index)
    const talk = new MessageChannel()
    const life = new MessageChannel()
    this.#port = talk.port1 as unknown as Port
    this.#life = life.port1 as unknown as Port
    const welcome: Welcome = {
      gatherly: VERSION,
      pool: employer.name,
      buffer: employer.board.buffer,
      threads: employer.board.indices,
      index,
      port: talk.port2,
      life: life.port2,
      module: employer.module,
    }
    watchWorker(this.#worker, {
      error: (error) => {
        this.cause ??= error
      },
      exit: (code) => {
        this.exitCode ??= code
        this.end()
      },
    })
    this.#port.onmessage = ({ data }) => this.#employer.heard(this, data as Report)
    // What keeps the program alive are unfinished futures, not threads.
    this.#port.unref?.()
    this.#life.unref?.()
    this.#worker.unref?.()
    this.#worker.postMessage(welcome, [talk.port2, life.port2])
  }

  post(order: Order, transfer: readonly Transferable[] = []): void {
    this.#port.postMessage(order, transfer)
    // A blocked one hears nothing by itself.
    this.#employer.board.attendance.unblock(this.index)
  }

  /** Hears what it has said so far, without waiting for events. */
  listen(): void {
    while (this.listenOnce());
  }

  /** Hears the next thing it has said. Gives false if that was all so far. */
  listenOnce(): boolean {
    const received = receive?.(this.#port)
    if (received === undefined) return false
    this.#employer.heard(this, received.message as Report)
    return true
  }

  /**
   * Whether it is certainly dead, asked while events cannot tell. Nothing documents it, but all
   * versions of Node behave so: once the message that the other end has closed was looked at, a
   * port sends no more and says so.
   */
  get isSurelyDead(): boolean {
    // Elsewhere only what it has said itself.
    if (receive === undefined) {
      return !this.isLost && this.#employer.board.attendance.state(this.index) === GONE
    }
    if (!canProbe()) return false
    receive(this.#life)
    return (this.#life as { postMessage(message: unknown): unknown }).postMessage(0) !== true
  }

  /** Asks it to end by itself: it has nothing to do, and may take no more. */
  dismiss(): void {
    // Where nothing tells of the end, it is made.
    if (this.#worker.on === undefined) return this.kill()
    this.isGone = true
    this.#employer.board.attendance.setState(this.index, GONE)
    this.post({ is: 'leave' })
  }

  /** It says that it ends, and touches nothing any more. */
  left(code: number): void {
    this.exitCode ??= code
    // Elsewhere the end itself is told of.
    if (this.#worker.on === undefined) this.end()
  }

  /** Ends it, whatever it does. Its calls fail now; it may take long to be gone. */
  kill(): void {
    this.isKilled = true
    this.isGone = true
    this.isLost = true
    this.stopWatch?.()
    this.#employer.board.attendance.setState(this.index, GONE)
    this.#worker.terminate()
    if (this.#worker.on === undefined) this.#endLater()
    this.#employer.lost(this)
  }

  /**
   * Where nothing tells of the end: a body that blocks may go on for two seconds in Chromium, and
   * write to the board.
   */
  #endLater(): void {
    setTimeout(() => this.end(), LONGEST_END)
  }

  /** It has really ended: nothing of it touches the board any more. */
  end(): void {
    if (this.#hasEnded) return
    this.#hasEnded = true
    // What it has said of its end still counts.
    this.listen()
    this.isGone = true
    this.stopWatch?.()
    this.isLost = true
    this.#employer.board.attendance.setState(this.index, GONE)
    this.#port.close()
    this.#life.close()
    this.#employer.lost(this)
    this.#employer.ended(this)
    this.#resolveEnded()
  }

  #hasEnded = false
}

/** In milliseconds. */
const LONGEST_END = 3000

let probing: boolean | undefined

/** Whether the probe of a port that is open says so: elsewhere it says nothing. */
function canProbe(): boolean {
  if (probing === undefined) {
    const { port1, port2 } = new MessageChannel()
    probing = (port1 as { postMessage(message: unknown): unknown }).postMessage(0) === true
    port1.close()
    port2.close()
  }
  return probing
}
