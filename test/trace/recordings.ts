/** Programs that are recorded in virtual time: what they give is the same, to the millisecond, every time. */
import { gather, gatherSettled, Scheduler, TaskGroup, type TaskOptions } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { type Timeline, type TraceOptions, trace } from 'gatherly/trace'

/** What a program to be recorded is given. */
export interface Stage {
  readonly clock: VirtualClock
  readonly timeline: Timeline
  readonly scheduler: Scheduler
  /** A scheduler with other options, on the same clock. */
  limited(concurrency: number, name?: string): Scheduler
}

/** Records a program in virtual time, from its beginning until nothing is left to do. */
export async function record(
  program: (stage: Stage) => unknown,
  options: TraceOptions = {},
): Promise<Timeline> {
  const clock = new VirtualClock()
  const scheduler = new Scheduler({ clock })
  const limited = (concurrency: number, name = 'limited') =>
    new Scheduler({ clock, concurrency, name })
  const timeline = trace({ clock, ...options })
  try {
    const ended = (async () => program({ clock, timeline, scheduler, limited }))()
    await clock.run()
    await ended
  } finally {
    timeline.stop()
  }
  return timeline
}

/** Calls a body that takes so long. */
export function work(
  { scheduler }: Pick<Stage, 'scheduler'>,
  name: string,
  milliseconds: number,
  options?: TaskOptions,
) {
  return scheduler.spawn(({ sleep }) => sleep(milliseconds), { name, ...options })
}

/** Main calls both tasks, does its own work, then gathers. */
export async function gathered(stage: Stage): Promise<void> {
  const task1 = work(stage, 'Task 1', 1000)
  const task2 = work(stage, 'Task 2', 1000)
  await stage.timeline.span('Main', () => stage.clock.sleep(500))
  await gather(task1, task2)
}

/** The same, each awaited before the next begins. */
export async function oneAfterAnother(stage: Stage): Promise<void> {
  await work(stage, 'Task 1', 1000)
  await work(stage, 'Task 2', 1000)
  await stage.timeline.span('Main', () => stage.clock.sleep(500))
}

/** Seven calls, three at a time. */
export async function throughALimit(stage: Stage): Promise<void> {
  const scheduler = stage.limited(3, 'api')
  const durations = [300, 200, 400, 100, 300, 200, 100]
  await gather(durations.map((duration) => work({ scheduler }, 'fetchPage', duration)))
}

/** Failures, cancels, retries and calls within calls. */
export async function troubled(stage: Stage): Promise<void> {
  const { scheduler, clock } = stage
  const twoAtATime = stage.limited(2, 'db')
  let attempts = 0
  const flaky = scheduler.task(
    async () => {
      await clock.sleep(100)
      if (++attempts < 3) throw new Error('busy')
    },
    { name: 'flaky', retry: { retries: 5, delay: 50 } },
  )
  const report = scheduler.spawn(
    async () => {
      await clock.sleep(50)
      const rows = work({ scheduler: twoAtATime }, 'loadRows', 200)
      const sums = work({ scheduler: twoAtATime }, 'loadSums', 300)
      await gather(rows, sums)
      await clock.sleep(50)
    },
    { name: 'report' },
  )
  const failing = scheduler.spawn(
    async () => {
      await clock.sleep(150)
      throw new Error('no such user')
    },
    { name: 'getUser' },
  )
  // Deaf to its cancel: it runs on.
  const deaf = scheduler.spawn(() => clock.sleep(350), { name: 'deaf' })
  work({ scheduler: twoAtATime }, 'first', 120)
  const second = work({ scheduler: twoAtATime }, 'second', 110)
  const never = work({ scheduler: twoAtATime }, 'never', 100)
  clock.callLater(() => {
    deaf.cancel()
    never.cancel()
  }, 60)
  await gatherSettled([flaky(), report, failing, deaf, second, never], { name: 'everything' })
}

/** A group, and a body that it has to wait for. */
export async function grouped({ clock, scheduler }: Stage): Promise<void> {
  await TaskGroup.run(
    async (group) => {
      for (const [i, ms] of [100, 200, 300].entries()) {
        group.spawn(({ sleep }) => sleep(ms), { name: `part ${i + 1}` })
      }
      await clock.sleep(50)
    },
    { scheduler, name: 'parts' },
  )
}
