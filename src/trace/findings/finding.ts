import type { Bar } from '../bar.ts'

/** Something that a program could do better, with the names and the numbers of this run. */
export interface Finding {
  readonly kind: 'held-thread' | 'in-sequence' | 'limit' | 'late-gather' | 'uncollected'
  /** In plain words: what happened, and what to do. */
  readonly message: string
  /** The tasks, or the scheduler, that it is about. */
  readonly names: readonly string[]
  /** What it has cost, in milliseconds; 0 where that is not what matters. */
  readonly ms: number
  /** Gives the message. */
  toString(): string
}

/** What findings are made from. */
export interface Account {
  readonly bars: readonly Bar[]
  readonly wall: number
}

/** Makes a finding. */
export function found(
  kind: Finding['kind'],
  names: readonly string[],
  ms: number,
  message: string,
): Finding {
  return new Found(kind, names, ms, message)
}

class Found implements Finding {
  readonly kind: Finding['kind']
  readonly names: readonly string[]
  readonly ms: number
  readonly message: string

  constructor(kind: Finding['kind'], names: readonly string[], ms: number, message: string) {
    this.kind = kind
    this.names = names
    this.ms = ms
    this.message = message
  }

  toString(): string {
    return this.message
  }
}
