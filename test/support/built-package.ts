import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of the project. */
export const root: string = fileURLToPath(new URL('../..', import.meta.url))

/**
 * Gives the path of a file of the build.
 *
 * @throws If there is no build, or one of other sources: its test would say nothing.
 */
export function built(file: string): string {
  const path = join(root, 'dist', file)
  if (!existsSync(path))
    throw new Error(`dist/${file} does not exist. Run \`npm run build\` first.`)
  const newest = Math.max(...sourceFiles().map((source) => statSync(source).mtimeMs))
  if (statSync(path).mtimeMs < newest) {
    throw new Error('dist/ is older than src/. Run `npm run build` first.')
  }
  return path
}

/** The paths of all source files. */
export function sourceFiles(): readonly string[] {
  const entries = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  return entries.filter((path) => path.endsWith('.ts')).map((path) => join(root, 'src', path))
}
