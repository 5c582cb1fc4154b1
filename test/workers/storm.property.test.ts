import { env } from 'node:process'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { core, workers } from '../support/built-workers.ts'
import { until } from '../support/until.ts'

const { gatherSettled } = core
const { gatherSync, WorkerPool } = workers

const tasks = new URL('../fixtures/workers/death/tasks.mjs', import.meta.url)

// biome-ignore lint/suspicious/noExplicitAny: the module of the bodies is plain JavaScript.
type Bodies = Record<string, (...args: any[]) => any>
type Pool = InstanceType<typeof WorkerPool<Bodies>>

interface Call {
  readonly task: string
  readonly args: (i: number) => unknown[]
  /** What must come of it; absent where anything may. */
  readonly gives?: (i: number) => unknown
}

// Calls that must come through, however many threads die around them. None of them shares a thread
// with what dies, since one call runs on a thread at a time.
const harmless: readonly Call[] = [
  { task: 'double', args: (i) => [i], gives: (i) => 2 * i },
  { task: 'echo', args: (i) => [{ i }], gives: (i) => ({ i }) },
  { task: 'echo', args: (i) => ['x'.repeat(60 + (i % 7))], gives: (i) => 'x'.repeat(60 + (i % 7)) },
  { task: 'sum', args: (i) => [[i, 1]], gives: (i) => 2 * i + 2 },
  { task: 'sumSync', args: (i) => [[i, 2]], gives: (i) => 2 * i + 4 },
]
const deadly: readonly Call[] = [
  { task: 'exit', args: () => [] },
  { task: 'throwLater', args: () => [] },
  { task: 'rejectLater', args: () => [] },
]
const stuck: readonly Call[] = [
  { task: 'spin', args: () => [] },
  { task: 'endSlowly', args: () => [new Int32Array(new SharedArrayBuffer(4)), 3] },
]

const step = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...harmless).map((call) => ({ is: 'call', call })) },
  { weight: 2, arbitrary: fc.constantFrom(...deadly).map((call) => ({ is: 'call', call })) },
  // Cancelled later, one way or the other: it would never end.
  { weight: 1, arbitrary: fc.constantFrom(...stuck).map((call) => ({ is: 'stuck', call })) },
  { weight: 3, arbitrary: fc.nat().map((which) => ({ is: 'cancel', which })) },
  { weight: 2, arbitrary: fc.constant({ is: 'turn' }) },
  { weight: 2, arbitrary: fc.nat(20).map((last) => ({ is: 'await', last })) },
  { weight: 2, arbitrary: fc.nat(20).map((last) => ({ is: 'block', last })) },
)
type Step =
  | { readonly is: 'call' | 'stuck'; readonly call: Call }
  | { readonly is: 'cancel'; readonly which: number }
  | { readonly is: 'turn' }
  | { readonly is: 'await' | 'block'; readonly last: number }

interface Made {
  readonly future: ReturnType<NonNullable<Pool['tasks'][string]>>
  readonly call: Call
  readonly i: number
  readonly isStuck: boolean
  isCancelled: boolean
  settlements: number
}

class Storm {
  readonly made: Made[] = []
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async run(steps: readonly Step[]): Promise<void> {
    for (const each of steps) await this.#take(each)
    for (const one of this.made) if (one.isStuck) this.#cancel(one)
    await gatherSettled(this.made.map(({ future }) => future))
  }

  async #take(step: Step): Promise<void> {
    if (step.is === 'call' || step.is === 'stuck') this.#call(step.call, step.is === 'stuck')
    else if (step.is === 'turn') await new Promise((resolve) => setImmediate(resolve))
    else if (step.is === 'cancel') {
      const one = this.made[step.which % Math.max(1, this.made.length)]
      if (one !== undefined) this.#cancel(one)
    } else if (step.is === 'await' || step.is === 'block') {
      // Nothing ends that waits behind a body that never does.
      for (const one of this.made) if (one.isStuck) this.#cancel(one)
      const last = this.made.slice(-step.last).map(({ future }) => future)
      if (last.length === 0) return
      if (step.is === 'await') await gatherSettled(last)
      else gatherSync([gatherSettled(last)])
    }
  }

  #call(call: Call, isStuck: boolean): void {
    const i = this.made.length
    const future = this.#pool.tasks[call.task]?.(...call.args(i)) as Made['future']
    const one: Made = { future, call, i, isStuck, isCancelled: false, settlements: 0 }
    future.onSettled(() => (one.settlements += 1))
    this.made.push(one)
  }

  #cancel(one: Made): void {
    one.isCancelled ||= !one.future.done
    one.future.cancel('enough')
  }
}

function outcomeOf({ future, call, i, isCancelled }: Made): unknown {
  const { status } = future
  if (status === 'fulfilled') return call.gives === undefined ? future.value : [future.value, i]
  if (isCancelled && status === 'cancelled' && future.reason === 'enough') return 'cancelled'
  return `${status}: ${(future.reason as Error).name}`
}

function expectedOf({ call, i, isCancelled, isStuck }: Made): unknown {
  if (isCancelled) return 'cancelled'
  if (isStuck) return 'never'
  return call.gives === undefined ? 'rejected: WorkerLostError' : [call.gives(i), i]
}

let open: Pool | undefined

afterEach(() => open?.terminate())

describe('a storm', () => {
  it('R25 settles every call once, with what it must come to, whichever threads die when', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 120, size: 'max' }),
        fc.integer({ min: 1, max: 3 }),
        async (steps, threads) => {
          const pool = new WorkerPool<Bodies>(tasks, { threads, grace: 10 })
          open = pool
          const storm = new Storm(pool)

          await storm.run(steps as Step[])

          expect(storm.made.map(outcomeOf)).toEqual(storm.made.map(expectedOf))
          expect(storm.made.every(({ settlements }) => settlements === 1)).toBe(true)
          await until(() => pool.running === 0)
          expect(pool.queued).toBe(0)
          await pool.close()
          expect(pool.threads).toBe(0)
        },
      ),
      { numRuns: Number(env.STORMS ?? 8), endOnFailure: true },
    )
  }, 600_000)
})
