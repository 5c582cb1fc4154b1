/** Writes `docs/benchmarks.md` from the saved results. Run it with `npm run bench -- report`. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { makePage } from './page.ts'

const folder = fileURLToPath(new URL('..', import.meta.url))
const page = fileURLToPath(new URL('../../docs/benchmarks.md', import.meta.url))
writeFileSync(page, makePage(folder))
console.log(`Wrote ${page}`)
