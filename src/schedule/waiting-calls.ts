import { contentOf, driverOf } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import { Definition, type Lane } from './definition.ts'

/**
 * Finds calls of a dispatcher that wait for a slot and that the given futures depend on: through
 * gathers, through futures resolved with others, through bodies that run, and behind calls that
 * wait for a slot elsewhere.
 */
export function* waitingCalls(
  futures: Iterable<AnyFuture>,
  own: Lane,
): Generator<AnyFuture, void, undefined> {
  // A set gives, in the end, what is added while it is gone through.
  const seen = new Set(futures)
  for (const future of seen) {
    if (future.done) continue
    const lane = laneOf(future)
    if (!lane?.isWaiting(future)) for (const input of inputsOf(future)) seen.add(input)
    else if (lane === own) yield future
    else for (const wait of lane.waits()) seen.add(wait)
  }
}

/** What a pending future is known to depend on. */
export function inputsOf(future: AnyFuture): Iterable<AnyFuture> {
  return (driverOf(future).inputs?.(contentOf(future)) ?? []) as Iterable<AnyFuture>
}

/** What the body of a cancelled future is known to wait for, while it still runs. */
export function trailOf(cancelled: AnyFuture): Iterable<AnyFuture> {
  return laneOf(cancelled)?.trail(cancelled) ?? []
}

/** The dispatcher of a call; `undefined` for any other future. */
export function laneOf(future: AnyFuture): Lane | undefined {
  const driver = driverOf(future)
  return driver instanceof Definition ? driver.lane : undefined
}
