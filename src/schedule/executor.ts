import type { AnyFuture } from '../core/future.ts'

/** Where bodies run, if not on this thread. */
export interface Executor {
  /** What timelines call the place, until they are told more exactly. */
  readonly place: string
  /** Has the body of a call run somewhere, and tells `run` once how it has really ended. */
  execute(run: Run, args: readonly unknown[]): void
}

/** A body that has started elsewhere, and the slot it holds. */
export interface Run {
  readonly future: AnyFuture
  fulfil(value: unknown): void
  reject(reason: unknown): void
}
