/**
 * What a call, a limit and a gather cost, as ratios to the native floor. Run it with `npm run
 * bench -- core`.
 */
import { gather, Scheduler, task } from 'gatherly'
import { bytesPerOne, type Contestant, compare, print, printHead } from './compare.ts'

const CALLS = 100_000

async function instant(): Promise<void> {}

async function awaitsOnce(): Promise<void> {
  await null
}

/** N calls and one gather, so often that about 20 000 calls are made. */
function gathers(size: number, body: () => Promise<void>): [number, Contestant, Contestant] {
  const repeats = Math.max(1, Math.round(20_000 / size))
  const bodies = Array.from({ length: size }, () => body)
  const call = task(body)
  const floor = async (): Promise<void> => {
    for (let i = 0; i < repeats; i++) await Promise.all(bodies.map((each) => each()))
  }
  const contestant = async (): Promise<void> => {
    for (let i = 0; i < repeats; i++) await gather(bodies.map(() => call()))
  }
  return [size * repeats, floor, contestant]
}

/** Many calls at once through a limit, against so many loops over a shared index. */
function limited(concurrency: number): [number, Contestant, Contestant] {
  const scheduler = new Scheduler({ concurrency })
  const call = scheduler.task(instant)
  const floor = async (): Promise<void> => {
    let next = 0
    const loop = async (): Promise<void> => {
      while (next++ < CALLS) await instant()
    }
    await Promise.all(Array.from({ length: concurrency }, loop))
  }
  const contestant = async (): Promise<void> => {
    for (let i = 0; i < CALLS; i++) call()
    await scheduler.idle()
  }
  return [CALLS, floor, contestant]
}

/** Bytes of a queued call, its handle included. */
function bytesPerQueuedCall(): number {
  const scheduler = new Scheduler({ concurrency: 1 })
  const call = scheduler.task(instant)
  scheduler.pause()
  const bytes = bytesPerOne(1_000_000, call)
  scheduler.cancel()
  return bytes
}

printHead('times the native floor')
for (const size of [1, 2, 10, 1000, 100_000]) {
  print(await compare(`gather of ${size}, instant bodies`, ...gathers(size, instant)))
  print(await compare(`gather of ${size}, await once`, ...gathers(size, awaitsOnce)))
}
for (const concurrency of [1, 8, 64, 1024]) {
  print(await compare(`${CALLS} calls, limit ${concurrency}`, ...limited(concurrency)))
}
console.log(`\nbytes per queued call, a million at once: ${bytesPerQueuedCall().toFixed(0)}`)
