import { getEventListeners } from 'node:events'
import fc from 'fast-check'
import {
  type Future,
  gather,
  InvalidStateError,
  Scheduler,
  type TaskContext,
  TaskGroup,
} from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { heldFailures } from '../../src/core/uncollected.ts'
import { stopRealTime } from '../support/real-time.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'

stopRealTime()

/** What a member does, or somebody outside, step by step. */
type Step =
  | { readonly do: 'sleep' | 'stubborn sleep' | 'delay a cancel'; readonly ms: number }
  | { readonly do: 'throw' | 'throw the reason' | 'throw an AbortError' }
  | { readonly do: 'cancel the group' | 'cancel a member' | 'abort' }
  | { readonly do: 'spawn' | 'add' | 'gather' | 'nest'; readonly member: Member }

interface Member {
  readonly steps: readonly Step[]
  readonly timeout: number | undefined
}

interface Program {
  readonly concurrency: number
  readonly start: 'deferred' | 'eager' | 'lazy'
  readonly block: readonly Step[]
  readonly events: readonly { readonly at: number; readonly step: Step }[]
  readonly timeout: number | undefined
}

const ms = fc.integer({ min: 1, max: 6 })
const timeout = fc.option(ms, { nil: undefined, freq: 4 })
const { step } = fc.letrec<{ member: Member; step: Step }>((tie) => ({
  member: fc.record({ steps: fc.array(tie('step'), { maxLength: 4 }), timeout }),
  step: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom(...(['sleep', 'sleep', 'stubborn sleep', 'delay a cancel'] as const)),
        ms,
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        do: fc.constantFrom(
          ...(['throw', 'throw', 'throw the reason', 'throw an AbortError'] as const),
          ...(['cancel the group', 'cancel a member', 'abort'] as const),
        ),
      }),
    },
    {
      weight: 6,
      arbitrary: fc.record({
        do: fc.constantFrom(...(['spawn', 'spawn', 'spawn', 'add', 'gather', 'nest'] as const)),
        member: tie('member'),
      }),
    },
  ) as fc.Arbitrary<Step>,
}))

const programs: fc.Arbitrary<Program> = fc.record({
  concurrency: fc.constantFrom(1, 2, Infinity),
  start: fc.constantFrom('deferred', 'eager', 'lazy'),
  block: fc.array(step, { maxLength: 6 }),
  events: fc.array(fc.record({ at: fc.nat({ max: 8 }), step }), { maxLength: 3 }),
  timeout,
})

/** An error that something has thrown, other than to say that it was cancelled. */
interface Thrown {
  readonly error: Error
  /** Where it was thrown: in a body of this group, or in its block. */
  readonly group: TaskGroup
  readonly inBlock: boolean
}

/** What runs a program, and keeps account. */
class Run {
  readonly clock = new VirtualClock()
  readonly scheduler: Scheduler
  readonly controller = new AbortController()
  /** Bodies and blocks between their start and their end. */
  running = 0
  /** In the order in which it happened. */
  readonly thrown: Thrown[] = []
  /** How many bodies of `spawn` started although something in the group had failed, or it was cancelled. */
  late = 0
  readonly members: { readonly group: TaskGroup; readonly future: Future<unknown> }[] = []
  #reasons = 0

  constructor({ concurrency, start }: Program) {
    this.scheduler = new Scheduler({ clock: this.clock, concurrency, start })
  }

  async block(steps: readonly Step[], group: TaskGroup): Promise<void> {
    const { signal } = group
    const sleep = (ms: number): Promise<void> => this.clock.sleep(ms, { signal })
    await this.#perform(steps, group, { signal, sleep }, true)
  }

  act(step: Step, group: TaskGroup): void {
    const { scheduler } = this
    const reason = `reason ${++this.#reasons}`
    switch (step.do) {
      case 'cancel the group':
        return group.cancel(reason)
      case 'cancel a member':
        return void this.members.at(-1)?.future.cancel(reason)
      case 'abort':
        return this.controller.abort(reason)
      case 'spawn':
        return this.#note(group, this.#spawn(step.member, group))
      case 'add':
        return this.#note(group, group.add(this.#call(step.member, group)))
      case 'gather': {
        const both = [this.#spawn(step.member, group), this.#spawn(step.member, group)]
        return this.#note(group, group.add(gather(both, { cancelRest: true })))
      }
      case 'nest': {
        const { steps, timeout } = step.member
        const block = (inner: TaskGroup): Promise<void> => this.block(steps, inner)
        return this.#note(group, group.add(TaskGroup.run(block, { scheduler, timeout })))
      }
      default:
        // Takes time, or throws.
        return
    }
  }

  #note(group: TaskGroup, future: Future<unknown>): void {
    this.members.push({ group, future })
  }

