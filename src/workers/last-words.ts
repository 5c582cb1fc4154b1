import { turn } from '../internal/event-loop.ts'
import { packThrown } from './error-codec.ts'
import { hostProcess, scope, threads } from './host.ts'
import type { Report } from './messages.ts'

/** Has a thread say what it dies of, and that it ends, as far as it can. */
export function sayLastWords(tell: (report: Report) => void, ends: (code: number) => void): void {
  if (threads === undefined) return sayLastWordsOnTheWeb(tell, ends)
  hostProcess?.on('uncaughtExceptionMonitor', (error) => {
    tell({ is: 'uncaught', error: packThrown(error) })
    // Should the thread go on.
    turn(() => tell({ is: 'uncaught' }), true)
  })
  hostProcess?.on('exit', ends)
}

// Nobody hears of it there when a worker closes, nor of a rejection that it does not handle.
function sayLastWordsOnTheWeb(tell: (report: Report) => void, ends: (code: number) => void): void {
  const { close } = scope
  const die = (event: Event, error: unknown): void => {
    // Told of here, as a whole.
    event.preventDefault()
    tell({ is: 'uncaught', error: packThrown(error) })
    ends(1)
    close?.call(scope)
  }
  scope.addEventListener?.('error', (event: ErrorEvent) => die(event, event.error))
  scope.addEventListener?.('unhandledrejection', (event: PromiseRejectionEvent) =>
    die(event, event.reason),
  )
  scope.close = () => {
    ends(0)
    close?.call(scope)
  }
}
