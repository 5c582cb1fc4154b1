import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { core, eventually, gatherSync, sharedPoolOf } from '../support/pools.ts'

interface Bodies {
  hold(cells: Int32Array, id: number, until: number): number
  work<T>(cells: Int32Array, id: number, fails: number, value: T): T
  workLater<T>(cells: Int32Array, id: number, fails: number, value: T): Promise<T>
}

const { gatherSettled } = core
type Future = InstanceType<typeof core.Future>

// Where the bodies note what they do.
const COUNT = 0
const MOST = 2
const GATE = 3
const LOG = 16

const pools = [1, 2, 3].map((threads) =>
  // No body ends but by itself, however slow the machine is.
  sharedPoolOf<Bodies>('programs.mjs', { threads, grace: Infinity }),
)

/** A call that is made while all threads are held by bodies that wait. */
const call = fc.record({
  isAsync: fc.boolean(),
  priority: fc.constantFrom(0, 0, 0, -1, 1, 2, 0.5),
  fails: fc.constantFrom(0, 0, 0, 1, 2, 3),
  retries: fc.constantFrom(0, 0, 1, 2),
  // In its slot of the board, and by message.
  value: fc.oneof(
    fc.integer(),
    fc.string({ unit: 'binary', maxLength: 50 }),
    fc.constantFrom(undefined, null, true, -0, Number.NaN),
    fc.record({ deep: fc.array(fc.integer(), { maxLength: 3 }) }),
  ),
  cancel: fc.constantFrom('never', 'never', 'never', 'never', 'before', 'while'),
})
const phase = fc.record({
  calls: fc.array(call, { maxLength: 25, size: 'max' }),
  /** Those of the calls that hold the threads that are cancelled while they do. */
  cancelled: fc.array(fc.nat(2), { maxLength: 1 }),
  collect: fc.constantFrom('await', 'block', 'one by one'),
})
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never
type Phase = typeof phase extends fc.Arbitrary<infer T> ? T : never

interface Made {
  readonly id: number
  readonly future: Future
  readonly expected: unknown
  /** Whether it was cancelled when it may have begun, or not. */
  isOpen: boolean
  wasCancelled: boolean
  settlements: number
}

const HELD = { priority: 100 }

class Program {
  readonly cells: Int32Array = new Int32Array(new SharedArrayBuffer(4 * 4096))
  readonly #pool: (typeof pools)[0]
  readonly #threads: number
  #ids = 0
  #phases = 0

  constructor(threads: number) {
    this.#threads = threads
    this.#pool = pools[threads - 1] as (typeof pools)[0]
  }

