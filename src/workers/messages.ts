import type { PackedThrown } from './error-codec.ts'

/**
 * What a pool and its threads say to each other beside the shared board. `0` is no more than a tap
 * on the shoulder: look at the board.
 */

/** The first thing a thread is told. */
export interface Welcome {
  /** So that a thread of another version of the package is known for what it is. */
  readonly gatherly: typeof VERSION
  readonly pool: string
  readonly buffer: SharedArrayBuffer
  /** How many threads the board has room for, and which of them this is. */
  readonly threads: number
  readonly index: number
  readonly port: MessagePort
  /** Closed with the thread: the pool tells by it that the thread has gone. */
  readonly life: MessagePort
  /** The module with the bodies; absent where the thread's own entry serves them. */
  readonly module: string | undefined
}

export const VERSION = 1

/** To a thread. */
export type Order =
  | 0
  | SentCall
  /** The names of functions, by which calls on the board say theirs by number. */
  | { readonly is: 'names'; readonly names: readonly string[] }
  | {
      readonly is: 'cancel'
      readonly slot: number
      readonly use: number
      readonly reason: PackedThrown
    }
  | { readonly is: 'leave' }
  /** No thread is left that could help while this one is blocked. */
  | { readonly is: 'refuse' }
  | Answer

/**
 * To a thread: the arguments of a call on the board, and what its task is called, if not as its
 * function. A list, and not an object as the rest: without keys it is cloned in 2 us less.
 */
export type SentCall = readonly [
  slot: number,
  use: number,
  label: string | undefined,
  values: readonly unknown[],
]

/** To a thread: the outcome of a call that it has offered. */
export type Answer = { readonly is: 'answer'; readonly key: number } & Ending

/** How a call has ended. Errors are described, since cloning loses most of them. */
export type Kind = 'value' | 'error value' | 'thrown'

/** What became of a call. */
export type Ending =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'error value' | 'thrown'; readonly value: PackedThrown }

/** From a thread. */
export type Report =
  | 0
  | { readonly is: 'ready' }
  /** Its module could not be loaded. */
  | { readonly is: 'failed'; readonly error: PackedThrown }
  /** The outcome of a call on the board. */
  | ({ readonly is: 'outcome'; readonly slot: number; readonly use: number } & Ending)
  /** Something was thrown and never caught; or, without it, that was handled after all. */
  | { readonly is: 'uncaught'; readonly error?: PackedThrown }
  | { readonly is: 'exit'; readonly code: number }
  /** A body there calls a task of its own pool. */
  | {
      readonly is: 'offer'
      readonly key: number
      readonly word: number
      readonly fn: string
      readonly values: unknown[]
      readonly options: { readonly name: string | undefined; readonly priority: number }
    }
  /** The thread runs it itself. */
  | { readonly is: 'retract'; readonly key: number }
  | { readonly is: 'cancel offer'; readonly key: number; readonly reason: PackedThrown }
  /** Its body blocks it, and waits for others. */
  | { readonly is: 'blocked'; readonly isBlocked: boolean }
