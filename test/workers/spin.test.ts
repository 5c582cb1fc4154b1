import { describe, expect, it } from 'vitest'
import { Spin } from '../../src/workers/spin.ts'

/** Waits so many times in vain. Gives how many waits looked at all, in runs: `[left out, tried, ...]`. */
function waitInVain(spin: Spin, count: number): number[] {
  const runs: number[] = []
  let wasTried: boolean | undefined
  for (let i = 0; i < count; i++) {
    let isTried = false
    const found = spin.until(() => {
      isTried = true
      return false
    })
    expect(found).toBe(false)
    if (isTried === wasTried) runs[runs.length - 1] = (runs.at(-1) as number) + 1
    else runs.push(1)
    wasTried = isTried
  }
  return runs
}

describe('a wait that spins', () => {
  it('is tried several times in a row, and ever more rarely while that is in vain', () => {
    const runs = waitInVain(new Spin(), 1100)

    expect(runs.slice(0, 11)).toEqual([16, 8, 32, 8, 64, 8, 128, 8, 256, 8, 256])
  })

  it('is tried every time while it succeeds', () => {
    const spin = new Spin()
    waitInVain(spin, 16)

    const found = Array.from({ length: 100 }, () => spin.until(() => true))

    expect(new Set(found)).toEqual(new Set([true]))
    expect(waitInVain(spin, 10)).toEqual([8, 2])
  })
})
