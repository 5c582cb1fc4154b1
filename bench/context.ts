/**
 * What a limit costs where there is an async context to keep. A process of its own, because on Node
 * 20 the first context makes every promise after it dearer. Run it with `npm run bench -- context`.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Contestant } from './compare.ts'
import { handLoop, instant } from './floors.ts'
import { bottleneck, burst, type Limit, limits } from './limiters.ts'
import { isQuick } from './options.ts'
import { finish, OpenTable } from './table.ts'

const CALLS = isQuick ? 10_000 : 100_000
const storage = new AsyncLocalStorage<object>()

const table = new OpenTable(
  'context',
  `${CALLS} calls at once through a limit, within an async context`,
  'loops by hand over a shared index, within the same context',
)
for (const concurrency of [1, 8, 64, 1024]) {
  await table.compare(
    `limit ${concurrency}`,
    within(handLoop(concurrency, CALLS)),
    mapped(([, limit]) => within(burst(limit, concurrency, CALLS))),
  )
}

const keeps = new OpenTable(
  'keeps-context',
  'Bodies run in the context of their call',
  '1 where they do, 0 where they run in that of whoever freed the slot',
  'count',
)
for (const [row, limit] of Object.entries({ ...limits, bottleneck })) {
  keeps.add({ row, column: 'kept', value: Number(await keepsContexts(limit)) })
}
finish('context', [table, keeps])

function mapped(of: (limit: [string, Limit]) => Contestant): Record<string, Contestant> {
  return Object.fromEntries(Object.entries(limits).map((limit) => [limit[0], of(limit)]))
}

function within({ calls, run }: Contestant): Contestant {
  const context = {}
  return { calls, run: () => storage.run(context, run) }
}

/** Whether the bodies of two calls see the contexts of the calls. */
async function keepsContexts(limit: Limit): Promise<boolean> {
  const seen: unknown[] = []
  const { call } = limit(1, async () => {
    seen.push(storage.getStore())
    await instant()
  })
  const contexts = [{}, {}, {}]
  await Promise.all(contexts.map((context) => storage.run(context, call)))
  return contexts.every((context, i) => seen[i] === context)
}
