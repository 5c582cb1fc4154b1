/** Who wants to know when a future settles. Never throws. */
export interface Subscriber<F> {
  /**
   * May settle one more future with `conclude` and give it back: its subscribers come next, before
   * any other.
   */
  settled(future: F): F | undefined
}

/**
 * The subscribers of one future, in order of arrival, and without a list while there is only one.
 */
export type Subscribers<F> = Subscriber<F> | Subscriber<F>[] | undefined

// Subscribers that are yet to be told, each below its future; the next one on top. One stack for
// all, so that to settle a future makes no list: who comes in the middle of another's telling works
// above what is there.
const untold: unknown[] = []

/**
 * Tells the subscribers of a future that has settled, and of every future that settles because of
 * it: depth first, in the order they came, on a stack of its own, so that chains and nests of any
 * depth do not grow the native one.
 *
 * @param detach - Takes the subscribers off a settled future.
 */
export function announce<F>(settled: F, detach: (future: F) => Subscribers<F>): void {
  tellDownTo(untold.length, settled, detach)
}

/**
 * Tells one subscriber of each future, one after the other, and whoever has to be told because of
 * that.
 */
export function tellOf<F>(
  subscriber: Subscriber<F>,
  futures: readonly F[],
  detach: (future: F) => Subscribers<F>,
): void {
  const floor = untold.length
  tellNext(subscriber, futures)
  tellDownTo(floor, undefined, detach)
}

/** Within a telling: has the subscriber told of each future before anything else goes on. */
export function tellNext<F>(subscriber: Subscriber<F>, futures: readonly F[]): undefined {
  for (let i = futures.length - 1; i >= 0; i--) untold.push(subscriber, futures[i])
}

function tellDownTo<F>(
  floor: number,
  settled: F | undefined,
  detach: (future: F) => Subscribers<F>,
): void {
  for (let next = settled; ; ) {
    if (next !== undefined) {
      // Nearly always there is one subscriber, and it settles nothing more: that way passes the
      // stack by.
      const subscribers: Subscribers<F> = detach(next)
      next = Array.isArray(subscribers) ? pushAll(subscribers, next) : subscribers?.settled(next)
    } else if (untold.length > floor) {
      const future = untold.pop() as F
      next = (untold.pop() as Subscriber<F>).settled(future)
    } else return
  }
}

function pushAll<F>(subscribers: Subscriber<F>[], future: F): undefined {
  for (let i = subscribers.length - 1; i >= 0; i--) untold.push(subscribers[i], future)
}
