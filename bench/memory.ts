/**
 * What is kept for a queued call, a pending future and an input of a gather; and what is left after
 * ten million calls. Run it with `npm run bench -- memory`.
 */
import Bluebird from 'bluebird'
import { Future, gather } from 'gatherly'
import { instant } from './floors.ts'
import { bottleneck, type Limit, limits } from './limiters.ts'
import { isQuick, wantedRounds } from './options.ts'
import { finish, OpenTable } from './table.ts'

const COUNT = isQuick ? 10_000 : 200_000
const FEW = COUNT / 20
const ROUNDS = wantedRounds ?? (isQuick ? 1 : 5)
const LIMIT = 64
const STEADY_CALLS = isQuick ? 200_000 : 10_000_000

/** The heap without garbage. */
function heap(): number {
  globalThis.gc?.()
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

/** Lets what was begun come to its end: first starts, timers, finalizers. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) {
    globalThis.gc?.()
    await new Promise((resolve) => setTimeout(resolve))
  }
}

// What is measured must not become garbage meanwhile, and not before the next is measured.
const alive: unknown[] = []

function release(): void {
  alive.length = 0
}

async function queuedCalls(): Promise<OpenTable> {
  const title = `Bytes of a queued call, its handle included (${COUNT} at once, limit ${LIMIT})`
  const table = new OpenTable('memory-queued', title, '', 'bytes')
  for (const [name, limit] of Object.entries({ ...limits, bottleneck })) {
    const bytes: number[] = []
    for (let round = 0; round < ROUNDS; round++) bytes.push(await bytesQueued(name, limit))
    table.addAll(name, 'bytes', bytes)
  }
  return table
}

// A function of its own, and not the loop of the one above: while that waits, it keeps whatever its
// variables held last.
async function bytesQueued(name: string, limit: Limit): Promise<number> {
  const isSlow = name === 'bottleneck'
  const count = isSlow ? FEW : COUNT
  let open = (): void => {}
  const gate = new Promise<void>((resolve) => {
    open = resolve
  })
  release()
  await settle()
  const before = heap()
  const limiter = limit(LIMIT, () => gate)
  const handles = limiter.queue(count)
  alive[0] = [limiter, handles]
  await settle()
  const bytes = (heap() - before) / count
  // What takes too long to finish is left to the garbage collector.
  if (!isSlow) {
    open()
    await limiter.all(handles)
  }
  return bytes
}

/** How much the heap grows for each of many things that `make` makes and that are kept. */
function bytesEach(make: () => unknown): number[] {
  return Array.from({ length: ROUNDS }, () => {
    release()
    const kept = new Array<unknown>(COUNT).fill(undefined)
    const before = heap()
    for (let i = 0; i < COUNT; i++) kept[i] = make()
    alive[0] = kept
    return (heap() - before) / kept.length
  })
}

async function pendingFutures(): Promise<OpenTable> {
  const table = new OpenTable('memory-pending', 'Bytes of a pending future', '', 'bytes')
  const executor = (): void => {}
  table.addAll(
    'native promise',
    'bytes',
    bytesEach(() => new Promise(executor)),
  )
  table.addAll(
    'gatherly',
    'bytes',
    bytesEach(() => new Future(executor)),
  )
  table.addAll(
    'bluebird',
    'bytes',
    bytesEach(() => new Bluebird(executor)),
  )
  return table
}

async function gatherInputs(): Promise<OpenTable> {
  const title = `Bytes a pending gather keeps for each of ${COUNT} inputs, without the inputs`
  const table = new OpenTable('memory-gather', title, '', 'bytes')
  const executor = (): void => {}
  const inputs = <T>(make: () => T): T[] => Array.from({ length: COUNT }, make)
  const add = <T>(row: string, make: () => T, all: (inputs: T[]) => unknown): void => {
    const bytes = Array.from({ length: ROUNDS }, () => {
      release()
      const made = inputs(make)
      const before = heap()
      const gathered = all(made)
      const grown = heap() - before
      alive[0] = gathered
      return grown / made.length
    })
    table.addAll(row, 'bytes', bytes)
  }
  const native = () => new Promise<void>(executor)
  add('Promise.all', native, (promises) => Promise.all(promises))
  add('Promise.allSettled', native, (promises) => Promise.allSettled(promises))
  add(
    'gatherly',
    () => new Future<void>(executor),
    (futures) => gather(futures),
  )
  add(
    'bluebird',
    () => new Bluebird<void>(executor),
    (promises) => Bluebird.all(promises),
  )
  return table
}

/** Millions of calls, of which never more than a thousand wait. */
async function steady(): Promise<OpenTable> {
  const title = `Left after ${STEADY_CALLS / 1e6} million calls through a limit of ${LIMIT}`
  const table = new OpenTable('memory-steady', title, '', 'count')
  const limiter = limits.gatherly?.(LIMIT, instant)
  if (limiter === undefined) throw new Error('There is no such limiter.')
  const { queue, all } = limiter
  await settle()
  const before = left()
  const heaps: number[] = []
  for (let part = 0; part < 10; part++) {
    for (let i = 0; i < STEADY_CALLS / 10; i += 1000) await all(queue(1000))
    heaps.push(heap())
  }
  const [first, last] = [heaps[0], heaps.at(-1)] as [number, number]
  const row = 'gatherly'
  table.add({ row, column: 'heap after a tenth', value: first / 2 ** 20, unit: 'MB' })
  table.add({ row, column: 'heap after all', value: last / 2 ** 20, unit: 'MB' })
  const grown = (last - first) / (0.9 * STEADY_CALLS)
  table.add({ row, column: 'growth a call', value: grown, unit: 'bytes' })
  await settle()
  const after = left()
  table.add({ row, column: 'listeners', value: after.listeners - before.listeners })
  table.add({ row, column: 'timers and handles', value: after.resources - before.resources })
  return table
}

/** What keeps a process busy, or hangs on it. */
function left(): { listeners: number; resources: number } {
  const counts = process.eventNames().map((event) => process.listenerCount(event))
  const listeners = counts.reduce((sum, count) => sum + count, 0)
  return { listeners, resources: process.getActiveResourcesInfo().length }
}

// The first: what the others leave behind is none of ours.
const afterMillions = await steady()
finish('memory', [await queuedCalls(), await pendingFutures(), await gatherInputs(), afterMillions])
