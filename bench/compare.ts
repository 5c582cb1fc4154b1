/** One way of doing a piece of work; resolves when it is done. */
export type Contestant = () => Promise<unknown>

/** How long a contestant took, in times of the floor of the same round. */
export interface Comparison {
  readonly name: string
  /** The median of the rounds. */
  readonly ratio: number
  /** The quartiles: between them lies half of the rounds. */
  readonly spread: readonly [lower: number, upper: number]
  /** What the floor took in the median round, in nanoseconds a call. */
  readonly floorNs: number
}

/**
 * Compares a contestant with the native floor. Both run in every round, one right after the other,
 * so that whatever slows the machine down slows both: only the ratio counts.
 *
 * @param calls - How many calls one run makes.
 */
export async function compare(
  name: string,
  calls: number,
  floor: Contestant,
  contestant: Contestant,
  rounds = 21,
): Promise<Comparison> {
  for (let warmUp = 0; warmUp < 3; warmUp++) {
    await floor()
    await contestant()
  }
  const ratios: number[] = []
  const floors: number[] = []
  for (let round = 0; round < rounds; round++) {
    const base = await time(floor)
    ratios.push((await time(contestant)) / base)
    floors.push(base)
  }
  return {
    name,
    ratio: quantile(ratios, 0.5),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    floorNs: (quantile(floors, 0.5) / calls) * 1e6,
  }
}

async function time(run: Contestant): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN
}
