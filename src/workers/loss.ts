import type { Outcome } from './outcome.ts'
import type { RemoteCall } from './remote-call.ts'
import type { Thread } from './thread.ts'
import { WorkerLostError } from './worker-lost-error.ts'

/** How a call ends whose thread has ended before it. */
export function lossOf(call: RemoteCall, thread: Thread | undefined): Outcome {
  const how = thread === undefined ? 'is gone' : describeEnd(thread)
  const message = `The thread that ran the task "${call.title}" ${how}`
  const { cause, exitCode } = thread ?? {}
  return { isFailure: true, value: new WorkerLostError(message, { cause, exitCode }) }
}

/** Why a thread has not started that nothing else is known of. */
export function endBeforeLoad(thread: Thread): Error {
  return new Error(`The thread ${describeEnd(thread)} before its module had loaded`)
}

function describeEnd({ exitCode, cause }: Thread): string {
  const code = exitCode === undefined ? '' : ` with exit code ${exitCode}`
  return `has ended${code}${cause instanceof Error ? `: ${cause.message}` : ''}`
}
