import { afterEach, describe, expect, it } from 'vitest'
import {
  transfer,
  WorkerLostError,
  WorkerPool,
  type WorkerPoolOptions,
} from '../../src/workers/index.ts'
import { Puppet } from '../support/puppet-worker.ts'
import { until } from '../support/until.ts'

// Deaths at moments that no real thread can be brought to die in: each between two steps of a call.

// biome-ignore lint/suspicious/noExplicitAny: there is no module behind it.
type Bodies = { body: (...args: any[]) => unknown }

let puppets: Puppet[] = []
let pool: WorkerPool<Bodies>

/** Opens a pool of puppets. */
function open(options: WorkerPoolOptions = {}): (typeof pool.tasks)['body'] {
  pool = new WorkerPool<Bodies>(
    () => {
      const puppet = new Puppet()
      puppets.push(puppet)
      return puppet
    },
    { threads: 1, grace: 0, ...options },
  )
  return pool.tasks.body
}

function puppet(number: number): Puppet {
  return puppets[number] as Puppet
}

afterEach(async () => {
  const ended = pool.terminate()
  for (const one of puppets) one.die(1)
  await ended
  puppets = []
  expect([pool.running, pool.queued, pool.threads]).toEqual([0, 0, 0])
})

describe('a thread that dies', () => {
  it('R25 after it has finished a call and before it has told: the result arrives', async () => {
    const body = open()
    const future = body(1)
    puppet(0).finish(puppet(0).begin(), 42)

    puppet(0).die(1)

    expect(await future).toBe(42)
  })

  it('R25 with the doorbell that others rely on: they are heard', async () => {
    const body = open({ threads: 2 })
    const [lost, other] = [body(1), body(2)]
    const [taken, finished] = [puppet(0).begin(), puppet(1).begin()]
    expect(taken).not.toBe(finished)
    // It has said that it would ring, so nobody else does.
    await until(() => puppet(0).board.attendance.callOwner())
    puppet(1).finish(finished, 43)
    puppet(1).ring()

    puppet(0).die(1)

    await expect(lost).rejects.toThrow(WorkerLostError)
    expect(await other).toBe(43)
  })

  it('R25 after it has taken a call and before it has begun it: another one runs it', async () => {
    const body = open()
    const future = body(1)
    puppet(0).claim()

    puppet(0).die(1)
    puppet(1).finish(puppet(1).begin(), 44)
    puppet(1).ring()

    expect(await future).toBe(44)
  })

  it('R25 with a call that was cancelled and not begun: nobody runs it', async () => {
    const body = open()
    const future = body(1)
    puppet(0).claim()
    future.cancel()
    expect(pool.running).toBe(1)

    puppet(0).die(1)

    expect(pool.running).toBe(0)
    // There is one to take over, and nothing to take.
    expect(puppet(1).claim()).toBe(-1)
  })

  it('R25 with a call it has taken and not begun, by `terminate`: no thread starts for it', async () => {
    const body = open()
    const future = body(1)
    puppet(0).claim()

    const ended = pool.terminate('enough')
    puppet(0).die(1)
    await ended

    expect(puppets.length).toBe(1)
    await expect(future).rejects.toMatchObject({ name: 'WorkerLostError', cause: 'enough' })
  })

  it('R25 after half of an answer: it is not taken for the answer of the next call there', async () => {
    const body = open()
    const lost = body(1)
    const slot = puppet(0).begin()
    puppet(0).send(slot, 'of the lost')
    puppet(0).die(1)
    await expect(lost).rejects.toThrow(WorkerLostError)

    const next = body(2)
    expect(puppet(1).begin()).toBe(slot)
    puppet(1).send(slot, ['of the next'])
    puppet(1).board.finish(slot)
    puppet(1).ring()

    expect(await next).toEqual(['of the next'])
  })

  it('R25 with arguments that were moved to it: their call fails', async () => {
    const body = open()
    const buffer = new ArrayBuffer(8)
    const future = body(transfer(buffer, [buffer]))

    puppet(0).die(1)

    await expect(future).rejects.toThrow(WorkerLostError)
  })

  it('leaves no words of its offers to the thread that takes its place', async () => {
    const body = open()
    const lost = body(1)
    puppet(0).begin()
    const { board, index } = puppet(0)
    for (let key = 1; key <= 15; key++) board.offers.set(board.offers.freeWord(index), key)
    expect(board.offers.freeWord(index)).toBe(-1)
    puppet(0).die(1)
    await expect(lost).rejects.toThrow(WorkerLostError)
    const next = body(2)

    expect(puppet(1).index).toBe(index)
    expect(board.offers.freeWord(index)).not.toBe(-1)
    next.cancel()
  })
})

