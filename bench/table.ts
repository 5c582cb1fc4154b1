/** Tables that fill while a benchmark runs. */
import { fileURLToPath } from 'node:url'
import { type Contestant, compare, summary } from './compare.ts'
import { format } from './format.ts'
import { isSaved } from './options.ts'
import { headProgress } from './progress.ts'
import { type Figure, save, type Table, type Unit } from './results.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))

/** A table that prints each figure as it comes. */
export class OpenTable implements Table {
  readonly id: string
  readonly title: string
  readonly floor: string
  readonly unit: Unit
  readonly figures: Figure[] = []

  constructor(id: string, title: string, floor: string, unit: Unit = 'times') {
    this.id = id
    this.title = title
    this.floor = floor
    this.unit = unit
    console.log(`\n${title}${floor && `\n(floor: ${floor})`}`)
    headProgress(title)
  }

  /** Compares contestants with the floor and adds a column of them. */
  async compare(
    column: string,
    floor: Contestant,
    contestants: Readonly<Record<string, Contestant>>,
  ): Promise<void> {
    headProgress(`${this.title}, ${column}`)
    const comparisons = await compare(floor, contestants)
    for (const [row, { ratio, spread, ns, rounds }] of Object.entries(comparisons)) {
      this.add({ row, column, value: ratio, spread, ns, rounds })
    }
  }

  /** Adds what many rounds found. */
  addAll(row: string, column: string, values: readonly number[], unit?: Unit): void {
    const { median, spread } = summary(values)
    const of = unit && { unit }
    this.add({ row, column, value: median, spread, rounds: values.length, ...of })
  }

  add(figure: Figure): void {
    this.figures.push(figure)
    const { row, column, value, spread, unit = this.unit, ns } = figure
    const cells = [
      `${row}, ${column}`.padEnd(58),
      `${format(value)}${unit === 'times' ? '' : ` ${unit}`}`.padStart(12),
      (spread ? `${format(spread[0])} to ${format(spread[1])}` : '').padStart(18),
      (ns === undefined ? '' : `${ns.toFixed(0)} ns`).padStart(12),
    ]
    console.log(cells.join(' ').trimEnd())
  }
}

/** Saves what a benchmark found, if that was asked for. */
export function finish(bench: string, tables: readonly OpenTable[]): void {
  if (isSaved) save(folder, bench, tables)
}
