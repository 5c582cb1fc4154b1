import { driverOf } from '../core/cell.ts'
import type { Clock } from '../core/clock.ts'
import type { AnyFuture } from '../core/future.ts'
import { type Bottleneck, describe, fullOn } from './bottleneck.ts'
import type { Lane } from './definition.ts'
import { inputsOf, laneOf } from './waiting-calls.ts'

/**
 * Describes the bottlenecks on a clock that can never go on: all of whose slots are held by bodies
 * that are known to wait for calls that wait for such slots. `undefined` if there is none.
 */
export function knownDeadlock(clock: Clock): string | undefined {
  let stuck = fullOn(clock)
  for (let before = 0; before !== stuck.length; ) {
    before = stuck.length
    const inVain = futuresInVain(stuck)
    stuck = stuck.filter((each) =>
      each.holders().every((holder) => holder && some(holder.waits, (wait) => inVain.has(wait))),
    )
  }
  return stuck.length === 0 ? undefined : stuck.map(describe).join('\n')
}

/** What can never settle, of all that the bodies wait for, if these bottlenecks cannot go on. */
function futuresInVain(stuck: readonly Bottleneck[]): Set<AnyFuture> {
  const lanes = new Set<Lane | undefined>(stuck)
  const seen = new Set(stuck.flatMap((each) => [...each.waits()]))
  for (const future of seen) for (const input of pendingInputs(future)) seen.add(input)
  const inVain = new Set<AnyFuture>()
  const isInVain = (future: AnyFuture): boolean => {
    const lane = laneOf(future)
    if (lane?.isWaiting(future)) return lanes.has(lane)
    const inputs = pendingInputs(future)
    // A race can still be won by one that is not stuck.
    if (driverOf(future).takesOne && inputs.some((input) => !inVain.has(input))) return false
    return inputs.some((input) => inVain.has(input))
  }
  // What waits comes, mostly, before what it waits for: from the end, one round does nearly all.
  const futures = [...seen].reverse()
  for (let before = -1; before !== inVain.size; ) {
    before = inVain.size
    for (const future of futures) {
      if (!inVain.has(future) && isInVain(future)) inVain.add(future)
    }
  }
  return inVain
}

function pendingInputs(future: AnyFuture): AnyFuture[] {
  return future.done ? [] : [...inputsOf(future)].filter((input) => !input.done)
}

function some<T>(items: Iterable<T>, test: (item: T) => boolean): boolean {
  for (const item of items) if (test(item)) return true
  return false
}
