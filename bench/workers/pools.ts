import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { type Future, gather } from 'gatherly'
import { gatherSync, transfer, WorkerPool } from 'gatherly/workers'
import { Piscina } from 'piscina'
import Tinypool from 'tinypool'
import workerpool from 'workerpool'

type Tasks = typeof import('./tasks.mjs')
type Name = keyof Tasks

/** A pool of threads that runs the bodies of `tasks.mjs`, used as its users do. */
export interface Pool {
  call(name: Name, value?: unknown): PromiseLike<unknown>
  /** Hands a buffer over, and is told its size. */
  move(buffer: ArrayBuffer): PromiseLike<unknown>
  all(calls: PromiseLike<unknown>[]): PromiseLike<unknown>
  close(): Promise<unknown>
}

/** The contestants, the floor first: makes a pool with so many threads. */
export const pools: Readonly<Record<string, (threads: number) => Pool>> = {
  'raw postMessage': rawPool,
  gatherly: (threads) => gatherlyPool(threads, gather),
  piscina: (threads) => piscinaPool(new Piscina({ ...TASKS, ...exactly(threads) })),
  tinypool: (threads) => piscinaPool(new Tinypool({ ...TASKS, ...exactly(threads) })),
  workerpool: workerpoolPool,
}

/** Collects by blocking. */
export const blockingPools: typeof pools = {
  'raw postMessage': rawPool,
  'gatherly, gatherSync': (threads) =>
    gatherlyPool(threads, async (calls) => gatherSync(calls as Future<unknown>[])),
}

const url = (file: string): URL => new URL(`../workers/${file}`, import.meta.url)
const path = (file: string): string => fileURLToPath(url(file))
const TASKS = { filename: path('tasks.mjs') }
const exactly = (threads: number) => ({ minThreads: threads, maxThreads: threads })

/** Calls go round the threads, each a message there and a message back. */
function rawPool(count: number): Pool {
  const pending = new Map<number, (result: unknown) => void>()
  const threads = Array.from({ length: count }, () => new Worker(url('raw-thread.mjs')))
  for (const thread of threads) {
    thread.on('message', ({ id, result }) => {
      pending.get(id)?.(result)
      pending.delete(id)
    })
  }
  let ids = 0
  const call = (name: Name, value: unknown, moved: ArrayBuffer[] = []): Promise<unknown> => {
    const id = ids++
    threads[id % count]?.postMessage({ id, name, value }, moved)
    return new Promise((resolve) => pending.set(id, resolve))
  }
  return {
    call: (name, value) => call(name, value),
    move: (buffer) => call('size', buffer, [buffer]),
    all: (calls) => Promise.all(calls),
    close: () => Promise.all(threads.map((thread) => thread.terminate())),
  }
}

function gatherlyPool(threads: number, all: Pool['all']): Pool {
  const pool = new WorkerPool<Tasks>(url('tasks.mjs'), { threads })
  const tasks = pool.tasks as Record<Name, (value?: unknown) => Future<unknown>>
  const { nothing } = tasks
  return {
    call: (name, value) => (name === 'nothing' ? nothing() : tasks[name](value)),
    move: (buffer) => tasks.size(transfer(buffer, [buffer])),
    all,
    close: () => pool.close(),
  }
}

function piscinaPool(pool: Piscina): Pool {
  return {
    call: (name, value) => pool.run(value, { name }),
    move: (buffer) => pool.run(buffer, { name: 'size', transferList: [buffer] }),
    all: (calls) => Promise.all(calls),
    close: () => pool.destroy(),
  }
}

function workerpoolPool(threads: number): Pool {
  const options = { minWorkers: threads, maxWorkers: threads }
  const pool = workerpool.pool(path('workerpool-thread.mjs'), options)
  return {
    call: (name, value) => pool.exec(name, [value]),
    move: (buffer) => pool.exec('size', [buffer], { transfer: [buffer] }),
    all: (calls) => Promise.all(calls),
    close: () => pool.terminate(),
  }
}
