import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from '../support/built-package.ts'

/** The README and every page of the documentation, as paths from the folder of the project. */
export function pages(): readonly string[] {
  const found = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
  const docs = found.filter((path) => path.endsWith('.md') && !GENERATED.test(path))
  return ['README.md', ...docs.sort().map((path) => join('docs', path))]
}

/** What `npm run docs` makes of the doc comments. */
const GENERATED = /^api\b/

export function textOf(page: string): string {
  return readFileSync(join(root, page), 'utf8')
}

/** A block of TypeScript in a page that is a program. */
export interface Sample {
  /** Page and line, as editors link them. */
  readonly title: string
  readonly source: string
  /** The blocks of the page that are modules for its programs, by file name. */
  readonly modules: ReadonlyMap<string, string>
  /** What follows each `//=>`, in the order of the text. */
  readonly expected: readonly string[]
  /** The block of text below one that says it ends with exit code 1: what it prints on stderr. */
  readonly complaint: string | undefined
}

export function samplesOf(page: string): readonly Sample[] {
  const text = textOf(page)
  const blocks = [...text.matchAll(SAMPLE)]
  const modules = new Map(
    blocks.flatMap(([, source = '']) => {
      const name = source.match(MODULE)?.[1]
      return name === undefined ? [] : [[name, source] as const]
    }),
  )
  const programs = blocks.filter(([, source = '']) => !MODULE.test(source))
  return programs.map((block) => {
    const [, source = '', below = ''] = block
    const line = text.slice(0, block.index).split('\n').length + 1
    const expected = [...source.matchAll(/\/\/=> ?(.*)$/gm)].map(([, output]) => output as string)
    const complaint = source.includes(COMPLAINT) ? below : undefined
    return { title: `${page}:${line}`, source, modules, expected, complaint }
  })
}

const SAMPLE = /^```ts\n(.*?)^```$(?:\n\n```text\n(.*?)^```$)?/gms
/** The first line of a block that is a module: its file name. */
const MODULE = /^\/\/ (\w+\.ts)\n/
const COMPLAINT = '// exit code 1, and on stderr:'
