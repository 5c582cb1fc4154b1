import type { Clock } from '../core/clock.ts'
import type { AnyFuture } from '../core/future.ts'
import { printable } from '../internal/printable.ts'
import { atProgramEnd, complain } from '../internal/program-end.ts'
import type { Lane } from './definition.ts'

/** What limits how many bodies run: a dispatcher, as it is seen from here. */
export interface Bottleneck extends Lane {
  readonly name: string
  readonly clock: Clock
  readonly running: number
  readonly queued: number
  /** Whether calls wait, and could start but for the slots, which are all taken. */
  readonly isFull: boolean
  /** Whether bodies lend their slots. */
  readonly lending: unknown
  /** What runs, then what waits. */
  list(): readonly AnyFuture[]
  /** What is known of the bodies that run. */
  holders(): readonly ({ readonly waits: Iterable<AnyFuture> } | undefined)[]
  /** Something may have made a call wanted by a body that holds a slot. */
  noteChange(): void
}

// Those with calls that wait because all slots are taken. Kept alive by this: what is stuck
// has nobody else, and would be garbage collected before the program ends.
const full = new Set<Bottleneck>()
let stopWatching: (() => void) | undefined

/** Calls wait because all slots are taken. */
export function watch(bottleneck: Bottleneck): void {
  full.add(bottleneck)
  stopWatching ??= atProgramEnd(() => {
    for (const each of full) if (each.isFull) complain(describe(each))
  })
}

/** None do any more. */
export function unwatch(bottleneck: Bottleneck): void {
  if (!full.delete(bottleneck) || full.size > 0) return
  stopWatching?.()
  stopWatching = undefined
}

/** A body awaits something: it may have a slot to lend. */
export function noteWait(): void {
  for (const bottleneck of full) bottleneck.noteChange()
}

/** Those on a clock. */
export function fullOn(clock: Clock): Bottleneck[] {
  return [...full].filter((each) => each.clock === clock && each.isFull)
}

/** Says what cannot go on, who holds the slots and who waits. */
export function describe(bottleneck: Bottleneck): string {
  const { name, running, queued, lending } = bottleneck
  const names = bottleneck.list().map((future) => future.name)
  return (
    `The scheduler "${printable(name)}" cannot go on: bodies that have not ended hold all its slots ` +
    `(${running}: ${list(names.slice(0, running))}), ` +
    `and calls wait for one (${queued}: ${list(names.slice(running))}).\n` +
    (lending
      ? 'A body that waits for anything but futures, or for what has nothing to do with a call, keeps its slot.'
      : 'A body that waits for calls of its own scheduler holds the slot that they need. ' +
        'Make those calls on another scheduler, or make this one with `reentrant: true`.')
  )
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, MOST_SHOWN).map((name) => `"${printable(name)}"`)
  const more = names.length - shown.length
  return shown.join(', ') + (more > 0 ? ` and ${more} more` : '')
}

const MOST_SHOWN = 5
