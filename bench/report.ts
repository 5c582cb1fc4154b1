/**
 * Writes `docs/benchmarks.md`, and in README.md where and when it was measured, from the saved
 * results. Run it with `npm run bench -- report`.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makePage, makeReadme } from './page.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const page = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
writeFileSync(page, makePage(folder))
writeFileSync(`${folder}/README.md`, makeReadme(folder))
console.log(`Wrote ${page}`)
