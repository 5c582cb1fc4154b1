import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { found } from './found.ts'
import { packageImplementation, referenceImplementation } from './implementations.ts'
import { type Implementation, observe } from './interpreter.ts'
import { calmPrograms, type Program, programs } from './program.ts'

/**
 * Compares what both observe of random programs. Many more than this were run before it was kept; to run as many again:
 * `ORACLE_RUNS=100000 npx vitest run test/oracle --testTimeout=3600000`.
 */
async function compare(
  implementation: Implementation,
  numRuns: number,
  all: fc.Arbitrary<Program> = programs,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(all, async (program) => {
      const expected = await observe(referenceImplementation, program)

      expect(await observe(implementation, program)).toEqual(expected)
    }),
    { numRuns },
  )
}

describe('the package and the reference', () => {
  it('R1 to R5, R8 to R15, R20: always observe the same of any program, line by line', async () => {
    const numRuns = Number(process.env.ORACLE_RUNS ?? 1000)

    await compare(packageImplementation, numRuns)
  })

  it('R17 to R19: always observe the same of any program that comes to rest after each operation', async () => {
    const numRuns = Number(process.env.ORACLE_RUNS ?? 600)

    await compare(packageImplementation, numRuns, calmPrograms)
  })

  it.each(Object.entries(found))('observe the same when %s', async (_situation, program) => {
    const expected = await observe(referenceImplementation, program)

    expect(await observe(packageImplementation, program)).toEqual(expected)
  })

  it('R10: a gather that gives its values in the order of completion is always found out', async () => {
    const gather: Implementation['gather'] = (...args) => {
      const future = referenceImplementation.gather(...args)
      if (Array.isArray(future.value)) future.value.reverse()
      return future
    }

    const comparison = compare({ ...referenceImplementation, gather }, 1500)

    await expect(comparison).rejects.toThrow('Counterexample')
  })

  it('R4: a scheduler with one slot too many is always found out', async () => {
    class Generous extends referenceImplementation.Scheduler {
      constructor(options: { concurrency: number }) {
        super({ ...options, concurrency: options.concurrency + 1 })
      }
    }
    const Scheduler = Generous as Implementation['Scheduler']

    const comparison = compare({ ...referenceImplementation, Scheduler }, 1500)

    await expect(comparison).rejects.toThrow('Counterexample')
  })
})
