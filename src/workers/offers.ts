import { collect, contentOf, FULFILLED, follow, stateOf } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import { lingers } from '../core/linger.ts'
import type { TaskOptions } from '../schedule/task-options.ts'
import type { Board } from './board.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import type { Report } from './messages.ts'
import type { Thread } from './thread.ts'

/** A call that a body on some thread has made, and that any thread may run. */
export interface Offer {
  readonly thread: Thread
  /** Names it to its thread. */
  readonly key: number
  /** Where on the board it says whether somebody has taken it. */
  readonly word: number
}

type OfferReport = Extract<Report, { is: 'offer' | 'retract' | 'cancel offer' }>

/** Who runs what is offered. */
interface Taker {
  readonly board: Board
  /** Takes a call that a thread offers. */
  submitOffer(offer: Offer, fn: string, values: readonly unknown[], options: TaskOptions): AnyFuture
}

/** What the threads of a pool offer to each other: calls of the pool made by its own bodies. */
export class Offers {
  readonly #taker: Taker
  readonly #futures = new Map<Thread, Map<number, AnyFuture>>()
  /** Those that were taken: only they are answered. */
  readonly #taken = new WeakSet<Offer>()

  constructor(taker: Taker) {
    this.#taker = taker
  }

  heard(thread: Thread, report: OfferReport): void {
    if (report.is === 'offer') return this.#submit(thread, report)
    const future = this.#futures.get(thread)?.get(report.key)
    future?.cancel(report.is === 'cancel offer' ? unpackThrown(report.reason) : undefined)
  }

  /** Takes an offer, for good. Gives false if its thread was faster. */
  take(offer: Offer): boolean {
    // Retried, it was taken before.
    if (this.#taken.has(offer)) return true
    if (!this.#taker.board.offers.take(offer.word, offer.key)) return false
    this.#taken.add(offer)
    return true
  }

  /** A thread has gone, and nobody waits for what it has called. */
  forget(thread: Thread): void {
    const futures = this.#futures.get(thread)
    this.#futures.delete(thread)
    for (const future of futures?.values() ?? []) future.cancel()
  }

  #submit(thread: Thread, report: Extract<OfferReport, { is: 'offer' }>): void {
    // Nobody waits for it any more.
    if (thread.isGone) return
    const { key, word, fn, values, options } = report
    const offer = { thread, key, word }
    const future = this.#taker.submitOffer(offer, fn, values, options)
    collect(future)
    const futures = this.#futures.get(thread) ?? new Map<number, AnyFuture>()
    this.#futures.set(thread, futures)
    futures.set(key, future)
    let thrown: { readonly error: unknown } | undefined
    const threw = (error: unknown): void => {
      thrown = { error }
    }
    const ended = (): void => this.#answer(offer, thrown !== undefined, thrown?.error)
    follow(future, {
      settled: (it) => {
        if (this.#futures.get(thread)?.get(key) === future) futures.delete(key)
        // A word that was retracted is free once it was looked at.
        if (!this.take(offer)) return
        if (lingers(it, { threw, ended })) return
        this.#answer(offer, stateOf(it) !== FULFILLED, contentOf(it))
      },
    })
  }

  #answer({ thread, key }: Offer, isFailure: boolean, outcome: unknown): void {
    if (thread.isGone) return
    const to = { is: 'answer', key } as const
    if (isFailure) thread.post({ ...to, kind: 'thrown', value: packThrown(outcome) })
    else thread.post({ ...to, kind: 'value', value: outcome })
  }
}
