/** A future, as far as an observer looks at it. It must not keep one alive that has settled. */
export interface Observed {
  readonly name: string
  readonly status: string
  readonly done: boolean
  readonly value: unknown
  readonly reason: unknown
}

/** Where calls are scheduled, as it is seen from here. */
export interface ObservedLane {
  readonly name: string
  readonly concurrency: number
  /** How many bodies may start in any `interval`, if that is limited. */
  readonly rate?: { readonly limit: number; readonly interval: number } | undefined
  readonly clock: { now(): number; readonly isVirtual?: boolean }
  /** What the user made, and names when asked to watch only some: a `Scheduler`, a pool. */
  readonly owner: object | undefined
}

// biome-ignore lint/suspicious/noExplicitAny: whatever the body of a task takes
export type ObservedBody = (this: any, ...args: any[]) => unknown

/**
 * Who watches what futures go through: a timeline. Told synchronously, in the order in which it
 * happens; must not throw. It hears of futures that were made before it listened, too.
 *
 * Times are given by who knows better than the moment of telling: a pool of threads, whose bodies
 * start and end elsewhere. They are on the clock of the lane.
 */
export interface Observer {
  /**
   * A call was made, and gave a future.
   *
   * @param entry - The function that the user called: what is above it on the stack is the place.
   */
  called(future: Observed, lane: ObservedLane, args: readonly unknown[], entry: unknown): void
  /** The call waits to start from now on, unlike when it was made: it was lazy, or delayed. */
  queued(future: Observed): void
  /**
   * The body starts. Told again for the same attempt, with a thread or a time, it is made more
   * exact.
   *
   * @param thread - Where it runs. Default: `main`.
   */
  started(future: Observed, thread?: string, at?: number): void
  /** Gives what runs in place of the body, and calls it. */
  wrap(future: Observed, body: ObservedBody): ObservedBody
  /** The body has come to its first `await`, or to its end: the thread is free again. */
  yielded(future: Observed): void
  /** The body has really ended, maybe after its future has settled. */
  ended(future: Observed, at?: number): void
  /** It failed, and is tried again after so many milliseconds. */
  delayed(future: Observed, delay: number): void
  /** The future was collected for the first time. */
  collected(future: Observed): void
  /** A future was made of others, and waits for them. */
  combined(future: Observed, inputs: readonly Observed[]): void
  /** The future has settled, and nobody has been told yet. */
  settled(future: Observed): void
}

/**
 * Who watches; nobody as a rule. To ask whether somebody does is all that it costs then, so it is
 * asked in place, at every event.
 */
export let observer: Observer | undefined

/** Has everything told to this one from now on. */
export function setObserver(next: Observer | undefined): void {
  observer = next
}

const owners = new WeakSet<object>()

/** Calls of `lane` are those of what the user made: `owner`. */
export function own(lane: { owner: object | undefined }, owner: object): void {
  lane.owner = owner
  owners.add(owner)
}

/** Whether calls can be made of it. */
export function isOwner(value: object): boolean {
  return owners.has(value)
}
