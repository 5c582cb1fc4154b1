/** What it costs to map many items under a limit. Run it with `npm run bench -- map`. */
import { PromisePool } from '@supercharge/promise-pool'
import { mapLimit } from 'async'
import Bluebird from 'bluebird'
import * as Effect from 'effect/Effect'
import { Scheduler } from 'gatherly'
import pMap from 'p-map'
import type { Contestant, Run } from './compare.ts'
import { isQuick } from './options.ts'
import { finish, OpenTable } from './table.ts'

const CALLS = isQuick ? 10_000 : 100_000
const items = Array.from({ length: CALLS }, (_, index) => index)

async function double(item: number): Promise<number> {
  return item * 2
}

/** What one writes by hand: loops over a shared index. */
function handLoops(concurrency: number): Contestant {
  return of(async () => {
    const results = new Array<number>(CALLS)
    let next = 0
    const loop = async (): Promise<void> => {
      while (next < CALLS) {
        const index = next++
        results[index] = await double(items[index] as number)
      }
    }
    await Promise.all(Array.from({ length: concurrency }, loop))
    return results
  })
}

function contestants(concurrency: number): Record<string, Contestant> {
  const scheduler = new Scheduler({ concurrency })
  return {
    'gatherly, awaited': of(() => scheduler.map(items, double)),
    'gatherly, iterated': of(async () => {
      const results: number[] = []
      for await (const result of scheduler.map(items, double)) results.push(result)
      return results
    }),
    'async.mapLimit': of(() => mapLimit(items, concurrency, double)),
    'p-map': of(() => pMap(items, double, { concurrency })),
    'promise-pool': of(() => PromisePool.for(items).withConcurrency(concurrency).process(double)),
    'Effect.forEach': of(() => {
      const each = (item: number) => Effect.promise(() => double(item))
      return Effect.runPromise(Effect.forEach(items, each, { concurrency }))
    }),
    'bluebird.map': of(() => Bluebird.map(items, double, { concurrency })),
  }
}

function of(run: Run): Contestant {
  return { calls: CALLS, run }
}

const table = new OpenTable(
  'map',
  `map over ${CALLS} items under a limit, bodies finish at once`,
  'loops by hand over a shared index',
)
for (const concurrency of [1, 8, 64]) {
  await table.compare(`limit ${concurrency}`, handLoops(concurrency), contestants(concurrency))
}
finish('map', [table])
