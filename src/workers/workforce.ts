import type { AnyCell } from '../core/cell.ts'
import type { AnyFuture } from '../core/future.ts'
import type { Definition } from '../schedule/definition.ts'
import type { Dispatcher } from '../schedule/dispatcher.ts'
import type { Executor } from '../schedule/executor.ts'
import type { RemoteCall } from './remote-call.ts'

/** What finishes futures while this thread is blocked. */
export interface Blocking {
  /** Whether anything is unfinished that can be finished so. */
  readonly hasWork: boolean
  /** Whether no thread is left that could help. */
  readonly isRefused: boolean
  /** Whether a blocked thread could get what becomes of a call. */
  canDeliver(future: AnyCell): boolean
  /** Does all that events would have done. */
  pump(): void
  /** Waits until there may be something to do, so many milliseconds at most. */
  block(milliseconds: number): void
  /** This thread goes on. */
  unblock(): void
}

/** Whoever runs the calls of a pool's tasks. */
export interface Workforce extends Executor, Blocking {
  readonly dispatcher: Dispatcher
  /** How many threads there are now. */
  readonly size: number
  submit(definition: Definition, name: string, values: readonly unknown[]): AnyFuture
  /** A lazy call is wanted. */
  demanded(call: RemoteCall): void
  /**
   * The future of a call was just cancelled: no thread may begin it any more. Gives whether one has
   * begun it that the scheduler has not started.
   */
  withdraw(call: RemoteCall): boolean
  /** The listeners of that future have run: what has begun is to end. */
  cancel(call: RemoteCall, reason: unknown): void
  close(): Promise<void>
  terminate(reason: unknown): Promise<void>
}
