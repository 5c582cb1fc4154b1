import fc from 'fast-check'
import { Future } from 'gatherly'
import { describe, expect, it } from 'vitest'
import { heldFailures } from '../../src/core/uncollected.ts'

describe('The failures that are held, for every sequence of failing and collecting,', () => {
  it('R16 are always exactly those that failed and were not collected, in the order they failed', () => {
    const step = fc.record({
      kind: fc.constantFrom('reject', 'cancel', 'resolve', 'collect', 'look', 'link'),
      which: fc.nat(5),
    })

    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const futures = Array.from({ length: 6 }, (_, i) =>
          Future.withResolvers<number>({ name: `${i}` }),
        )
        const collected = new Set<string>()
        const failed: string[] = []
        const log: unknown[] = []
        const expected: unknown[] = []

        for (const { kind, which } of steps) {
          const { future, resolve, reject } = futures[which] as (typeof futures)[0]
          if (kind === 'reject') {
            if (!future.done) failed.push(future.name)
            reject(which)
          }
          if (kind === 'cancel') future.cancel()
          if (kind === 'resolve') resolve(which)
          if (kind === 'collect' || kind === 'link') collected.add(future.name)
          if (kind === 'collect') future.catch(() => {})
          // What takes over the failure is collected at once, and so never held.
          if (kind === 'link') new Future((follow) => follow(future)).catch(() => {})
          if (kind === 'look') future.onSettled(() => {})
          log.push(heldFailures().map(({ name }) => name))
          expected.push(failed.filter((name) => !collected.has(name)))
        }

        for (const { future } of futures) future.catch(() => {})
        expect(log).toEqual(expected)
        expect(heldFailures()).toEqual([])
      }),
    )
  })
})
