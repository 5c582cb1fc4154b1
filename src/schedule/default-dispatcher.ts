import { systemClock } from '../core/clock.ts'
import { Dispatcher } from './dispatcher.ts'

let dispatcher: Dispatcher | undefined

/**
 * The dispatcher of module-level `task` and `spawn`: no limit, deferred. Made on first use.
 *
 * Its options are written out, so that who uses no other scheduler does not ship what checks them.
 */
export function defaultDispatcher(): Dispatcher {
  dispatcher ??= new Dispatcher({
    name: 'default',
    concurrency: Infinity,
    start: 'deferred',
    slice: 10,
    clock: systemClock,
    signal: undefined,
    rate: undefined,
  })
  return dispatcher
}
