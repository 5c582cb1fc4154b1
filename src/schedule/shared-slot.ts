/** Whose slots they are. */
export interface SlotOwner {
  /** How many bodies wait while another one uses their slot. */
  lent: number
}

/** A body that holds a slot. */
interface Member {
  /** What it waits for: while there is anything, it does not execute. */
  readonly waits: { readonly size: number }
}

/**
 * One slot and the bodies that hold it. It begins with one; while that waits, calls that it waits
 * for may start in the same slot. Never more than one of them executes: a body whose wait is over
 * goes on when the one that has the slot waits, or has ended.
 */
export class SharedSlot {
  readonly #owner: SlotOwner
  #members = 0
  /** Who has it. */
  #current: Member | undefined
  // Who could go on, in order.
  #queue: { readonly member: Member; readonly goOn: () => void }[] = []

  constructor(owner: SlotOwner) {
    this.#owner = owner
  }

  /** Whether nobody executes in it. */
  get #isIdle(): boolean {
    return this.#current === undefined || this.#current.waits.size > 0
  }

  /**
   * Whether a call that the member waits for may start in it: it has the slot itself, or nobody
   * does. Another one that has it may wait too, but for something else, and is not done.
   */
  canLend(member: Member): boolean {
    return this.#current === undefined || this.#current === member
  }

  /** A body starts in it. */
  join(member: Member): void {
    if (this.#members > 0) this.#owner.lent += 1
    this.#members += 1
    this.#current = member
  }

  /** A body has ended. */
  leave(member: Member): void {
    this.#members -= 1
    if (this.#members > 0) this.#owner.lent -= 1
    if (this.#current === member) this.#current = undefined
    this.#release(member)
    this.pass()
  }

  /** The wait of a body is over. */
  resume(member: Member, goOn: () => void): void {
    if (this.#current !== member && !this.#isIdle) return void this.#queue.push({ member, goOn })
    this.#current = member
    goOn()
  }

  /** Whoever has it may have begun to wait: the next one goes on. */
  pass(): void {
    const [next] = this.#queue
    if (next === undefined || !this.#isIdle) return
    this.#current = next.member
    this.#release(next.member)
  }

  #release(member: Member): void {
    const released = this.#queue.filter((each) => each.member === member)
    if (released.length === 0) return
    this.#queue = this.#queue.filter((each) => each.member !== member)
    for (const { goOn } of released) goOn()
  }
}
