/**
 * What an application that imports some of the package sends to browsers, and what it sends for the
 * peers: tree-shaken, minified, gzipped. Run it with `npm run bench -- size`.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import budgets from './budgets.json' with { type: 'json' }
import { importOf, sizeOf } from './size-of.ts'
import { finish, OpenTable } from './table.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))

const peers = {
  'p-limit': ['default', 'p-limit'],
  'p-map': ['default', 'p-map'],
  'p-all': ['default', 'p-all'],
  'p-queue': ['default', 'p-queue'],
  fastq: ['default', 'fastq'],
  'es-toolkit, limitAsync': ['limitAsync', 'es-toolkit'],
  'async, mapLimit': ['mapLimit', 'async'],
  'promise-pool': ['PromisePool', '@supercharge/promise-pool'],
  bottleneck: ['default', 'bottleneck'],
  bluebird: ['default', 'bluebird'],
  'effection, run, all, call': ['run, all, call', 'effection'],
  'effect, all, forEach, promise, runPromise': [
    'all, forEach, promise, runPromise',
    'effect/Effect',
  ],
} as const

// Budgets leave this much more than what is there when they are set.
const HEADROOM = 1.01
// Those that leave much more are set again.
const TOO_MUCH = 1.05
const setsBudgets = process.argv.includes('--budgets')

const ours = new OpenTable('size', 'Sizes of what is imported, minified and gzipped', '', 'kB')
for (const [door, exports] of Object.entries<Record<string, number>>(budgets)) {
  const file = door.replace('gatherly', '../dist').concat('/index.js')
  for (const [names, budget] of Object.entries(exports)) {
    const row = names === '*' ? `all of \`${door}\`` : `\`${names}\` of \`${door}\``
    const size = await sizeOf(importOf(names, file), folder)
    ours.add({ row, column: 'size', value: size / 1000 })
    ours.add({ row, column: 'budget', value: budget / 1000 })
    const isRight = size <= budget && budget <= size * TOO_MUCH
    if (setsBudgets && !isRight) exports[names] = Math.ceil((size * HEADROOM) / 10) * 10
  }
}
if (setsBudgets) {
  writeFileSync(`${folder}/budgets.json`, `${JSON.stringify(budgets, null, 2)}\n`)
}
const theirs = new OpenTable('size-peers', 'Sizes of the peers, minified and gzipped', '', 'kB')
for (const [row, [names, module]] of Object.entries(peers)) {
  const value = (await sizeOf(importOf(names, module), folder)) / 1000
  theirs.add({ row, column: 'size', value })
}
finish('size', [ours, theirs])
