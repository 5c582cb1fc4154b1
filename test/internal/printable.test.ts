import { expect, it } from 'vitest'
import { printable } from '../../src/internal/printable.ts'

it.each([
  ['plain', 'plain'],
  ['漢字 é', '漢字 é'],
  ['two\nlines', 'two\\x0alines'],
  ['\u001b[31mred', '\\x1b[31mred'],
  ['\u009b2J', '\\x9b2J'],
])('a name is printed without what would move the cursor: %j', (name, shown) => {
  expect(printable(name)).toBe(shown)
})
