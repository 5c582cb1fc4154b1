import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'

/** Bundles what a program imports, as an application for browsers would. */
export async function bundle(program: string, resolveDir: string): Promise<Buffer> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    external: ['node:*'],
    write: false,
    // Or it warns that an import for nothing is ignored, as it should be.
    logLevel: 'error',
  })
  return Buffer.from(outputFiles[0]?.contents ?? [])
}

/** The bytes of what a program imports: tree-shaken, minified and gzipped. */
export async function sizeOf(program: string, resolveDir: string): Promise<number> {
  return gzipSync(await bundle(program, resolveDir), { level: 9 }).length
}

/** A program that imports some exports of a module: those named, or `*` for all. */
export function importOf(exports: string, module: string): string {
  return `export ${exports === '*' ? '*' : `{ ${exports} }`} from '${module}'`
}