  #spawn({ steps, timeout }: Member, group: TaskGroup): Future<void> {
    const body = (context: TaskContext): Promise<void> => {
      if (group.signal.aborted) this.late += 1
      return this.#perform(steps, group, context)
    }
    return group.spawn(body, { timeout })
  }

  #call({ steps, timeout }: Member, group: TaskGroup): Future<void> {
    return this.scheduler.spawn((context) => this.#perform(steps, group, context), { timeout })
  }

  async #perform(
    steps: readonly Step[],
    group: TaskGroup,
    { signal, sleep }: Pick<TaskContext, 'signal' | 'sleep'>,
    inBlock = false,
  ): Promise<void> {
    this.running += 1
    try {
      for (const step of steps) {
        if (step.do === 'sleep') await sleep(step.ms)
        else if (step.do === 'stubborn sleep') await this.clock.sleep(step.ms)
        else if (step.do === 'delay a cancel') await sleep(step.ms).catch(() => this.clock.sleep(2))
        else if (step.do === 'throw the reason') signal.throwIfAborted()
        else if (step.do === 'throw an AbortError') {
          if (signal.aborted) throw new DOMException('aborted', 'AbortError')
        } else if (step.do === 'throw') {
          const error = new Error(`error ${this.thrown.length}`)
          this.thrown.push({ error, group, inBlock })
          throw error
        } else this.act(step, group)
      }
    } finally {
      this.running -= 1
    }
  }
}

interface Observed {
  readonly run: Run
  readonly group: TaskGroup
  /** What the block threw: nothing, one failure, or the errors of an `AggregateError`. */
  readonly errors: readonly unknown[]
  /** Its future. */
  readonly future: Future<void>
  /** How many bodies and blocks ran when it settled. */
  readonly running: number
  /** How many members were not done when all that follows from the abort of the group's signal was over. */
  readonly pending: number
  readonly stray: readonly unknown[]
}

async function observe({ block, events, timeout, ...program }: Program): Promise<Observed> {
  const run = new Run({ block, events, timeout, ...program })
  const { clock, scheduler, controller } = run
  const { signal } = controller
  let group: TaskGroup | undefined
  let [pending, running] = [0, -1]
  const start = (): Future<void> =>
    TaskGroup.run(
      (it) => {
        group = it
        it.signal.addEventListener('abort', () => {
          queueMicrotask(() => {
            const own = run.members.filter((member) => member.group === it)
            pending = own.filter(({ future }) => !future.done).length
          })
        })
        return run.block(block, it)
      },
      { scheduler, signal, timeout },
    )
  let future: Future<void> | undefined
  const stray = await strayErrorsDuring(async () => {
    future = start()
    future.catch(() => {})
    future.onSettled(() => {
      running = run.running
    })
    for (const { at, step } of events) {
      clock.callLater(() => {
        if (group && !future?.done) run.act(step, group)
      }, at)
    }
    await clock.run()
  })
  if (!group || !future) throw new Error('The block was never called')
  const { done, status, reason } = future
  const failures = reason instanceof AggregateError ? reason.errors : [reason]
  const errors = !done || status === 'fulfilled' ? [] : failures
  return { run, group, errors, future, running, pending, stray }
}

/** An error with all those that it is made of. */
function allOf(error: unknown): unknown[] {
  return error instanceof AggregateError ? [error, ...error.errors.flatMap(allOf)] : [error]
}

async function always(check: (observed: Observed) => void): Promise<void> {
  const property = fc.asyncProperty(programs, async (program) => check(await observe(program)))
  await fc.assert(property, { numRuns: Number(process.env.GROUP_RUNS ?? 150) })
}

describe('the block of a group, whatever its bodies do, and whatever is cancelled or fails when', () => {
  it('R17 always ends, and never before every body in it has really ended', async () => {
    await always(({ future, running, run }) => {
      expect(future.done).toBe(true)
      expect(running).toBe(0)
      expect([run.scheduler.running, run.scheduler.queued]).toEqual([0, 0])
    })
  })

  it('R17 never loses a failure', async () => {
    await always(({ errors, run }) => {
      const told = new Set(errors.flatMap(allOf))
      const lost = run.thrown.filter(({ error }) => !told.has(error))

      expect(lost).toEqual([])
    })
  })

  it('R17 always throws one failure as it is, and several in the order they happened', async () => {
    await always(({ errors, future, group, run }) => {
      const own = run.thrown.filter((thrown) => thrown.group === group && !thrown.inBlock)
      const inOrder = own.map(({ error }) => error).filter((error) => errors.includes(error))

      expect(new Set(errors).size).toBe(errors.length)
      expect(errors.filter((error) => inOrder.includes(error as Error))).toEqual(inOrder)
      expect(future.reason instanceof AggregateError).toBe(errors.length > 1)
      expect(errors.some((error) => error instanceof InvalidStateError)).toBe(false)
    })
  })

  it('R17 always cancels the rest at the first failure, and never starts a body after it', async () => {
    await always(({ errors, group, pending, run }) => {
      expect(group.signal.aborted).toBe(errors.length > 0)
      expect(pending).toBe(0)
      expect(run.late).toBe(0)
    })
  })

  it('R15 R16 never leaves a listener, a stray rejection or a failure that nobody collected', async () => {
    await always(({ run, stray }) => {
      expect(stray).toEqual([])
      expect([...heldFailures()]).toEqual([])
      expect(getEventListeners(run.controller.signal, 'abort')).toEqual([])
    })
  })
})
