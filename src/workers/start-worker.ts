import { builtin, hostProcess, scope, threads } from './host.ts'

/** A worker, of whatever kind. */
export interface RawWorker {
  postMessage(message: unknown, transfer: readonly Transferable[]): void
  terminate(): unknown
  unref?(): void
  on?(event: string, listener: (it: never) => void): void
  addEventListener?(event: string, listener: (it: never) => void): void
}

/** Options that only Node's workers have. */
export interface NodeWorkerOptions {
  /** Limits of the thread's memory, as of Node's `Worker`. Not on Bun and in browsers. */
  resourceLimits?:
    | {
        maxOldGenerationSizeMb?: number | undefined
        maxYoungGenerationSizeMb?: number | undefined
        codeRangeSizeMb?: number | undefined
        stackSizeMb?: number | undefined
      }
    | undefined
  /** The environment variables that the threads see. Default: a copy of this thread's. */
  env?: Record<string, string | undefined> | undefined
  /** Options of the `node` command for the threads. Default: those of this process that fit. */
  execArgv?: readonly string[] | undefined
}

/** How many threads can run at once on this machine, besides this one; at least 1. */
export function spareThreads(): number {
  const os = builtin<{ availableParallelism?(): number }>('os')
  const cores = os?.availableParallelism?.() ?? scope.navigator?.hardwareConcurrency ?? 2
  return Math.max(1, cores - 1)
}

/** Starts a thread that waits for its first message. */
export function startWorker(name: string, options: NodeWorkerOptions): RawWorker {
  const url = new URL('./entry.js', import.meta.url)
  if (threads === undefined) {
    if (scope.Worker === undefined) throw new TypeError('This runtime has no worker threads')
    return new scope.Worker(url, { type: 'module', name }) as RawWorker
  }
  const { resourceLimits, env, execArgv } = options
  const { Worker } = threads
  const make = (args: readonly string[] | undefined): RawWorker =>
    new Worker(url, { name, resourceLimits, env, execArgv: args }) as RawWorker
  if (execArgv !== undefined) return make(execArgv)
  const fitting = fittingArguments()
  try {
    return make(fitting)
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'ERR_WORKER_INVALID_EXEC_ARGV') throw error
    // Options of the whole process, V8's above all: the message ends with a list of them.
    const wrong = String((error as Error).message).split(/: |, /)
    return make(fitting?.filter((one) => !wrong.includes(one)))
  }
}

/**
 * The options of this process without those that are about its main module: they would break a
 * thread. `undefined` if there is nothing to leave out: an explicit list may hold no option of the
 * whole process.
 */
function fittingArguments(): readonly string[] | undefined {
  const all = hostProcess?.execArgv ?? []
  const kept: string[] = []
  for (let i = 0; i < all.length; i++) {
    const argument = all[i] as string
    if (!ABOUT_MAIN.test(argument)) kept.push(argument)
    // Its value comes as the next argument.
    else if (/^(-e|-p|-pe|--eval|--print|--input-type)$/.test(argument)) i += 1
  }
  return kept.length === all.length ? undefined : kept
}

const ABOUT_MAIN =
  /^(-e|-p|-pe|-i|--eval|--print|--interactive|--input-type|--test|--watch)($|[=-])/

/** Hears of what happens to a worker. */
export function watchWorker(
  worker: RawWorker,
  listeners: { error(error: unknown): void; exit(code: number | undefined): void },
): void {
  const { error, exit } = listeners
  if (worker.on !== undefined) {
    worker.on('error', error)
    worker.on('exit', exit)
    return
  }
  worker.addEventListener?.('error', (event: { error?: unknown; message?: string }) => {
    const { message } = event
    ;(event as { preventDefault?(): void }).preventDefault?.()
    error(event.error ?? new Error(message ?? 'The worker could not be loaded'))
    // Nothing tells whether it goes on: its module failed, or something in it went unhandled.
    worker.terminate()
    exit(undefined)
  })
  // Bun tells of the end, browsers and Deno do not.
  worker.addEventListener?.('close', ({ code }: { code?: number }) => exit(code))
}
