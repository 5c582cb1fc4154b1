import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../support/built-package.ts'

const read = (file: string) => readFileSync(join(root, file), 'utf8')
const manifest = JSON.parse(read('package.json'))

describe('package.json', () => {
  it('depends on nothing at run time', () => {
    const { dependencies, optionalDependencies, peerDependencies } = manifest

    expect([dependencies, optionalDependencies, peerDependencies]).toEqual(Array(3).fill(undefined))
  })

  it('says what the package is', () => {
    expect(manifest).toMatchObject({
      name: 'gatherly',
      type: 'module',
      license: 'MIT',
      sideEffects: false,
      engines: { node: '>=20.19' },
    })
  })

  it('opens exactly these doors', () => {
    expect(Object.keys(manifest.exports)).toEqual([
      '.',
      './testing',
      './workers',
      './trace',
      './package.json',
    ])
  })

  it.each(['.', './testing', './workers', './trace'])(
    'names the types of the door %s first, and files that exist',
    (door) => {
      const conditions = manifest.exports[door]

      expect(Object.keys(conditions)).toEqual(['types', 'default'])
      const missing = Object.values<string>(conditions).filter(
        (file) => !existsSync(join(root, file)),
      )
      expect(missing).toEqual([])
    },
  )

  it('runs nothing when it is installed', () => {
    const hooks = Object.keys(manifest.scripts).filter((name) => /install|^prepare$/.test(name))

    expect(hooks).toEqual([])
  })
})

describe('package-lock.json', () => {
  const lock: { version: string; packages: Record<string, Locked> } = JSON.parse(
    read('package-lock.json'),
  )

  it('is of this version', () => {
    expect(lock.version).toBe(manifest.version)
  })

  it('holds the binaries of every platform, without which `npm ci` fails elsewhere', () => {
    const paths = Object.keys(lock.packages)
    const missing = Object.values(lock.packages)
      .flatMap(({ optionalDependencies = {} }) => Object.keys(optionalDependencies))
      .filter((name) => !paths.some((path) => path.endsWith(`node_modules/${name}`)))

    expect(missing).toEqual([])
  })
})

interface Locked {
  readonly optionalDependencies?: Record<string, string>
}

describe('CHANGELOG.md', () => {
  const headings = [...read('CHANGELOG.md').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)

  it('has a section for what is not released, first', () => {
    expect(headings[0]).toBe('[Unreleased]')
  })

  it('has a dated section for every release', () => {
    const malformed = headings
      .slice(1)
      .filter((heading) => !/^\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$/.test(heading ?? ''))

    expect(malformed).toEqual([])
  })
})

describe('the two commands', () => {
  it('come first in the README', () => {
    const readme = read('README.md')

    expect(readme).toMatch(/^# gatherly$/im)
    expect(readme.match(/npm c[^\n`]*/g)?.slice(0, 2)).toEqual(['npm ci && npm start', 'npm cit'])
  })

  it('are what CI runs', () => {
    expect(read('.ci/run').split('\n')).toContain('npm cit')
  })
})
