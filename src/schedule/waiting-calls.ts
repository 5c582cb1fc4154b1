import { contentOf, driverOf } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import { Definition, type Lane } from './definition.ts'

/**
 * Finds calls that wait for a slot and that the given futures depend on: through gathers, through
 * futures resolved with others, through the bodies that run.
 *
 * @param own - With it, only calls of this dispatcher, also behind those that wait elsewhere.
 */
export function* waitingCalls(
  futures: Iterable<AnyFuture>,
  own?: Lane,
): Generator<AnyFuture, void, undefined> {
  // A set gives, in the end, what is added while it is gone through.
  const seen = new Set(futures)
  for (const future of seen) {
    if (future.done) continue
    const lane = laneOf(future)
    if (lane?.isWaiting(future)) {
      if (own === undefined || lane === own) yield future
      else for (const wait of lane.waits()) seen.add(wait)
    } else for (const input of inputsOf(future)) seen.add(input)
  }
}

function inputsOf(future: AnyFuture): Iterable<AnyFuture> {
  return (driverOf(future).inputs?.(contentOf(future)) ?? []) as Iterable<AnyFuture>
}

/** The dispatcher of a call; `undefined` for any other future. */
export function laneOf(future: AnyFuture): Lane | undefined {
  const driver = driverOf(future)
  return driver instanceof Definition ? driver.lane : undefined
}
