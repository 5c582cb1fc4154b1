import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { built, root } from '../support/built-package.ts'

describe('the size of the built package, minified and gzipped', () => {
  it.each([
    ['the whole door "gatherly"', `export * from '${built('index.js')}'`, 15040],
    ['`Future` alone', `export { Future } from '${built('index.js')}'`, 3264],
    ['`gather` and `task` alone', `export { gather, task } from '${built('index.js')}'`, 9376],
  ])('of %s stays within its limit', async (_what, program, limit) => {
    const size = gzipSync(await bundle(program), { level: 9 }).length

    expect(size).toBeGreaterThan(500)
    expect(size).toBeLessThanOrEqual(limit)
  })

  it.each(['index.js', 'testing/index.js', 'workers/index.js', 'trace/index.js'])(
    'of %s is nothing when it is imported for nothing',
    async (door) => {
      expect((await bundle(`import '${built(door)}'`)).toString().trim()).toBe('')
    },
  )
})

async function bundle(program: string): Promise<Buffer> {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: root },
    bundle: true,
    minify: true,
    format: 'esm',
    target: 'es2022',
    platform: 'browser',
    write: false,
    // Or it warns that the import for nothing is ignored, as it should be.
    logLevel: 'error',
  })
  return Buffer.from(outputFiles[0]?.contents ?? [])
}
