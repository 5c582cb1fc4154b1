export { any } from './combine/any.ts'
export { asCompleted, type CompletedFuture } from './combine/as-completed.ts'
export { type Gathered, gather } from './combine/gather.ts'
export type { GatherOptions } from './combine/gather-options.ts'
export { type GatheredSettled, gatherSettled } from './combine/gather-settled.ts'
export { race } from './combine/race.ts'
export { type Clock, systemClock } from './core/clock.ts'
export { CancelledError, InvalidStateError, TimeoutError } from './core/errors.ts'
export {
  type Awaitable,
  Future,
  type FutureOptions,
  type FutureResolvers,
  type Status,
} from './core/future.ts'
export { type SleepOptions, sleep } from './core/sleep.ts'
export { onUncollected } from './core/uncollected.ts'
export { context, type TaskContext } from './schedule/context.ts'
export { Scheduler } from './schedule/scheduler.ts'
export type { SchedulerOptions, StartMode } from './schedule/scheduler-options.ts'
export { spawn } from './schedule/spawn.ts'
export { type Task, type TaskBody, type TaskOf, task } from './schedule/task.ts'
export type { TaskOptions } from './schedule/task-options.ts'
