import { type AnyCell, contentOf, FULFILLED, stateOf } from '../core/cell.ts'
import { lingers } from '../core/linger.ts'
import { unpackThrown } from './error-codec.ts'
import type { Ending } from './messages.ts'

/** How a body has ended. */
export interface Outcome {
  readonly isFailure: boolean
  readonly value: unknown
}

/** What a message says of it. */
export function outcomeOf({ kind, value }: Ending, task?: string): Outcome {
  return {
    isFailure: kind === 'thrown',
    value: kind === 'value' ? value : unpackThrown(value, task),
  }
}

/**
 * Tells how the body of a future that has settled ends: now; or, if the future was cancelled, once
 * its body has ended.
 */
export function tellOutcome(future: AnyCell, ended: (outcome: Outcome) => void): void {
  let atLast: Outcome = { isFailure: false, value: undefined }
  const isToCome = lingers(future, {
    threw: (value) => {
      atLast = { isFailure: true, value }
    },
    ended: () => ended(atLast),
  })
  if (!isToCome) ended({ isFailure: stateOf(future) !== FULFILLED, value: contentOf(future) })
}
