/**
 * Who awaits futures: a body, on runtimes that can tell which one. Kept track of only where it
 * matters, since it costs something: see `reentrant` among the options of a scheduler.
 */
export interface Waiter<F> {
  /** It awaits a pending future. */
  wait(future: F): void
  /** The future has settled: has it go on, now or once it may. */
  resume(future: F, goOn: () => void): void
}

/** Gives who is running now, where that is kept track of. */
// biome-ignore lint/suspicious/noExplicitAny: a future of anything
export let currentWaiter: (() => Waiter<any> | undefined) | undefined

/** Keeps track of who awaits what from now on. */
export function setCurrentWaiter(current: NonNullable<typeof currentWaiter>): void {
  currentWaiter = current
}
