import { describe, expect, it } from 'vitest'
import { AWAKE, NAPPING } from '../../src/workers/attendance.ts'
import { Board } from '../../src/workers/board.ts'
import { built } from '../support/built-package.ts'

const { gather } = (await import(built('index.js'))) as typeof import('gatherly')
const { WorkerPool } = (await import(
  built('workers/index.js')
)) as typeof import('gatherly/workers')

const module = new URL(
  `data:text/javascript,${encodeURIComponent(`
    let cells
    export function keep(shared) { cells = new Int32Array(shared) }
    export function count() {
      Atomics.add(cells, 0, 1)
      Atomics.notify(cells, 0)
    }
  `)}`,
)
interface Module {
  keep(shared: SharedArrayBuffer): void
  count(): void
}

describe('a flood of calls', () => {
  it('R23 is begun to its last call by a thread that naps in between, while main blocks', async () => {
    await using pool = new WorkerPool<Module>(module, { threads: 1 })
    const cells = new Int32Array(new SharedArrayBuffer(4))
    await pool.tasks.keep(cells.buffer)

    // Slower than the thread: again and again it has nothing to do.
    const calls = Array.from({ length: 300 }, () => {
      for (const end = performance.now() + 0.02; performance.now() < end; );
      return pool.tasks.count()
    })
    const end = performance.now() + 5000
    for (let seen = cells[0]; seen !== 300 && performance.now() < end; seen = cells[0]) {
      Atomics.wait(cells, 0, seen as number, 1000)
    }

    expect(cells[0]).toBe(300)
    expect(pool.running + pool.queued).toBe(300)
    await gather(calls)
  })
})

describe('the nap of a thread', () => {
  const board = new Board(1)
  const { attendance } = board
  const begin = () => {
    attendance.begin(0)
    attendance.setState(0, AWAKE)
  }

  it('ends by itself', () => {
    begin()

    attendance.nap(0, () => false)

    expect(attendance.state(0)).toBe(AWAKE)
  })

  it('is short if there is something new, or somebody has roused it', () => {
    begin()
    const roused: boolean[] = []

    attendance.nap(0, () => {
      expect(attendance.state(0)).toBe(NAPPING)
      roused.push(attendance.rouse(0), attendance.rouse(0))
      return false
    })

    expect(roused).toEqual([true, false])
    expect(attendance.state(0)).toBe(AWAKE)
  })
})
