import { type Clock, systemClock } from '../core/clock.ts'
import { Dispatcher } from './dispatcher.ts'

const dispatchers = new WeakMap<Clock, Dispatcher>()

/**
 * The dispatcher of module-level `task` and `spawn`: no limit, deferred. Made on first use, one for
 * each clock.
 *
 * Its options are written out, so that who uses no other scheduler does not ship what checks them.
 */
export function defaultDispatcher(clock: Clock = systemClock): Dispatcher {
  const known = dispatchers.get(clock)
  if (known !== undefined) return known
  const dispatcher = new Dispatcher({
    name: 'default',
    concurrency: Infinity,
    start: 'deferred',
    slice: 10,
    clock,
    signal: undefined,
    rate: undefined,
  })
  dispatchers.set(clock, dispatcher)
  return dispatcher
}