  /** Makes calls while nothing can begin, lets them run, and waits until they are done. */
  async run({ calls, cancelled, collect }: Phase): Promise<void> {
    const { tasks } = this.#pool
    const from = this.#started
    const gate = ++this.#phases
    const holding = Array.from({ length: this.#threads }, () => {
      const id = this.#ids++
      return this.#made(id, tasks.hold.with(HELD)(this.cells, id, gate), { value: id })
    })
    const made = calls.map((one) => this.#call(one))
    await eventually(() => this.#started === from + this.#threads)
    this.#cancel(cancelled.flatMap((i) => holding[i] ?? []))
    this.#cancel(made.filter((_, i) => calls[i]?.cancel === 'before'))
    const alive = made.filter(({ wasCancelled }) => !wasCancelled)
    expect([this.#pool.running, this.#pool.queued]).toEqual([this.#threads, alive.length])

    Atomics.store(this.cells, GATE, gate)
    Atomics.notify(this.cells, GATE)
    const late = made.filter((_, i) => calls[i]?.cancel === 'while')
    if (late.length > 0 && gate % 2 === 0)
      await eventually(() => this.#started > from + this.#threads)
    for (const one of late) one.isOpen = true
    this.#cancel(late)

    const all = [...holding, ...made]
    expect(await this.#collect(all, collect)).toEqual(all.map(expectedOf))
    expect(all.map(({ settlements }) => settlements)).toEqual(all.map(() => 1))
    await eventually(() => this.#pool.running === 0)
    expect([this.#pool.queued, this.cells[1]]).toEqual([0, 0])
    expect(this.cells[MOST]).toBeLessThanOrEqual(this.#threads)
    this.#checkStarts(from, holding, alive, calls)
  }

  get #started(): number {
    return Atomics.load(this.cells, COUNT)
  }

  #call({ isAsync, priority, fails, retries, value }: Call): Made {
    const { work, workLater } = this.#pool.tasks
    const id = this.#ids++
    const options = { priority, retry: { retries, delay: 0 } }
    const future = (isAsync ? workLater : work).with(options)(this.cells, id, fails, value)
    const isFailure = fails > retries
    const expected = isFailure ? `RangeError: ${id}: attempt ${retries + 1}` : { value }
    return this.#made(id, future, expected)
  }

  #made(id: number, future: Future, expected: unknown): Made {
    const one = { id, future, expected, isOpen: false, wasCancelled: false, settlements: 0 }
    future.onSettled(() => (one.settlements += 1))
    return one
  }

  #cancel(which: readonly Made[]): void {
    for (const one of which) {
      one.wasCancelled = !one.future.done
      one.future.cancel(`enough of ${one.id}`)
    }
  }

  async #collect(all: readonly Made[], how: Phase['collect']): Promise<unknown[]> {
    const futures = all.map(({ future }) => future)
    if (how === 'one by one') {
      const outcomes: unknown[] = []
      // The last first: to wait for one holds no other up.
      for (const future of futures.toReversed()) outcomes.unshift(...(await outcomesOf([future])))
      return outcomes
    }
    if (how === 'await') return outcomesOf(futures)
    return outcomesIn(gatherSync([gatherSettled(futures)])[0])
  }

  /** What has begun: each as often as it must, in the order of rule 2 where one thread makes one. */
  #checkStarts(
    from: number,
    holding: readonly Made[],
    alive: readonly Made[],
    calls: readonly Call[],
  ): void {
    const started = [...this.cells.subarray(LOG + from, LOG + this.#started)]
    const offset = (holding.at(-1) as Made).id + 1
    const sure = alive.filter(({ isOpen }) => !isOpen)
    const attempts = sure.map(({ id }) => started.filter((other) => other === id).length)
    const callOf = ({ id }: Made): Call => calls[id - offset] as Call
    expect(attempts).toEqual(
      sure.map((one) => Math.min(callOf(one).fails, callOf(one).retries) + 1),
    )
    const known = new Set([...holding, ...alive].map(({ id }) => id))
    expect(started.filter((id) => !known.has(id))).toEqual([])
    if (this.#threads > 1) return
    const inOrder = sure.toSorted((a, b) => callOf(b).priority - callOf(a).priority)
    const ids = [...holding, ...inOrder].map(({ id }) => id)
    expect([...new Set(started)].filter((id) => ids.includes(id))).toEqual(ids)
  }
}

async function outcomesOf(futures: readonly Future[]): Promise<unknown[]> {
  return outcomesIn(await gatherSettled(futures))
}

function outcomesIn(results: readonly PromiseSettledResult<unknown>[]): unknown[] {
  return results.map((result) => {
    if (result.status === 'fulfilled') return { value: result.value }
    const reason = result.reason as unknown
    return reason instanceof Error ? `${reason.name}: ${reason.message}` : reason
  })
}

function expectedOf({ id, expected, wasCancelled }: Made): unknown {
  return wasCancelled ? `enough of ${id}` : expected
}

describe('a pool, for every program', () => {
  it('R2 R23 always settles each call once, with its value, in its order, on no more than its threads', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 3 }),
        fc.array(phase, { minLength: 1, maxLength: 3 }),
        async (threads, phases) => {
          const program = new Program(threads)
          for (const each of phases) await program.run(each)
        },
      ),
      { numRuns: 150, endOnFailure: true },
    )
  }, 60_000)
})
