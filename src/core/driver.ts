/**
 * Who computes a future: a body, other futures, or whoever holds its resolvers. One driver may
 * serve many futures, so what belongs to one of them is kept in that future, as its `data`, until
 * it settles.
 */
export interface Driver<F> {
  /** What the future is called. */
  readonly name: string
  /** Whether one of its inputs may be enough to settle it, rather than all. */
  readonly takesOne?: boolean
  /** What the pending future waits for, as far as that is known. */
  inputs?(data: unknown): Iterable<F>
  /** The future was collected for the first time, and is still scheduled. */
  demanded?(future: F, data: unknown): void
  /**
   * The future was just cancelled, and its listeners have not run yet. Gives what `abort` is to
   * get.
   */
  withdrawn?(future: F, data: unknown): unknown
  /**
   * The future was cancelled, and its listeners have run. May name futures to cancel with it, in
   * order.
   */
  abort?(reason: unknown, withdrawn: unknown): readonly F[] | undefined
  /**
   * Whether something behind the cancelled future still runs. If so, the witness is told of it.
   */
  lingers?(future: F, witness: Witness): boolean
}

/** Who is told what still happens behind a future that was cancelled. */
export interface Witness {
  /** Something has failed, of which the future itself does not tell any more. */
  threw(error: unknown): void
  /** Nothing runs any more. Told once, and last. */
  ended(): void
}
