import type { Board } from './board.ts'
import type { Answer, Report } from './messages.ts'
import type { Repertoire } from './repertoire.ts'

/** The pool that this thread works for, as its bodies see it. */
export interface Home {
  /** What the pool is called. */
  readonly pool: string
  /** The module whose bodies run here; absent where the thread's own entry serves them. */
  readonly module: string | undefined
  readonly board: Board
  /** Which of the threads this is. */
  readonly index: number
  /** Told of the outcomes of calls that were offered to the pool. */
  onAnswer: ((answer: Answer) => void) | undefined
  /** Told that no thread is left that could help while this one is blocked. */
  onRefusal: (() => void) | undefined
  tell(report: Report, transfer?: readonly Transferable[]): void
  /** Has the pool look, if it waits for that. */
  callOwner(): void
  /** Throws the reason if the call that runs here was cancelled. */
  throwIfCancelled(): void
  /** Handles what the pool has said so far, without waiting for events. Gives whether it has. */
  drain(): boolean
  /** What can run here, once the module has loaded. */
  readonly repertoire: Repertoire
}

/** Absent on threads that work for no pool. */
export let home: Home | undefined

export function setHome(found: Home): void {
  home = found
}
