/**
 * What it costs to make many calls at once through a limit, a handle each. Run it with `npm run
 * bench -- limit`.
 */
import { Scheduler } from 'gatherly'
import { bareHandles } from './bare-handles.ts'
import type { Contestant } from './compare.ts'
import { handLoop, instant } from './floors.ts'
import { bottleneck, burst, limits } from './limiters.ts'
import { isQuick } from './options.ts'
import { finish, OpenTable } from './table.ts'

const CALLS = isQuick ? 10_000 : 100_000
const SLOW_CALLS = isQuick ? 20 : 200

const table = new OpenTable(
  'limit',
  `${CALLS} calls at once through a limit, bodies finish at once`,
  'loops by hand over a shared index',
)
for (const concurrency of [1, 8, 64, 1024]) {
  await table.compare(`limit ${concurrency}`, handLoop(concurrency, CALLS), {
    ...Object.fromEntries(
      Object.entries(limits).map(([name, limit]) => [name, burst(limit, concurrency, CALLS)]),
    ),
    'gatherly, no handle kept': untilIdle(concurrency),
    'bare handles, no rule kept': burst(bareHandles, concurrency, CALLS),
    bottleneck: burst(bottleneck, concurrency, SLOW_CALLS),
  })
}
finish('limit', [table])

/** Waits for the scheduler and not for the calls. */
function untilIdle(concurrency: number): Contestant {
  const scheduler = new Scheduler({ concurrency })
  const call = scheduler.task(instant)
  return {
    calls: CALLS,
    run() {
      for (let i = 0; i < CALLS; i++) call()
      return scheduler.idle()
    },
  }
}
