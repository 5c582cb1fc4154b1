import { cancelAll } from '../core/canceller.ts'
import type { Dispatcher } from '../schedule/dispatcher.ts'
import type { Health } from './health.ts'
import { KeepAlive } from './keep-alive.ts'
import type { Roster } from './roster.ts'

/** How long a pool keeps the program alive, and its end. */
export class Lifetime {
  readonly #dispatcher: Dispatcher
  readonly #roster: Roster
  readonly #health: Health
  readonly #keepAlive = new KeepAlive()
  /** How often threads are being asked to go. */
  #disbanding = 0

  constructor(dispatcher: Dispatcher, roster: Roster, health: Health) {
    this.#dispatcher = dispatcher
    this.#roster = roster
    this.#health = health
  }

  get hasWork(): boolean {
    return this.#dispatcher.running + this.#dispatcher.queued > 0
  }

  /** Keeps the program alive for as long as a future is unfinished, or somebody waits for the end. */
  checkIdle(): void {
    this.#keepAlive.set(this.#dispatcher.unsettled > 0 || this.#disbanding > 0)
  }

  /** Without threads it takes nothing. */
  checkEmpty(): void {
    const isEmpty = this.#roster.all.length === 0 && !this.hasWork && this.#disbanding === 0
    if (isEmpty) this.#keepAlive.close()
  }

  async close(): Promise<void> {
    this.#dispatcher.closed = true
    this.#disbanding += 1
    this.checkIdle()
    await this.#dispatcher.idle()
    this.#disbanding -= 1
    await this.#disband()
  }

  async terminate(reason: unknown): Promise<void> {
    this.#dispatcher.closed = true
    // What fails now is not tried again.
    this.#dispatcher.paused = true
    this.#cancelWaiting(reason)
    this.#health.break('was terminated', reason)
    for (const thread of this.#roster.live) {
      thread.cause = reason
      thread.kill()
    }
    this.#cancelWaiting(reason)
    await this.#disband()
  }

  #cancelWaiting(reason: unknown): void {
    const waiting = this.#dispatcher.list().filter(({ status }) => status === 'scheduled')
    cancelAll(waiting, reason)
  }

  async #disband(): Promise<void> {
    this.#disbanding += 1
    this.checkIdle()
    await this.#roster.disband()
    this.#disbanding -= 1
    this.checkIdle()
    this.checkEmpty()
  }
}
