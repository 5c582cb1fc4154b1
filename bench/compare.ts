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
  const times: Round[] = []
  for (let round = 0; round < rounds; round++) {
    times.push([await time(floor), await time(contestant)])
  }
  return comparisonOf(name, calls, times)
}

/** How long the floor and then the contestant took in one round, in milliseconds. */
export type Round = readonly [floor: number, contestant: number]

/** Says what the times of all rounds come to. */
export function comparisonOf(name: string, calls: number, rounds: readonly Round[]): Comparison {
  const ratios = rounds.map(([floor, contestant]) => contestant / floor)
  const floors = rounds.map(([floor]) => floor)
  return {
    name,
    ratio: quantile(ratios, 0.5),
    spread: [quantile(ratios, 0.25), quantile(ratios, 0.75)],
    floorNs: (quantile(floors, 0.5) / calls) * 1e6,
  }
}

export function print({ name, ratio, spread, floorNs }: Comparison): void {
  const [lower, upper] = spread.map((each) => each.toFixed(2))
  const cells = [name.padEnd(34), ratio.toFixed(2).padStart(6), `${lower} to ${upper}`.padStart(14)]
  console.log(`${cells.join('  ')}  ${floorNs.toFixed(0).padStart(6)} ns`)
}

export function printHead(what: string): void {
  console.log(`Node ${process.version}, ${new Date().toISOString().slice(0, 10)}\n`)
  console.log(`${what.padEnd(34)}  median     quartiles   floor a call`)
}

/** How much the heap grows for each of `count` things that are made and kept. Needs `--expose-gc`. */
export function bytesPerOne(count: number, make: () => unknown): number {
  const kept = new Array<unknown>(count).fill(undefined)
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  for (let i = 0; i < count; i++) kept[i] = make()
  globalThis.gc?.()
  return (process.memoryUsage().heapUsed - before) / count
}

export async function time(run: Contestant): Promise<number> {
  const start = performance.now()
  await run()
  return performance.now() - start
}

/** The value below which lies this part of them. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN
}
