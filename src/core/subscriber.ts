import { reportUncaught } from '../internal/report-uncaught.ts'

/** Who wants to know when a future settles. A record and not a closure: a closure per subscription costs three times as much. */
export interface Subscriber<F> {
  /** May settle one more future with `conclude` and give it back: its subscribers come next, before any other. */
  settled(future: F): F | undefined
}

/** The subscribers of one future, in order of arrival, and without a list while there is only one. */
export type Subscribers<F> = Subscriber<F> | Subscriber<F>[] | undefined

/**
 * Tells the subscribers of a future that has settled, and of every future that settles because of it: depth first, in the
 * order they came, on a stack of its own, so that chains and nests of any depth do not grow the native one.
 *
 * @param detach - Takes the subscribers off a settled future.
 */
export function announce<F>(settled: F, detach: (future: F) => Subscribers<F>): void {
  let future = settled
  let subscribers = detach(settled)
  let index = 0
  const frames: Frame<F>[] = []
  while (subscribers !== undefined) {
    let next: F | undefined
    if (!Array.isArray(subscribers)) {
      next = subscribers.settled(future)
      subscribers = undefined
    } else {
      next = subscribers[index]?.settled(future)
      index += 1
      if (index >= subscribers.length) subscribers = undefined
    }
    if (next !== undefined) {
      if (subscribers !== undefined) frames.push({ future, subscribers, index })
      future = next
      subscribers = detach(next)
      index = 0
    }
    const frame: Frame<F> | undefined = subscribers === undefined ? frames.pop() : undefined
    if (frame !== undefined) ({ future, subscribers, index } = frame)
  }
}

interface Frame<F> {
  readonly future: F
  readonly subscribers: Subscriber<F>[]
  readonly index: number
}

/** A user's listener. What it throws is reported, and disturbs nobody else. */
export class Listener<F> implements Subscriber<F> {
  #listener: ((future: F) => void) | undefined

  constructor(listener: (future: F) => void) {
    this.#listener = listener
  }

  settled(future: F): undefined {
    const listener = this.#listener
    this.#listener = undefined
    try {
      listener?.(future)
    } catch (error) {
      reportUncaught(error)
    }
  }

  /** Works also while the future's subscribers are being told. */
  stop(): void {
    this.#listener = undefined
  }
}
