import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { root } from '../support/built-package.ts'
import { textOf } from './pages.ts'

interface Section {
  /** `S1` to `S12`, `R1` to `R27`. */
  readonly id: string
  readonly text: string
}

const page = textOf('docs/semantics.md')
const sections: readonly Section[] = page
  .split(/^(?=#)/m)
  .filter((text) => /^### [SR]\d/.test(text))
  .map((text) => ({ id: text.split(' ')[1] as string, text }))

function testsNamedIn(text: string): readonly (readonly [file: string, title: string])[] {
  const named = text.matchAll(/^- `(test\/[^`]+)`: (.+)$/gm)
  return [...named].map(([, file, title]) => [file as string, title as string])
}

/** The titles of all tests of a file, as they are printed. */
function titlesOf(file: string): readonly string[] {
  const source = readFileSync(join(root, file), 'utf8')
  const titles = source.matchAll(
    /(?:\b(?:it|test)(?:\.each\([^)]*\))?|^ *\]\))\(\s*(['"`])((?:\\.|(?!\1).)*)\1/gm,
  )
  return [...titles].map(([, , title]) => (title as string).replaceAll(/\\(.)/g, '$1'))
}

describe('docs/semantics.md', () => {
  it('has a section for each of the 12 claims and 27 rules, once', () => {
    const numbered = (letter: string, count: number): string[] =>
      Array.from({ length: count }, (_, index) => `${letter}${index + 1}`)

    expect(sections.map(({ id }) => id)).toEqual([...numbered('S', 12), ...numbered('R', 27)])
  })

  it('names a proof for each, unless it says that it is not part of this version yet', () => {
    const unproven = sections.filter(({ text }) => testsNamedIn(text).length === 0)
    const open = unproven.filter(({ text }) => !text.includes('Not part of this version yet'))

    expect(open.map(({ id }) => id)).toEqual([])
  })

  it.each(testsNamedIn(page))('names a test that exists in %s: %s', (file, title) => {
    expect(titlesOf(file)).toContain(title)
  })
})
