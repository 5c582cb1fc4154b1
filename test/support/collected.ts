import { turn } from './timed.ts'

/** Collects garbage until nothing referred to is left, or many times; gives how many are left. */
export async function survivorsOf(references: readonly WeakRef<object>[]): Promise<number> {
  let survivors = references.length
  for (let tries = 0; tries < 10 && survivors > 0; tries++) {
    // A reference that was looked at, or made, keeps what it refers to until the end of the turn.
    await turn()
    globalThis.gc?.()
    survivors = references.filter((reference) => reference.deref() !== undefined).length
  }
  return survivors
}
