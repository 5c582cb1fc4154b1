import {
  any,
  CancelledError,
  Future,
  type GatherOptions,
  gather,
  gatherSettled,
  race,
} from 'gatherly'
import { describe, expect, it } from 'vitest'

const DEPTH = 100_000

/** Deep enough to overflow the stack, and cheaper. */
const LESSER_DEPTH = 20_000

type Combine = (list: Iterable<unknown> & object, options?: GatherOptions) => Future<unknown>

/** A future inside a combination, inside another, and so on: the innermost and the outermost. */
function nest(combine: Combine, options?: GatherOptions) {
  const depth = combine === gather ? DEPTH : LESSER_DEPTH
  const inner = Future.withResolvers<unknown>({ name: 'innermost' })
  let outermost: Future<unknown> = inner.future
  for (let level = 0; level < depth; level++) outermost = combine([outermost], options)
  return { ...inner, outermost }
}

describe.each<[string, Combine]>([
  ['gather', gather],
  ['gatherSettled', gatherSettled],
  ['race', race],
  ['any', any],
])('%s(), nested very deeply', (_name, combine) => {
  it('R10 settles without growing the stack when the innermost is fulfilled', () => {
    const { resolve, outermost } = nest(combine)

    resolve('value')

    expect(outermost.status).toBe('fulfilled')
  })

  it('R10 settles without growing the stack when the innermost fails', () => {
    const { reject, outermost } = nest(combine)
    outermost.catch(() => {})

    reject('failure')

    expect(outermost.done).toBe(true)
  })

  it('R10 settles without growing the stack when the innermost is cancelled', () => {
    const { future, outermost } = nest(combine, { cancelRest: true })
    outermost.catch(() => {})

    future.cancel('enough')

    expect(outermost.done).toBe(true)
  })

  it('R14 cancels the innermost without growing the stack', () => {
    const { future, outermost } = nest(combine)

    outermost.cancel('enough')

    expect([future.status, future.reason]).toEqual(['cancelled', 'enough'])
  })

  it('R14 cancels the innermost of nests under one signal without growing the stack', () => {
    const { future, outermost } = nest(combine)
    const controller = new AbortController()
    const top = combine([outermost], { signal: controller.signal })

    controller.abort('enough')

    expect([top.reason, future.reason]).toEqual(['enough', 'enough'])
  })
})

describe('very long chains', () => {
  it('R10 settle without growing the stack when each cancels the rest of the next', () => {
    const links = Array.from(
      { length: LESSER_DEPTH + 1 },
      () => Future.withResolvers<unknown>().future,
    )
    const all = links
      .slice(1)
      .map((link, index) => gather([links[index], link], { cancelRest: true }))

    links[0]?.cancel('enough')

    expect(all.at(-1)?.status).toBe('cancelled')
    expect(links.at(-1)?.status).toBe('cancelled')
    expect(links.at(-1)?.reason).toBeInstanceOf(CancelledError)
  })

  it('R10 settle without growing the stack when each race cancels the loser of the next', () => {
    const links = Array.from({ length: LESSER_DEPTH + 1 }, () => Future.withResolvers<unknown>())
    const all = links
      .slice(1)
      .map((link, index) => race([links[index]?.future, link.future], { cancelRest: true }))

    links[0]?.resolve(1)

    expect(all.map(({ status }) => status).filter((status) => status === 'cancelled')).toHaveLength(
      LESSER_DEPTH - 1,
    )
    expect(links.at(-1)?.future.status).toBe('cancelled')
  })

  it('R10 settle in trees as they do in chains', () => {
    const leaves = Array.from({ length: 2 ** 14 }, () => Future.withResolvers<number>())
    let level: Future<unknown>[] = leaves.map(({ future }) => future)
    while (level.length > 1) {
      level = Array.from({ length: level.length / 2 }, (_, i) =>
        gather([level[2 * i], level[2 * i + 1]]),
      )
    }

    for (const [index, { resolve }] of leaves.entries()) resolve(index)

    expect([level[0]?.value].flat(20)).toEqual([...leaves.keys()])
  })

  it('R11 keep the failure of the innermost, as it is, up to the outermost', () => {
    const failure = new Error('deep down')
    const { reject, outermost } = nest(gather)
    outermost.catch(() => {})

    reject(failure)

    expect(outermost.reason).toBe(failure)
  })

  it('R10 tell the listeners of every level, the outermost first', () => {
    const log: number[] = []
    const { future, resolve } = Future.withResolvers<number>()
    let outermost: Future<unknown> = future
    for (let level = 0; level < 1000; level++) {
      outermost = gather([outermost])
      outermost.onSettled(() => log.push(level))
    }

    resolve(1)

    // The next level was there before the listener: depth first.
    expect(log).toEqual([...Array(1000).keys()])
  })
})
