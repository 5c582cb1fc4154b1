import { describe, expect, it } from 'vitest'
import budgets from '../../bench/budgets.json' with { type: 'json' }
import { bundle, importOf, sizeOf } from '../../bench/size-of.ts'
import { built, root } from '../support/built-package.ts'

const doors = Object.entries(budgets).map(([door, exports]) => {
  const folder = door.replace(/^gatherly\/?/, '')
  return { door, file: folder === '' ? 'index.js' : `${folder}/index.js`, exports }
})

describe.each(doors)('the size of $door, minified and gzipped', ({ file, exports }) => {
  it.each(Object.entries(exports))('of `%s` stays within its budget', async (names, budget) => {
    const size = await sizeOf(importOf(names, built(file)), root)

    expect(size).toBeGreaterThan(200)
    expect(size).toBeLessThanOrEqual(budget)
  })

  it('is nothing when it is imported for nothing', async () => {
    expect((await bundle(`import '${built(file)}'`, root)).toString().trim()).toBe('')
  })
})
