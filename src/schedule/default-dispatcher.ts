import { Dispatcher } from './dispatcher.ts'

let dispatcher: Dispatcher | undefined

/** The dispatcher of module-level `task` and `spawn`: no limit, deferred. Made on first use. */
export function defaultDispatcher(): Dispatcher {
  dispatcher ??= new Dispatcher({ name: 'default' })
  return dispatcher
}
