import { check } from '../internal/check.ts'
import { listenToParent } from './host.ts'
import { VERSION, type Welcome } from './messages.ts'
import { writeAtOnce } from './output.ts'
import type { Bodies } from './repertoire.ts'
import { Server } from './server.ts'

/**
 * Serves tasks to a pool: in the entry of a worker that a factory makes, for applications that are
 * bundled. Call it once, at the top of the module, before its first await.
 *
 * @param tasks - The functions, by name: `import * as tasks from './tasks.ts'`. Or a function that
 *   loads them: `() => import('./tasks.ts')`, for a module that makes a pool of itself, with the
 *   same `name`, when it loads; that pool is the one its thread works for.
 * @throws {TypeError} for anything else, or outside a worker.
 *
 * @example
 * // entry.ts
 * import { serve } from 'gatherly/workers'
 * import * as tasks from './tasks.ts'
 * serve(tasks)
 *
 * // main.ts
 * const pool = new WorkerPool<typeof import('./tasks.ts')>(
 *   () => new Worker(new URL('./entry.ts', import.meta.url), { type: 'module' }),
 * )
 */
export function serve(tasks: object | (() => Promise<object>)): void {
  if (typeof tasks === 'function') return serveModule(tasks as () => Promise<Bodies>)
  const expected = 'an object of functions, or a function that loads them'
  check(typeof tasks === 'object' && tasks !== null, 'tasks', expected, tasks)
  awaitWelcome((server) => server.start(tasks as Bodies))
}

/** Serves the module that the pool names. */
export function serveModule(load: (module: string) => Promise<Bodies>): void {
  awaitWelcome((server, { module }) => {
    loaded(load, module as string).then(
      (bodies) => server.start(bodies),
      (error) => server.fail(error),
    )
  })
}

function awaitWelcome(begin: (server: Server, welcome: Welcome) => void): void {
  listenToParent((message) => {
    const welcome = message as Partial<Welcome> | undefined
    if (welcome?.gatherly !== VERSION) return
    writeAtOnce()
    begin(new Server(welcome as Welcome), welcome as Welcome)
  })
}

// What it throws, too, is why there is nothing to serve.
async function loaded(load: (module: string) => Promise<Bodies>, module: string): Promise<Bodies> {
  return await load(module)
}
