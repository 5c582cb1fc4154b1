import { afterAll, onTestFinished } from 'vitest'
import { core, workers } from './built-workers.ts'

export { core, workers }
export const { gatherSync, transfer } = workers
type Pool<Module> = InstanceType<typeof workers.WorkerPool<Module>>
type PoolOptions = import('../../src/workers/index.ts').WorkerPoolOptions

/** The address of a module with bodies. */
export function fixture(file: string): URL {
  return new URL(`../fixtures/workers/${file}`, import.meta.url)
}

/** Makes a pool that is ended with the test. */
export function poolOf<Module>(file: string, options?: PoolOptions): Pool<Module> {
  const pool = new workers.WorkerPool<Module>(fixture(file), options)
  onTestFinished(() => pool.terminate())
  return pool
}

/** Makes a pool for all tests of a file. It sets no timers of its own. */
export function sharedPoolOf<Module>(file: string, options: PoolOptions): Pool<Module> {
  const noTimers = { idleTimeout: Infinity, loadTimeout: Infinity }
  const pool = new workers.WorkerPool<Module>(fixture(file), { ...noTimers, ...options })
  afterAll(() => pool.terminate())
  return pool
}

const CAME = 0
const OPEN = 1

/** A place where bodies wait for each other and for the test, in memory that they share. */
export class Meeting {
  readonly cells: Int32Array = new Int32Array(new SharedArrayBuffer(64))

  /** How many bodies have come so far. */
  get count(): number {
    return Atomics.load(this.cells, CAME)
  }

  /** Blocks this thread until so many have come. */
  block(count: number): void {
    const end = performance.now() + PATIENCE
    for (let come = this.count; come < count; come = this.count) {
      const left = end - performance.now()
      if (left <= 0) throw new Error(`Only ${come} of ${count} bodies have come`)
      Atomics.wait(this.cells, CAME, come, left)
    }
  }

  /** Resolves once so many have come. */
  async until(count: number): Promise<void> {
    await eventually(() => this.count >= count)
  }

  /** Lets all go on, those too that come later. */
  open(): void {
    Atomics.store(this.cells, OPEN, 1)
    Atomics.notify(this.cells, OPEN)
  }
}

/** Resolves once something holds that no event tells of. */
export async function eventually(holds: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE
  while (!holds()) {
    if (performance.now() > end) throw new Error(`In vain: ${holds}`)
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
}

/** In milliseconds. */
const PATIENCE = 10_000
