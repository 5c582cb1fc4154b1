import { callSafely } from '../internal/call-safely.ts'
import { checkFunction } from '../internal/check.ts'
import type { Dispatcher } from './dispatcher.ts'

/** How far a scheduler is: counts since it was made, as of one moment. */
export interface Progress {
  /** Calls it has taken. */
  readonly called: number
  /** Calls whose body has started, however often. */
  readonly started: number
  readonly fulfilled: number
  readonly rejected: number
  readonly cancelled: number
  /** Calls that are done: fulfilled, rejected or cancelled. */
  readonly settled: number
  /** Calls that wait to start now, or to start again. */
  readonly queued: number
  /** Bodies that run now; those whose futures were cancelled included. */
  readonly running: number
}

/** Gives the counts of a dispatcher as of now. */
export function progressOf({ tally, queued, running }: Dispatcher): Progress {
  const { called, started, fulfilled, rejected, cancelled } = tally
  const settled = fulfilled + rejected + cancelled
  return { called, started, fulfilled, rejected, cancelled, settled, queued, running }
}

/** Tells a listener of changes, once for all of one microtask. Gives a function that stops it. */
export function watchProgress(
  dispatcher: Dispatcher,
  listener: (progress: Progress) => void,
): () => void {
  checkFunction('listener', listener)
  const { tally } = dispatcher
  const others = watchers.get(tally)
  const listeners = others ?? new Set<Listener>()
  // In a record of its own: a listener added twice is told twice.
  const record = { listener }
  listeners.add(record)
  if (others === undefined) {
    watchers.set(tally, listeners)
    let isComing = false
    tally.onChange = () => {
      if (isComing) return
      isComing = true
      queueMicrotask(() => {
        isComing = false
        for (const each of [...listeners]) {
          if (listeners.has(each)) callSafely(each.listener, progressOf(dispatcher))
        }
      })
    }
  }
  return () => {
    // Called again, it must not stop those that came after it.
    if (!listeners.delete(record) || listeners.size > 0) return
    tally.onChange = undefined
    watchers.delete(tally)
  }
}

interface Listener {
  readonly listener: (progress: Progress) => void
}

const watchers = new WeakMap<object, Set<Listener>>()
