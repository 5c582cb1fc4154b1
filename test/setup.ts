/**
 * A guard around every test: one that leaves something behind fails. It looks for timers, for listeners on the process
 * (while a failure waits to be collected the package listens for the end of the program), for failures that were reported
 * because nobody collected them, and for calls that have not ended.
 *
 * It compares before and after, so the tests of one file must not run concurrently.
 */
import { beforeEach } from 'vitest'
import { Dispatcher } from '../src/schedule/dispatcher.ts'

const nativeSetImmediate = setImmediate

beforeEach(({ onTestFinished, task }) => {
  const timersBefore = new Set(liveTimers())
  const listenersBefore = processListeners()
  const busyBefore = new Set(busyDispatchers())
  const exitCodeBefore = process.exitCode

  // Registered before any of the test's own, so that it runs after all of them, and after `afterEach`.
  onTestFinished(async () => {
    // A test that has failed did not get to its end: what it left would only hide why.
    if (task.result?.state === 'fail') return

    // What was to happen in the next turn of the event loop has not been left behind.
    await new Promise((resolve) => nativeSetImmediate(resolve))

    const left: string[] = []
    for (const timer of liveTimers()) {
      if (!timersBefore.has(timer)) left.push(`a timer: ${timer.set}`)
    }
    for (const { event, listener } of processListeners()) {
      if (listenersBefore.some((one) => one.event === event && one.listener === listener)) continue
      const hint = event === 'beforeExit' ? ', as while a failed future is uncollected' : ''
      left.push(`a listener for '${String(event)}' on the process${hint}: ${listener.name}`)
    }
    if (process.exitCode !== exitCodeBefore) {
      left.push(`exit code ${process.exitCode}, as after a failure that nobody collected`)
      process.exitCode = exitCodeBefore
    }
    for (const dispatcher of busyDispatchers()) {
      if (busyBefore.has(dispatcher)) continue
      const { name, running, queued } = dispatcher
      left.push(`unfinished futures: ${running} running and ${queued} queued in "${name}"`)
    }
    if (left.length > 0) throw new Error(`The test left behind ${left.join('\nand ')}`)
  })
})

interface ProcessListener {
  readonly event: string | symbol
  readonly listener: { readonly name: string }
}

function processListeners(): readonly ProcessListener[] {
  return process
    .eventNames()
    .flatMap((event) =>
      process.rawListeners(event as string).map((listener) => ({ event, listener })),
    )
}

// The futures themselves are not known to anybody but their users; the dispatchers know how many have not ended.
let dispatchers = new Set<Dispatcher>()
let pruneDispatchersAt = 1000

function busyDispatchers(): readonly Dispatcher[] {
  const busy = [...dispatchers].filter(({ running, queued }) => running > 0 || queued > 0)
  dispatchers = new Set(busy)
  return busy
}

const { submit, submitQuiet } = Dispatcher.prototype
Dispatcher.prototype.submit = function (...call) {
  dispatchers.add(this)
  const future = submit.apply(this, call)
  if (dispatchers.size > pruneDispatchersAt) {
    pruneDispatchersAt = Math.max(1000, 2 * busyDispatchers().length)
  }
  return future
}
Dispatcher.prototype.submitQuiet = function (call) {
  dispatchers.add(this)
  submitQuiet.call(this, call)
}

/** What the setters of timers return. `_destroyed` is not documented, but is what Node's own inspector shows. */
type Timer = object & { _destroyed?: boolean }

interface WatchedTimer {
  // Weak, and the stack a string: a test may wait for the garbage collection of what the timer refers to.
  readonly timer: WeakRef<Timer>
  readonly set: string
}

// Watched at the setters: `process.getActiveResourcesInfo()` shows neither unreferenced timers nor who set one.
let watchedTimers: WatchedTimer[] = []
let pruneAt = 1000

function liveTimers(): readonly WatchedTimer[] {
  watchedTimers = watchedTimers.filter(({ timer }) => timer.deref()?._destroyed === false)
  return watchedTimers
}

watch('setTimeout')
watch('setInterval')
watch('setImmediate')

function watch(name: 'setTimeout' | 'setInterval' | 'setImmediate'): void {
  const native = globalThis[name] as (...args: unknown[]) => Timer
  const watched = (...args: unknown[]): Timer => {
    const timer = native(...args)
    watchedTimers.push({ timer: new WeakRef(timer), set: `${name} ${callers(watched)}` })
    if (watchedTimers.length > pruneAt) pruneAt = Math.max(1000, 2 * liveTimers().length)
    return timer
  }
  Object.defineProperties(watched, Object.getOwnPropertyDescriptors(native))
  globalThis[name] = watched as never
}

function callers(of: (...args: never[]) => unknown): string {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 4
  const trace = { stack: '' }
  Error.captureStackTrace(trace, of)
  Error.stackTraceLimit = stackTraceLimit
  return trace.stack.slice(trace.stack.indexOf('\n') + 1).trim()
}
