import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { root, sourceFiles } from '../support/built-package.ts'

// Imports run down only. Biome says the same while one types (`overrides` in biome.json).
const layers: Record<string, readonly string[]> = {
  internal: [],
  core: ['internal'],
  combine: ['core', 'internal'],
  schedule: ['combine', 'core', 'internal'],
  workers: ['schedule', 'combine', 'core', 'internal'],
  testing: ['schedule', 'combine', 'core', 'internal'],
  bullmq: ['schedule', 'combine', 'core', 'internal'],
  trace: ['core', 'internal'],
  'index.ts': ['schedule', 'combine', 'core'],
}
const mayNameModules = ['workers', 'bullmq']

const src = join(root, 'src')
const layerOf = (file: string) => relative(src, file).split('/')[0] as string

describe('the sources', () => {
  it('lie in the layers of this table', () => {
    expect(Object.keys(layers)).toEqual(expect.arrayContaining(readdirSync(src)))
  })

  it.each(Object.entries(layers))(
    'of %s import only from their own layer and %j',
    (layer, below) => {
      const wrong = imports().filter(
        ({ from, to }) => layerOf(from) === layer && ![layer, ...below].includes(layerOf(to)),
      )

      expect(wrong.map(describeImport)).toEqual([])
    },
  )

  it('name no module but each other, outside workers and bullmq', () => {
    const wrong = sourceFiles()
      .filter((file) => !mayNameModules.includes(layerOf(file)))
      .flatMap((file) => specifiers(file).filter((specifier) => !specifier.startsWith('.')))

    expect(wrong).toEqual([])
  })

  it('import with the extension the runtime loads', () => {
    const relativeOnes = sourceFiles()
      .flatMap(specifiers)
      .filter((one) => one.startsWith('.'))

    expect(relativeOnes.filter((specifier) => !specifier.endsWith('.ts'))).toEqual([])
  })

  it('have no cycles', () => {
    expect(cycles()).toEqual([])
  })
})

describe('a door', () => {
  const doors = sourceFiles().filter((file) => /^([a-z]+\/)?index\.ts$/.test(relative(src, file)))

  it.each(doors.map((file) => relative(src, file)))(
    '%s is a table of contents: names, and no code',
    (door) => {
      const file = join(src, door)
      const { statements } = ts.createSourceFile(
        file,
        readFileSync(file, 'utf8'),
        ts.ScriptTarget.ESNext,
      )

      const others = statements.filter(
        (statement) =>
          !ts.isExportDeclaration(statement) ||
          statement.moduleSpecifier === undefined ||
          statement.exportClause === undefined,
      )
      expect(others.length).toBe(0)
    },
  )

  it('is imported by no source', () => {
    expect(
      imports()
        .filter(({ to }) => doors.includes(to))
        .map(describeImport),
    ).toEqual([])
  })
})

interface Import {
  readonly from: string
  readonly to: string
}

function imports(): readonly Import[] {
  return sourceFiles().flatMap((from) =>
    specifiers(from)
      .filter((specifier) => specifier.startsWith('.'))
      .map((specifier) => ({ from, to: join(dirname(from), specifier) })),
  )
}

/** What a file imports and exports from, statically or not, as types or not. */
function specifiers(file: string): readonly string[] {
  const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
  return importedFiles.map(({ fileName }) => fileName)
}

function describeImport({ from, to }: Import): string {
  return `${relative(src, from)} imports ${relative(src, to)}`
}

/** Every import that closes a cycle. Types count too: what knows of each other is one thing. */
function cycles(): readonly string[] {
  const all = imports()
  const path: string[] = []
  const finished = new Set<string>()
  const found: string[] = []
  const visit = (file: string): void => {
    if (path.includes(file))
      found.push(
        [...path.slice(path.indexOf(file)), file].map((one) => relative(src, one)).join(' > '),
      )
    if (path.includes(file) || finished.has(file)) return
    path.push(file)
    for (const { from, to } of all) if (from === file) visit(to)
    path.pop()
    finished.add(file)
  }
  for (const file of sourceFiles()) visit(file)
  return found
}
