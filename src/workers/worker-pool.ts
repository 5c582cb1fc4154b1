import { own } from '../core/observer.ts'
import { check, checkObject } from '../internal/check.ts'
import type { TaskBody, TaskOf } from '../schedule/task.ts'
import type { TaskOptions } from '../schedule/task-options.ts'
import { Crew } from './crew.ts'
import { type Home, home } from './home.ts'
import { NestedCrew } from './nested-crew.ts'
import { copyPoolOptions, type WorkerPoolOptions } from './pool-options.ts'
import { RemoteDefinition } from './remote-definition.ts'
import { type RawWorker, startWorker } from './start-worker.ts'
import type { Workforce } from './workforce.ts'

/** The functions of a module, each as a task; whatever else it exports is left out. */
export type Tasks<Module> = {
  readonly [K in keyof Module as Module[K] extends TaskBody ? K : never]: Module[K] extends TaskBody
    ? TaskOf<Module[K]>
    : never
}

/** A worker as the platform makes it: a Web Worker, or one of Node's `worker_threads`. */
export interface WorkerLike {
  postMessage(message: never, transfer: never): void
  terminate(): unknown
}

/**
 * Runs the functions that a module exports on worker threads, so that bodies which block or compute
 * overlap too. Calls are futures like any other: gathered, cancelled, retried, limited in time.
 *
 * Threads start on demand, one call runs on a thread at a time, and threads keep no program alive
 * that has no unfinished futures. Arguments and results are cloned, as by `structuredClone`.
 *
 * @example
 * // tasks.ts
 * export function hash(text: string): string { ... } // takes a second, and holds its thread
 *
 * // main.ts
 * await using pool = new WorkerPool<typeof import('./tasks.ts')>(new URL('./tasks.ts', import.meta.url))
 * const { hash } = pool.tasks
 * const [a, b] = await gather(hash('one'), hash('two')) // one second, on two threads
 *
 * Source: the executors of Python's `concurrent.futures` (PEP 3148); `java.util.concurrent`.
 */
export class WorkerPool<Module = Record<string, (...args: never[]) => unknown>>
  implements AsyncDisposable
{
  readonly name: string
  /** The functions of the module as tasks, by name. Asking for one that is missing fails the call. */
  readonly tasks: Tasks<Module>
  readonly #crew: Workforce

  /**
   * @param module - The module with the bodies, as a URL or an absolute specifier. Or, for
   *   applications that are bundled, a function that makes a worker whose entry calls `serve`.
   * @throws {TypeError | RangeError} for a wrong module or option.
   * @throws {InvalidStateError} without memory that threads can share: in a browser, on a page that is
   *   not isolated from others.
   */
  constructor(module: URL | string | (() => WorkerLike), options: WorkerPoolOptions = {}) {
    const isFactory = typeof module === 'function'
    const href = isFactory ? undefined : hrefOf(module)
    const checked = copyPoolOptions(options)
    this.name = checked.name
    const start = isFactory
      ? (module as () => RawWorker)
      : (): RawWorker => startWorker(checked.name, checked)
    this.#crew =
      home !== undefined && isPoolOf(home, href, checked.name)
        ? new NestedCrew(home, checked.name)
        : new Crew(checked, href, start)
    own(this.#crew.dispatcher, this)
    this.#crew.dispatcher.kind = 'pool'
    this.tasks = tasksOf(this.#crew) as Tasks<Module>
  }

  /** How many calls are running: handed to a thread, and not really ended. */
  get running(): number {
    return this.#crew.dispatcher.running
  }

  /** How many calls wait for a thread. */
  get queued(): number {
    return this.#crew.dispatcher.queued
  }

  /** How many threads there are now. */
  get threads(): number {
    return this.#crew.size
  }

  /**
   * Takes no more calls (they throw `InvalidStateError`), and resolves once everything it has is
   * done and its threads have ended, or `grace` milliseconds after they should have.
   */
  close(): Promise<void> {
    return this.#crew.close()
  }

  /** Closes the pool, so that `await using` bounds its life. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /**
   * Ends all threads now. What runs fails with a `WorkerLostError` whose `cause` is the reason, what
   * waits is cancelled with the reason. Takes no more calls.
   *
   * @returns A promise that resolves once the threads have ended, or after `grace` milliseconds: a
   *   thread in a native call that blocks ends only with that call.
   */
  terminate(reason?: unknown): Promise<void> {
    return this.#crew.terminate(reason)
  }
}

/**
 * Whether a pool that is made in a thread means the one that the thread works for: it has the same
 * module or, as nobody can see what a factory makes, the same name.
 */
function isPoolOf(home: Home, href: string | undefined, name: string): boolean {
  return home.module === href && (href !== undefined || home.pool === name)
}

function hrefOf(module: unknown): string {
  const isUrl =
    typeof module === 'string' || Object.prototype.toString.call(module) === '[object URL]'
  check(isUrl, 'module', 'a URL, a string, or a function that makes a worker', module)
  // A path without a scheme would be looked for beside this package.
  try {
    return new URL(String(module)).href
  } catch {
    check(false, 'module', 'an absolute URL, as of `new URL(path, import.meta.url)`', module)
  }
  return ''
}

/** Makes a task of each function when it is asked for: which there are only the threads know. */
function tasksOf(crew: Workforce): object {
  const tasks = new Map<string, unknown>()
  return new Proxy(Object.freeze(Object.create(null)) as object, {
    get(_target, name) {
      // What is asked of any object: it may be returned from an async function, or be printed.
      if (name === Symbol.toPrimitive) return () => '[object Tasks]'
      if (typeof name !== 'string' || ASKED.has(name)) return undefined
      const task = tasks.get(name) ?? makeRemoteTask(crew, name)
      tasks.set(name, task)
      return task
    },
  })
}

/** Asked for by `await` and by `JSON.stringify`. */
const ASKED = new Set(['then', 'toJSON'])

function makeRemoteTask(crew: Workforce, name: string, options?: TaskOptions): unknown {
  const definition = new RemoteDefinition(crew, name, options)
  const call = (...args: unknown[]): unknown => definition.call(args)
  definition.entry = call
  return Object.defineProperties(call, {
    name: { value: definition.name, configurable: true },
    with: {
      value: (changes: TaskOptions) => {
        checkObject(changes)
        return makeRemoteTask(crew, name, { ...definition.options, ...changes })
      },
    },
  })
}
