import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { makePage, makeReadme, targetsTable } from '../../bench/page.ts'
import type { Figure, Results } from '../../bench/results.ts'
import { root } from '../support/built-package.ts'
import { textOf } from './pages.ts'

describe('the page of benchmarks', () => {
  it('is what `npm run bench -- report` makes of the saved results', () => {
    expect(textOf('docs/benchmarks.md')).toBe(makePage(join(root, 'bench')))
  })

  it('and the README of the benchmarks say where and when that was', () => {
    const readme = textOf('bench/README.md')

    expect(readme).toBe(makeReadme(join(root, 'bench')))
    expect(readme).toMatch(/Measured on \d{4}-\d\d-\d\d.* with Node\.js v20.* v24/)
  })

  it('says of each target whether it is met or missed, by the worst figure', () => {
    const figures = [
      { row: 'gatherly', column: 'N = 2', value: 1.1 },
      { row: 'gatherly', column: 'N = 10', value: 1.25 },
      { row: 'p-all', column: 'N = 10', value: 9 },
    ]
    const all = new Map([
      ['20', resultsOf('gather-once', figures)],
      ['24', resultsOf('gather-once', [...figures, { ...figures[1], value: 1.31 } as Figure])],
    ])

    expect(targetsTable(all).split('\n')[2]).toBe(
      '| gather, bodies await once | 1.25 (≤ 1.3) | **1.31, missed** (≤ 1.3) |',
    )
  })

  it('says of a target that asks to be faster than a peer how many times it is', () => {
    const figures = [
      { row: 'gatherly', column: '1 thread', value: 0.5 },
      { row: 'piscina', column: '1 thread', value: 5 },
      { row: 'gatherly', column: '2 threads', value: 1 },
      { row: 'piscina', column: '2 threads', value: 7.5 },
    ]
    const rows = targetsTable(new Map([['20', resultsOf('workers-burst', figures)]])).split('\n')

    expect(rows.find((row) => row.includes('piscina'))).toBe(
      '| the same, how many times as fast as piscina | **7.50, missed** (≥ 8) |',
    )
  })
})

function resultsOf(id: string, figures: readonly Figure[]): ReadonlyMap<string, Results> {
  const tables = [{ id, title: id, unit: 'times', floor: 'the floor', figures }] as const
  const about = { bench: 'any', date: '2026-01-01', node: 'v20.0.0', machine: 'any' }
  return new Map([['any', { ...about, isPinned: true, load: 0, peers: {}, tables }]])
}
