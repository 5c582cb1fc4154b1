/**
 * Compares programs across processes: for what changes a whole process, and so cannot take turns
 * with its floor in one.
 */
import { execFileSync } from 'node:child_process'
import { type Comparison, comparisonOf, type Run, time } from './compare.ts'
import { isQuick, wantedRounds } from './options.ts'
import { showProgress } from './progress.ts'

const PAIRS = wantedRounds ?? (isQuick ? 2 : 7)
const RUNS = isQuick ? 5 : 15

/** A program of a file: how many operations it does, and what it prepares before it does them. */
export interface Program {
  readonly operations: number
  prepare(): Run | Promise<Run>
}

/** Runs the program that this process was started for, if it was started for one. */
export async function runApart(programs: Readonly<Record<string, Program>>): Promise<boolean> {
  const program = programs[process.env.BENCH_PROGRAM ?? '']
  if (program === undefined) return false
  const run = await program.prepare()
  const times: number[] = []
  // The best of many: what a process of its own is hindered by is not what is compared.
  for (let i = 0; i < RUNS; i++) times.push(await time(run))
  console.log((Math.min(...times) / program.operations) * 1e6)
  return true
}

/** Compares two programs of this file, each in a process of its own, in pairs. */
export function compareApart(floor: string, contestant: string): Comparison {
  const rounds = Array.from({ length: PAIRS }, (_, pair) => {
    showProgress(`pair ${pair + 1} of ${PAIRS}: ${contestant}`)
    return [nsApart(floor), nsApart(contestant)] as const
  })
  showProgress('')
  return comparisonOf(rounds)
}

function nsApart(program: string): number {
  const [node, file] = process.argv as [string, string]
  const env = { ...process.env, BENCH_PROGRAM: program }
  return Number(execFileSync(node, ['--expose-gc', file], { env, encoding: 'utf8' }))
}
