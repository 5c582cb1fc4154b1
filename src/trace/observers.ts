import { type Observed, type ObservedBody, type Observer, setObserver } from '../core/observer.ts'

const observers = new Set<Observer>()

/** Has an observer told of everything until the function that it gives is called. */
export function observe(observer: Observer): () => void {
  observers.add(observer)
  update()
  return () => {
    if (observers.delete(observer)) update()
  }
}

/**
 * A new one for every change: who is told that a body starts is told, too, that it has yielded, and
 * nobody else.
 */
function update(): void {
  const [first] = observers
  setObserver(observers.size > 1 ? new Several([...observers]) : first)
}

/** Several observers as one. */
class Several implements Observer {
  readonly #all: readonly Observer[]

  constructor(all: readonly Observer[]) {
    this.#all = all
  }

  called(...event: Parameters<Observer['called']>): void {
    for (const each of this.#all) each.called(...event)
  }

  queued(future: Observed): void {
    for (const each of this.#all) each.queued(future)
  }

  started(...event: Parameters<Observer['started']>): void {
    for (const each of this.#all) each.started(...event)
  }

  wrap(future: Observed, body: ObservedBody): ObservedBody {
    return this.#all.reduce((wrapped, each) => each.wrap(future, wrapped), body)
  }

  yielded(future: Observed): void {
    for (const each of this.#all) each.yielded(future)
  }

  ended(...event: Parameters<Observer['ended']>): void {
    for (const each of this.#all) each.ended(...event)
  }

  delayed(future: Observed, delay: number): void {
    for (const each of this.#all) each.delayed(future, delay)
  }

  collected(future: Observed): void {
    for (const each of this.#all) each.collected(future)
  }

  combined(future: Observed, inputs: readonly Observed[]): void {
    for (const each of this.#all) each.combined(future, inputs)
  }

  settled(future: Observed): void {
    for (const each of this.#all) each.settled(future)
  }
}
