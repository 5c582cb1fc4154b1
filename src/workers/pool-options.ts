import { check, checkNumber, checkObject, checkOptions } from '../internal/check.ts'
import { checkStartMode, type StartMode } from '../schedule/scheduler-options.ts'
import { MOST_THREADS } from './slot-word.ts'
import { type NodeWorkerOptions, spareThreads } from './start-worker.ts'

/** What a pool is made with. */
export interface WorkerPoolOptions extends NodeWorkerOptions {
  /**
   * How many threads there may be at once: a whole number from 1 up. They start on demand. Default:
   * one less than the machine can run at once, at least 1.
   */
  threads?: number | undefined
  /** What reports call it, and its threads. Default: `pool`. */
  name?: string | undefined
  /**
   * When calls are handed to a thread. `deferred` (the default) and `eager`: inside the call, if one
   * is free; none of the body runs on this thread. `lazy`: not before the future is first collected.
   */
  start?: StartMode | undefined
  /** Cancels everything queued or running when it aborts, and every call from then on. */
  signal?: AbortSignal | undefined
  /**
   * How long a thread may have nothing to do before it is let go, in milliseconds, from 0 up.
   * Default 30 000; `Infinity` for ever.
   */
  idleTimeout?: number | undefined
  /**
   * How long a cancelled body may go without letting its thread's event loop turn, in milliseconds,
   * from 0 up, before the thread is terminated and replaced. Also how long closing waits for threads
   * to go. Default 1000; `Infinity` for ever.
   */
  grace?: number | undefined
  /**
   * How long the module may take to load, in milliseconds, above 0. Default 30 000; `Infinity` for
   * ever.
   */
  loadTimeout?: number | undefined
}

/** The options of a pool, all of them. */
export interface CheckedPoolOptions extends NodeWorkerOptions {
  readonly threads: number
  readonly name: string
  readonly start: StartMode
  readonly signal: AbortSignal | undefined
  readonly idleTimeout: number
  readonly grace: number
  readonly loadTimeout: number
}

/**
 * Gives a copy with the defaults filled in.
 *
 * @throws {TypeError | RangeError} for a wrong option.
 */
export function copyPoolOptions(options: WorkerPoolOptions): CheckedPoolOptions {
  checkObject(options)
  const { threads = spareThreads(), name = 'pool', start = 'deferred', signal } = options
  const { idleTimeout = 30_000, grace = 1000, loadTimeout = 30_000 } = options
  const { resourceLimits, env, execArgv } = options
  checkOptions({ name, signal })
  checkNumber(
    'threads',
    `a whole number from 1 to ${MOST_THREADS}`,
    threads,
    (n) => n >= 1 && n <= MOST_THREADS && Number.isInteger(n),
  )
  checkStartMode(start)
  checkNumber('idleTimeout', 'milliseconds from 0 up, or Infinity', idleTimeout, (n) => n >= 0)
  checkNumber('grace', 'milliseconds from 0 up, or Infinity', grace, (n) => n >= 0)
  checkNumber('loadTimeout', 'milliseconds above 0, or Infinity', loadTimeout, (n) => n > 0)
  checkNodeOptions(options)
  const node = { resourceLimits, env, execArgv }
  return { threads, name, start, signal, idleTimeout, grace, loadTimeout, ...node }
}

/** Checked here: the platform would not refuse them before the first call, if at all. */
function checkNodeOptions({
  resourceLimits = {},
  env = {},
  execArgv = [],
}: NodeWorkerOptions): void {
  checkObject(resourceLimits, 'resourceLimits')
  for (const [name, limit = 1] of Object.entries(resourceLimits)) {
    checkNumber(`resourceLimits.${name}`, 'megabytes above 0', limit, (n) => n > 0)
  }
  checkObject(env, 'env')
  check(Array.isArray(execArgv), 'execArgv', 'a list of strings', execArgv)
  for (const [i, one] of execArgv.entries()) {
    check(typeof one === 'string', `execArgv[${i}]`, 'a string', one)
  }
}
