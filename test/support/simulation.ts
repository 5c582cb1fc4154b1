import fc from 'fast-check'
import { type RateOptions, Scheduler } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'

/** A call: when it is made, how long its body takes, how often that fails first, when it is cancelled. */
export interface Job {
  readonly arrival: number
  readonly duration: number
  readonly priority: number
  readonly failures: number
  readonly retries: number
  readonly delay: number
  /** `undefined` for never. */
  readonly cancel: number | undefined
}

export interface Limits {
  readonly concurrency: number
  readonly rate?: RateOptions | undefined
}

/** What happened: who started and ended when, and what became of the futures. */
export interface Course {
  readonly log: readonly string[]
  readonly statuses: readonly string[]
  /** When bodies started. */
  readonly starts: readonly number[]
}

// So many different times that two events are practically never at the same one.
const time = fc.integer({ min: 1, max: 1_000_000 })

export const jobs: fc.Arbitrary<Job[]> = fc.array(
  fc.record({
    arrival: fc.oneof(fc.constant(0), time),
    duration: time,
    priority: fc.integer({ min: -1, max: 1 }),
    failures: fc.nat({ max: 3 }),
    retries: fc.nat({ max: 3 }),
    delay: fc.oneof(fc.constant(0), time),
    cancel: fc.option(time, { nil: undefined, freq: 2 }),
  }),
  { maxLength: 12, size: 'max' },
)

/** Runs the jobs on a scheduler, in virtual time. */
export async function run(list: readonly Job[], limits: Limits): Promise<Course> {
  const clock = new VirtualClock()
  const scheduler = new Scheduler({ ...limits, clock })
  const log: string[] = []
  const starts: number[] = []
  const statuses: string[] = list.map(() => 'never called')
  for (const [name, job] of list.entries()) {
    let attempt = 0
    const body = async (): Promise<void> => {
      attempt += 1
      const isLast = attempt > job.failures
      starts.push(clock.now())
      log.push(`${clock.now()} ${name} starts`)
      await clock.sleep(job.duration)
      log.push(`${clock.now()} ${name} ends`)
      if (!isLast) throw new Error(`attempt ${attempt}`)
    }
    clock.callLater(() => {
      const { priority, retries, delay } = job
      const future = scheduler.spawn(body, { priority, retry: { retries, delay } })
      future.catch(() => {})
      future.onSettled(({ status }) => {
        statuses[name] = status
      })
      if (job.cancel !== undefined) clock.callLater(() => future.cancel(), job.cancel)
    }, job.arrival)
  }
  await clock.run()
  return { log, statuses, starts }
}

type Kind = 'arrives' | 'ends' | 'is ready' | 'is cancelled'

interface State {
  readonly name: number
  readonly job: Job
  attempts: number
  /** Its place among the first starts; `Infinity` before. */
  first: number
  phase: 'unborn' | 'waits' | 'runs' | 'delayed' | 'over'
  status: string
}

/**
 * Tells what should happen, from the rules alone: a plain loop over events, with none of the means of the scheduler.
 * `undefined` if two events fall on the same time, whose order the rules leave open.
 */
export function simulate(list: readonly Job[], { concurrency, rate }: Limits): Course | undefined {
  const states = list.map(
    (job, name): State => ({
      ...{ name, job, attempts: 0, first: Infinity },
      ...{ phase: 'unborn', status: 'scheduled' },
    }),
  )
  const events = states.map((state) => ({ at: state.job.arrival, kind: 'arrives' as Kind, state }))
  const log: string[] = []
  const starts: number[] = []
  let running = 0
  let firsts = 0
  let lastAt = -1

  const startAll = (now: number): void => {
    while (running < concurrency) {
      if (rate && starts.filter((each) => each > now - rate.interval).length >= rate.limit) return
      const [next] = states.filter(({ phase }) => phase === 'waits').sort(comesFirst)
      if (next === undefined) return
      running += 1
      next.phase = 'runs'
      next.attempts += 1
      if (next.first === Infinity) next.first = firsts++
      starts.push(now)
      log.push(`${now} ${next.name} starts`)
      events.push({ at: now + next.job.duration, kind: 'ends', state: next })
    }
  }

  const happen = (now: number, kind: Kind, state: State): void => {
    const { job, name } = state
    if (kind === 'arrives') {
      state.phase = 'waits'
      if (job.cancel !== undefined) {
        events.push({ at: now + job.cancel, kind: 'is cancelled', state })
      }
    } else if (kind === 'is ready') {
      if (state.phase === 'delayed') state.phase = 'waits'
    } else if (kind === 'is cancelled') {
      if (state.phase === 'over') return
      state.status = 'cancelled'
      if (state.phase !== 'runs') state.phase = 'over'
    } else {
      running -= 1
      log.push(`${now} ${name} ends`)
      const isFailure = state.attempts <= job.failures
      if (state.status !== 'cancelled' && isFailure && state.attempts <= job.retries) {
        state.phase = job.delay === 0 ? 'waits' : 'delayed'
        if (job.delay > 0) events.push({ at: now + job.delay, kind: 'is ready', state })
      } else {
        state.phase = 'over'
        if (state.status !== 'cancelled') state.status = isFailure ? 'rejected' : 'fulfilled'
      }
    }
  }

  for (;;) {
    events.sort((a, b) => a.at - b.at)
    const event = events[0]
    const free = rate && starts.map((each) => each + rate.interval).find((at) => at > lastAt)
    if (free !== undefined && free < (event?.at ?? Infinity)) {
      lastAt = free
      startAll(free)
      continue
    }
    if (event === undefined) break
    const due = events.splice(0, events.filter(({ at }) => at === event.at).length)
    const isTie = due.length > 1 && due.some(({ kind }) => kind !== 'arrives')
    if (isTie || event.at === free || event.at === lastAt) return undefined
    lastAt = event.at
    for (const { at, kind, state } of due) happen(at, kind, state)
    startAll(event.at)
  }
  return { log, starts, statuses: states.map(({ status }) => status) }
}

/** Higher priorities first; then those that have started before, in that order; then in the order of the calls. */
function comesFirst(a: State, b: State): number {
  if (a.job.priority !== b.job.priority) return b.job.priority - a.job.priority
  if (a.first !== b.first) return a.first - b.first
  return a.job.arrival - b.job.arrival || a.name - b.name
}