describe('a thread that was given up', () => {
  it('R25 keeps its slot until it has really ended, and what it finishes late is nobody’s', async () => {
    const body = open()
    const future = body(1)
    const slot = puppet(0).begin()
    future.cancel()
    await until(() => puppet(0).isTerminated)

    expect(pool.running).toBe(0)
    expect(puppet(0).isFree(slot)).toBe(false)
    const next = body(2)
    puppet(0).finish(slot, 666)
    puppet(0).ring()
    const other = puppet(1).begin()
    expect(other).not.toBe(slot)
    puppet(1).finish(other, 45)
    puppet(1).ring()
    expect(await next).toBe(45)
    puppet(0).die(1)
    expect(puppet(1).isFree(slot)).toBe(true)
  })

  it('R25 begins nothing any more', async () => {
    const body = open()
    const future = body(1)
    puppet(0).begin()
    const next = body(2)
    future.cancel()
    await until(() => puppet(0).isTerminated)

    expect(puppet(0).begin()).toBe(-1)

    puppet(0).die(1)
    puppet(1).finish(puppet(1).begin(), 46)
    puppet(1).ring()
    expect(await next).toBe(46)
  })

  it('R25 moves what was sent to it on, once, to the one that takes over', async () => {
    const body = open()
    const future = body(1)
    puppet(0).begin()
    const next = body({ a: 1 })
    future.cancel()
    await until(() => puppet(0).isTerminated)
    await until(() => puppet(1).sent.size > 0)

    expect([...puppet(1).sent.values()]).toEqual([[{ a: 1 }]])
    puppet(1).finish(puppet(1).begin(), 47)
    puppet(1).ring()
    expect(await next).toBe(47)
    // Really gone, in the end: nothing happens.
    puppet(0).die(1)
    expect(puppets.length).toBe(2)
  })

  it('R25 keeps no call from its turn whose arguments are moved, and are sent only then', async () => {
    const body = open()
    const future = body(1)
    puppet(0).begin()
    const buffer = new ArrayBuffer(8)
    const next = body(transfer(buffer, [buffer]))
    future.cancel()
    await until(() => puppets.length === 2 && puppet(1).sent.size > 0)

    puppet(1).finish(puppet(1).begin(), 48)
    puppet(1).ring()
    expect(await next).toBe(48)
  })
})

describe('calls beyond what has room on the board', () => {
  it('R25 are sent to the thread that takes over, also when none was there for a moment', async () => {
    const body = open()
    const futures = Array.from({ length: 1100 }, (_, i) => body([i]))
    const [first, second] = [puppet(0).begin(), puppet(0).begin()]
    // One is over, which makes room for another one, and nobody has told; the other one is stuck.
    puppet(0).finish(first, 42)
    futures[1]?.cancel()
    await until(() => puppet(0).isTerminated)
    puppet(0).finish(second, 666)
    puppet(0).die(1)
    expect(await futures[0]).toBe(42)

    // All that is on the board now it can run.
    await until(() => puppet(1).sent.size > 0)
    await new Promise((resolve) => setImmediate(resolve))
    const taken: number[] = []
    for (let slot = puppet(1).claim(); slot >= 0; slot = puppet(1).claim()) taken.push(slot)
    expect(taken.filter((slot) => !puppet(1).sent.has(slot))).toEqual([])
    expect(taken.length).toBeGreaterThan(1000)
    for (const future of futures) future.cancel()
  })
})
