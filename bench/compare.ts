import { isQuick, wantedRounds } from './options.ts'
import { showProgress } from './progress.ts'

/** A piece of work: resolves when it is done. */
export type Run = () => PromiseLike<unknown>

/** One way of doing a piece of work. */
export interface Contestant {
  /** How many calls one run makes. */
  readonly calls: number
  readonly run: Run
}

/** What the floor and then the contestant took in one round: a call, in nanoseconds. */
export type Round = readonly [floor: number, contestant: number]

/** How long a contestant took, in times of the floor of the same round. */
export interface Comparison {
  /** The median of the rounds. */
  readonly ratio: number
  /** The quartiles: between them lies half of the rounds. */
  readonly spread: readonly [lower: number, upper: number]
  /** What a call took in the median round, in nanoseconds. */
  readonly ns: number
  readonly floorNs: number
  readonly rounds: number
}

// Whoever takes much longer than the floor is measured in fewer rounds: he has this long.
const BUDGET_MS = isQuick ? 300 : 1500
const ROUNDS = wantedRounds ?? (isQuick ? 5 : 21)
// In a longer run, what is compiled anew at its beginning is not to be seen.
const SHORT_MS = 100
const LEAST_ROUNDS = Math.min(ROUNDS, isQuick ? 2 : 5)

/**
 * Compares contestants with the floor. In every round each of them runs right before or right after
 * the floor, in turns, and in another order than in the last round: whatever slows the machine down
 * slows both, and nobody always cleans up after the same other. Only the ratios count.
 */
export async function compare(
  floor: Contestant,
  contestants: Readonly<Record<string, Contestant>>,
  wantsRounds = ROUNDS,
): Promise<Record<string, Comparison>> {
  const entries = Object.entries(contestants).map(([name, contestant]) => {
    return { name, contestant, rounds: [] as Round[], spentMs: 0, lastMs: 0 }
  })
  for (const { contestant } of entries) await warmUp(floor, contestant)
  for (let round = 0; round < wantsRounds; round++) {
    for (let i = 0; i < entries.length; i++) {
      const entry = entries[(i + round) % entries.length] as (typeof entries)[0]
      if (entry.spentMs > BUDGET_MS && entry.rounds.length >= LEAST_ROUNDS) continue
      showProgress(`round ${round + 1} of ${wantsRounds}: ${entry.name}`)
      // A full garbage collection, whosever garbage it was, makes the engine drop compiled code. Who
      // runs next would pay for that: so nobody's run counts before his code is there again.
      if (entry.lastMs < SHORT_MS) await entry.contestant.run()
      const pair = await timePair(floor, entry.contestant, round % 2 === 0)
      entry.lastMs = (pair[1] * entry.contestant.calls) / 1e6
      entry.spentMs += entry.lastMs
      entry.rounds.push(pair)
    }
  }
  showProgress('')
  return Object.fromEntries(entries.map(({ name, rounds }) => [name, comparisonOf(rounds)]))
}

/** Says what the times of all rounds come to. */
export function comparisonOf(rounds: readonly Round[]): Comparison {
  const { median, spread } = summary(rounds.map(([floor, contestant]) => contestant / floor))
  return {
    ratio: median,
    spread,
    ns: summary(rounds.map(([, contestant]) => contestant)).median,
    floorNs: summary(rounds.map(([floor]) => floor)).median,
    rounds: rounds.length,
  }
}

/** Three runs at least of what is quick, and more until the compiler has had its time. */
async function warmUp(floor: Contestant, contestant: Contestant): Promise<void> {
  let spentMs = 0
  for (let run = 0; spentMs < (run < 3 ? BUDGET_MS / 4 : BUDGET_MS / 20); run++) {
    const [, each] = await timePair(floor, contestant, true)
    spentMs += (each * contestant.calls) / 1e6
  }
}

async function timePair(
  floor: Contestant,
  contestant: Contestant,
  floorFirst: boolean,
): Promise<Round> {
  if (floorFirst) return [await timeCall(floor), await timeCall(contestant)]
  const time = await timeCall(contestant)
  return [await timeCall(floor), time]
}

/** What a call takes, in nanoseconds. */
async function timeCall({ calls, run }: Contestant): Promise<number> {
  // A small collection only: a full one drops optimised code with the shapes it was made for.
  globalThis.gc?.({ type: 'minor' })
  return ((await time(run)) / calls) * 1e6
}

/**
 * How long a run keeps the processor, in milliseconds: this thread, and those on which the engine
 * compiles and collects garbage. The clock on the wall would go on while other programs run, and
 * these come between more often the longer a run is.
 */
export async function time(run: Run): Promise<number> {
  const start = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

/** The median and the quartiles. */
export function summary(values: readonly number[]): {
  median: number
  spread: readonly [lower: number, upper: number]
} {
  const median = quantile(values, 0.5)
  return { median, spread: [quantile(values, 0.25), quantile(values, 0.75)] }
}

/** The value below which lies this part of them. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN
}
