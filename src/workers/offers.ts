import { collect, follow } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import type { Definition } from '../schedule/definition.ts'
import type { Board } from './board.ts'
import { packThrown, unpackThrown } from './error-codec.ts'
import type { Report } from './messages.ts'
import { type Outcome, tellOutcome } from './outcome.ts'
import type { Offer } from './remote-call.ts'
import { RemoteDefinition } from './remote-definition.ts'
import type { Thread } from './thread.ts'
import type { Workforce } from './workforce.ts'

type OfferReport = Extract<Report, { is: 'offer' | 'retract' | 'cancel offer' }>

/** Who runs what is offered. */
interface Taker extends Workforce {
  readonly board: Board
  /** Takes a call, which a thread may have offered. */
  submit(definition: Definition, name: string, values: readonly unknown[], offer?: Offer): AnyFuture
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
    const future = this.#make(offer, new RemoteDefinition(this.#taker, fn, options), fn, values)
    collect(future)
    const futures = this.#futures.get(thread) ?? new Map<number, AnyFuture>()
    this.#futures.set(thread, futures)
    futures.set(key, future)
    follow(future, {
      settled: (it) => {
        if (this.#futures.get(thread)?.get(key) === future) futures.delete(key)
        // A word that was retracted is free once it was looked at.
        if (this.take(offer)) tellOutcome(it, (outcome) => this.#answer(offer, outcome))
      },
    })
  }

  #make(offer: Offer, definition: Definition, fn: string, values: unknown[]): AnyFuture {
    const { dispatcher } = this.#taker
    const { closed } = dispatcher
    // Closing waits for bodies, and they for what they call.
    dispatcher.closed = false
    try {
      return this.#taker.submit(definition, fn, values, offer)
    } finally {
      dispatcher.closed = closed
    }
  }

  #answer({ thread, key }: Offer, { isFailure, value }: Outcome): void {
    if (thread.isGone) return
    const to = { is: 'answer', key } as const
    if (isFailure) thread.post({ ...to, kind: 'thrown', value: packThrown(value) })
    else thread.post({ ...to, kind: 'value', value })
  }
}
