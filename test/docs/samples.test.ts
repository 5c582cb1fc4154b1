import { join } from 'node:path'
import { transform } from 'esbuild'
import { gather, Scheduler } from 'gatherly'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { root } from '../support/built-package.ts'
import { openWorkshop } from '../support/run-program.ts'
import { pages, type Sample, samplesOf } from './pages.ts'

const samples = pages().flatMap(samplesOf)

describe('the samples of the README and the documentation', () => {
  const workshop = openWorkshop()
  const outputs = new Map<Sample, string>()

  beforeAll(async () => {
    const scheduler = new Scheduler({ concurrency: 2 })
    const runAll = scheduler.task((...files: Parameters<typeof runnerOf>) =>
      workshop.run(runnerOf(...files)),
    )
    const groups = [...new Set(samples.map(processOf))].map((process) =>
      samples.filter((sample) => processOf(sample) === process),
    )
    await gather(
      groups.map(async (group) => {
        const programs = await Promise.all(group.map(({ source }) => toJavaScript(source)))
        const modules = await Promise.all(
          [...(group[0]?.modules ?? [])].map(
            async ([name, source]) => [inJavaScript(name), await toJavaScript(source)] as const,
          ),
        )
        const { code, stdout, stderr } = await runAll(programs, modules)
        const printed = stdout.split(SEPARATOR).slice(1)
        // Of a process that did not end as it should nobody gets through.
        const trouble = code === 0 ? stderr : `${stderr}exit code ${code}\n`
        for (const [i, sample] of group.entries()) outputs.set(sample, trouble + printed[i])
      }),
    )
  }, 60_000)

  afterAll(() => workshop.remove())

  it('are found', () => {
    expect(samples.length).toBeGreaterThan(50)
  })

  it.each(samples)('$title prints what it says', (sample) => {
    const { expected, complaint } = sample
    const trouble = complaint === undefined ? '' : `${complaint}exit code 1\n`

    expect([...expected, ...trouble]).not.toEqual([])
    expect(outputs.get(sample)).toBe([trouble, ...expected.map((line) => `${line}\n`)].join(''))
  })

  it('are typed', () => {
    expect(typeErrors()).toEqual([])
  })
})

/** The samples of a page share a process, to save time, but for those that change it or show how it ends. */
function processOf({ title, source, complaint }: Sample): string {
  const isApart = complaint !== undefined || /onUncollected|longStackTraces/.test(source)
  return isApart ? title : title.replace(/:\d+$/, '')
}

async function toJavaScript(source: string): Promise<string> {
  return (await transform(source, { loader: 'ts', target: 'es2022' })).code
}

function inJavaScript(name: string): string {
  return name.replace(/ts$/, 'js')
}

const SEPARATOR = '--- next sample ---\n'

/** A program that runs programs one after the other, in a folder of their own with some modules. */
function runnerOf(
  programs: readonly string[],
  modules: readonly (readonly [name: string, source: string])[],
): string {
  return `
    import { mkdirSync, writeFileSync } from 'node:fs'
    import { join } from 'node:path'
    import { pathToFileURL } from 'node:url'
    const folder = \`samples-\${process.pid}\`
    mkdirSync(folder)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    for (const [name, source] of ${JSON.stringify(modules)}) writeFileSync(join(folder, name), source)
    for (const [i, program] of ${JSON.stringify(programs)}.entries()) {
      const file = join(folder, \`sample-\${i}.js\`)
      writeFileSync(file, program)
      process.stdout.write('${SEPARATOR.trim()}\\n')
      await import(pathToFileURL(file).href)
      await new Promise(setImmediate)
    }`
}

/** Checks the samples as if the blocks of a page were files in a folder of the project. */
function typeErrors(): readonly string[] {
  const files = new Map<string, { readonly title: string; readonly source: string }>()
  for (const [i, sample] of samples.entries()) {
    const folder = join(root, sample.title.replace(/\.md:\d+$/, ''))
    files.set(join(folder, `sample-${i}.ts`), sample)
    for (const [name, source] of sample.modules) {
      files.set(join(folder, name), { title: `${sample.title}, ${name}`, source })
    }
  }
  const config = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile).config
  const options: ts.CompilerOptions = {
    ...ts.parseJsonConfigFileContent(config, ts.sys, root).options,
    moduleDetection: ts.ModuleDetectionKind.Force,
  }
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile } = host
  // The folders are not there either.
  delete host.directoryExists
  host.fileExists = (path) => files.has(path) || fileExists(path)
  host.readFile = (path) => files.get(path)?.source ?? readFile(path)
  const program = ts.createProgram([...files.keys()], options, host)

  return [...files].flatMap(([path, { title }]) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map((found) => {
      const { line } = ts.getLineAndCharacterOfPosition(
        found.file as ts.SourceFile,
        found.start ?? 0,
      )
      return `${title} +${line}: ${ts.flattenDiagnosticMessageText(found.messageText, '\n')}`
    }),
  )
}
