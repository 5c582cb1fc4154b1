/** What it costs to make N calls and to gather them. Run it with `npm run bench -- gather`. */
import Bluebird from 'bluebird'
import * as Effect from 'effect/Effect'
import { all, call as operation, run as runOperation } from 'effection'
import { gather, task } from 'gatherly'
import pAll from 'p-all'
import { bareHandles, gatherBare } from './bare-handles.ts'
import type { Contestant } from './compare.ts'
import { awaitsOnce, type Body, instant } from './floors.ts'
import { isQuick } from './options.ts'
import { finish, OpenTable } from './table.ts'

const CALLS = isQuick ? 4000 : 20_000

/** Does something so often that so many calls are made. */
function repeated(size: number, calls: number, once: () => PromiseLike<unknown>): Contestant {
  const repeats = Math.max(1, Math.round(calls / size))
  return {
    calls: size * repeats,
    async run() {
      for (let i = 0; i < repeats; i++) await once()
    },
  }
}

function floor(size: number, body: Body): Contestant {
  const bodies = Array.from({ length: size }, () => body)
  return repeated(size, CALLS, () => Promise.all(bodies.map((each) => each())))
}

function contestants(size: number, body: Body): Record<string, Contestant> {
  const bodies = Array.from({ length: size }, () => body)
  const call = task(body)
  const bare = bareHandles(Infinity, body)
  return {
    gatherly: repeated(size, CALLS, () => gather(bodies.map(() => call()))),
    'bare handles, no rule kept': repeated(size, CALLS, () => gatherBare(bodies.map(bare.call))),
    'Promise.allSettled': repeated(size, CALLS, () =>
      Promise.allSettled(bodies.map((each) => each())),
    ),
    'p-all': repeated(size, CALLS, () => pAll(bodies)),
    bluebird: repeated(size, CALLS, () => Bluebird.all(bodies.map((each) => Bluebird.try(each)))),
    'Effect.all': repeated(size, CALLS, () => {
      const effects = bodies.map((each) => Effect.promise(each))
      return Effect.runPromise(Effect.all(effects, { concurrency: 'unbounded' }))
    }),
  }
}

// By itself: it leaves so much garbage that the others would be measured after its collection. A
// hundred times slower: a tenth of the calls is enough.
function slowContestants(size: number, body: Body): Record<string, Contestant> {
  const bodies = Array.from({ length: size }, () => body)
  const once = () => runOperation(() => all(bodies.map((each) => operation(each))))
  return { effection: repeated(size, CALLS / 10, once) }
}

async function table(id: string, title: string, body: Body): Promise<OpenTable> {
  const table = new OpenTable(id, title, '`Promise.all(bodies.map((body) => body()))`')
  for (const size of [2, 10, 1000]) {
    await table.compare(`N = ${size}`, floor(size, body), contestants(size, body))
    await table.compare(`N = ${size}`, floor(size, body), slowContestants(size, body))
  }
  return table
}

finish('gather', [
  await table('gather-once', 'Gather of N calls, bodies await once', awaitsOnce),
  await table('gather-instant', 'Gather of N calls, bodies finish at once', instant),
])
