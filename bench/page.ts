/** The page of results: prose from `page.md`, figures from `results/`. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { format } from './format.ts'
import { type Figure, type Results, readAll, type Table } from './results.ts'
import { findTable, outcomeOf, say, targets } from './targets.ts'

/** What each version of Node.js was found to do, by benchmark. */
export type AllResults = ReadonlyMap<string, ReadonlyMap<string, Results>>

const parts: Readonly<Record<string, (all: AllResults, argument: string) => string>> = {
  targets: targetsTable,
  table: resultTables,
  contexts: contextsKept,
  machine: machines,
  peers: peerVersions,
}

/**
 * Makes the page from `page.md` of this folder, in which `{{table limit}}` stands for the results of
 * that table, and from the saved results.
 */
export function makePage(folder: string): string {
  const all = readAll(folder)
  return readFileSync(join(folder, 'page.md'), 'utf8').replace(
    /\{\{(\w+) ?([\w-]*)\}\}/g,
    (whole, name: string, argument: string) => {
      const part = parts[name]
      if (part === undefined) throw new Error(`page.md asks for ${whole}, which is nothing.`)
      return part(all, argument)
    },
  )
}

/**
 * Makes the README of this folder anew: between its two marks it says where and when the saved
 * results were measured.
 */
export function makeReadme(folder: string): string {
  const all = readAll(folder)
  const runs = [...all.values()].flatMap((results) => [...results.values()])
  const list = (of: (run: Results) => string) => unique(runs.map(of)).toSorted().join(', ')
  const lastRun =
    `Measured on ${list(({ date }) => date)} with Node.js ${list(({ node }) => node)} on ` +
    `${list(({ machine }) => machine)}. Compared with ${peerVersions(all)}.`
  return readFileSync(join(folder, 'README.md'), 'utf8').replace(
    /(<!-- last run -->\n).*?(\n<!-- end of last run -->)/s,
    (_, start: string, end: string) => start + lastRun + end,
  )
}

/** All targets, and what came of each. */
export function targetsTable(all: AllResults): string {
  const versions = [...all.keys()]
  const rows = targets.map((target) => [
    target.what,
    ...versions.map((version) => say(outcomeOf(target, version, all.get(version) ?? new Map()))),
  ])
  return markdown(['what', ...versions.map((version) => `Node.js ${version}`)], rows)
}

/** One table for each version of Node.js: the figures, and in brackets their quartiles. */
function resultTables(all: AllResults, id: string): string {
  const found = [...all].flatMap(([version, results]) => {
    const table = findTable(results, id)
    return table ? [{ version, table }] : []
  })
  const [first] = found
  if (first === undefined) return 'Not measured yet.'
  const { title, floor } = first.table
  const caption = floor === '' ? title : `${title}. Floor: ${floor}`
  const tables = found.map(({ version, table }) => `Node.js ${version}:\n\n${tableOf(table)}`)
  return `${caption}.\n\n${tables.join('\n\n')}`
}

function tableOf({ figures, unit }: Table): string {
  const columns = unique(figures.map(({ column }) => column))
  const rows = unique(figures.map(({ row }) => row)).map((row) => [
    row.startsWith('gatherly') ? `**${row}**` : row,
    ...columns.map((column) => {
      const figure = figures.find((each) => each.row === row && each.column === column)
      return figure ? cell(figure, unit) : ''
    }),
  ])
  return markdown(['', ...columns], rows)
}

function cell({ value, spread, unit }: Figure, usual: string): string {
  const ofUnit =
    unit === undefined || unit === usual ? '' : unit === 'times' ? ' times' : ` ${unit}`
  const [lower, upper] = (spread ?? []).map(format)
  const isExact = spread === undefined || lower === upper
  return `${format(value)}${ofUnit}${isExact ? '' : ` (${lower} to ${upper})`}`
}

/** Who runs bodies in the async context of their call. */
function contextsKept(all: AllResults): string {
  const [table] = [...all.values()].flatMap((results) => findTable(results, 'keeps-context') ?? [])
  const { figures = [] } = table ?? {}
  const names = (kept: number) =>
    figures.filter(({ value }) => value === kept).map(({ row }) => row)
  return (
    `In the context of their call run the bodies of ${names(1).join(', ')}; in that of whoever freed ` +
    `the slot, or of whoever made the queue, those of ${names(0).join(', ')}.`
  )
}

function machines(all: AllResults): string {
  const rows = [...all.values()].flatMap((results) =>
    [...results.values()].map(({ bench, node, date, machine, isPinned, load }) => [
      bench,
      node,
      date,
      `${machine}${isPinned ? ', on one core alone' : ''}`,
      format(load),
    ]),
  )
  return markdown(['benchmark', 'Node.js', 'date', 'machine', 'load'], rows)
}

function peerVersions(all: AllResults): string {
  const versions = [...all.values()].flatMap((results) =>
    [...results.values()].flatMap(({ peers }) => Object.entries(peers)),
  )
  return unique(versions.map(([name, version]) => `${name} ${version}`))
    .toSorted()
    .join(', ')
}

function markdown(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

function unique(values: readonly string[]): readonly string[] {
  return [...new Set(values)]
}
