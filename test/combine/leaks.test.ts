import { any, asCompleted, Future, gather, gatherSettled, race } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { survivorsOf } from '../support/collected.ts'

const ROUNDS = 100

/** How much is left of what `use` makes over a pending future, once nobody refers to it. */
async function survivorsOver(use: (longLived: Future<unknown>) => object): Promise<number> {
  const longLived = Future.withResolvers<unknown>({ name: 'long-lived' }).future
  const references: WeakRef<object>[] = []
  for (let round = 0; round < ROUNDS; round++) references.push(new WeakRef(use(longLived)))
  const survivors = await survivorsOf(references)
  // Alive until now.
  longLived.cancel()
  return survivors
}

describe('a long-lived future', () => {
  it('lets go of the races that finished without it', async () => {
    expect(await survivorsOver((longLived) => race([longLived, Future.resolve(1)]))).toBe(0)
    expect(
      await survivorsOver((longLived) => {
        const { future, resolve } = Future.withResolvers()
        const first = race([longLived, future])
        resolve()
        return first
      }),
    ).toBe(0)
  })

  it('lets go of the gathers that failed without it', async () => {
    expect(
      await survivorsOver((longLived) => {
        const { future, reject } = Future.withResolvers()
        const all = gather([longLived, future])
        all.catch(() => {})
        reject('failure')
        return all
      }),
    ).toBe(0)
  })

  it('lets go of what any() has found without it', async () => {
    expect(
      await survivorsOver((longLived) => {
        const { future, resolve } = Future.withResolvers()
        const first = any([longLived, future])
        resolve()
        return first
      }),
    ).toBe(0)
  })

  it('lets go of what became cancelled with another input', async () => {
    expect(
      await survivorsOver((longLived) => {
        const { future } = Future.withResolvers()
        const all = gather([longLived, future])
        future.cancel()
        return all
      }),
    ).toBe(0)
  })

  it('lets go of loops over it that were left', async () => {
    const longLived = Future.withResolvers<number>().future
    const leaveLoop = async (): Promise<WeakRef<object>> => {
      const completions = asCompleted([longLived, Future.resolve(1)])
      for await (const _first of completions) break
      return new WeakRef(completions)
    }

    const references = await Promise.all(Array.from({ length: ROUNDS }, leaveLoop))

    expect(await survivorsOf(references)).toBe(0)
    expect(longLived.status).toBe('running')
  })

  it('R15 lets go of what listened to it and stopped', async () => {
    expect(
      await survivorsOver((longLived) => {
        const listener = (): void => {}
        longLived.onSettled(listener)()
        return listener
      }),
    ).toBe(0)
  })

  it('lets go of 200 000 finished races without slowing down', () => {
    // Not timed: what is kept, or looked through, per race would not finish here.
    const longLived = Future.withResolvers<number>().future
    let sum = 0

    for (let round = 0; round < 200_000; round++) {
      const { future, resolve } = Future.withResolvers<number>()
      const first = race([longLived, future])
      resolve(1)
      sum += first.value ?? 0
    }

    expect(sum).toBe(200_000)
  })
})

describe('a signal that lives on', () => {
  it('R15 lets go of the gathers that are done', async () => {
    const { signal } = new AbortController()
    const references = Array.from({ length: ROUNDS }, () => {
      const { future, resolve } = Future.withResolvers()
      const all = gatherSettled([future], { signal })
      resolve()
      return new WeakRef<object>(all)
    })

    expect(await survivorsOf(references)).toBe(0)
    expect(signal.aborted).toBe(false)
  })
})

describe('a settled gather', () => {
  it('lets go of its inputs', async () => {
    const gathers: Future<unknown>[] = []
    const inputs = Array.from({ length: ROUNDS }, () => {
      const { future, resolve } = Future.withResolvers<number>()
      gathers.push(gather([future]))
      resolve(1)
      return new WeakRef<object>(future)
    })

    expect(await survivorsOf(inputs)).toBe(0)
    expect(gathers.map(({ value }) => value)).toEqual(gathers.map(() => [1]))
  })
})
