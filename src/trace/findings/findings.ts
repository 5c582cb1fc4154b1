import type { Account, Finding } from './finding.ts'
import { heldThread } from './held-thread.ts'
import { inSequence } from './in-sequence.ts'
import { lateGather } from './late-gather.ts'
import { limit } from './limit.ts'
import { uncollected } from './uncollected.ts'

/** All findings; those that cost most first, those that are not about time last. */
export function findings(account: Account): readonly Finding[] {
  return [heldThread, inSequence, limit, lateGather, uncollected].flatMap((find) => find(account))
}
