import type { Body } from './definition.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { Holder } from './holder.ts'

/** What keeps track of bodies, once somebody needs it. */
export interface Tracker {
  /** Makes the record of a body that is about to start. */
  hold(dispatcher: Dispatcher): Holder
  /** Gives a body that is known by its record. */
  wrap(holder: Holder, body: Body): Body
}

/** Absent unless needed: it makes every body, and everything that bodies await, slower. */
export let tracker: Tracker | undefined

export function setTracker(it: Tracker): void {
  tracker = it
}
