import * as gatherly from 'gatherly'
import * as testing from 'gatherly/testing'
import * as trace from 'gatherly/trace'
import * as workers from 'gatherly/workers'
import { describe, expect, it } from 'vitest'
import { textOf } from './pages.ts'

describe('the README', () => {
  const readme = textOf('README.md')

  it('begins with what it is, the two commands and an example', () => {
    const [beforeWhy = ''] = readme.split('\n## ')

    expect(beforeWhy).toMatch(/^# gatherly\n\n.+?npm ci && npm start.+?npm cit.+?```ts\n/s)
  })

  it('says at a glance what each export is for, and from where', () => {
    const rows = readme.split('\n').filter((line) => /^\|.*\| `gatherly/.test(line))
    const documented = (door: string) =>
      rows
        .filter((row) => row.endsWith(`| \`${door}\` |`))
        .flatMap((row) => [...row.matchAll(/`(\w+)/g)].map(([, name]) => name))

    expect(documented('gatherly')).toEqual(expect.arrayContaining(Object.keys(gatherly)))
    expect(documented('gatherly/testing')).toEqual(expect.arrayContaining(Object.keys(testing)))
    expect(documented('gatherly/trace')).toEqual(expect.arrayContaining(Object.keys(trace)))
    expect(documented('gatherly/workers')).toEqual(expect.arrayContaining(Object.keys(workers)))
  })
})
