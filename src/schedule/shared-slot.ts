/** Whose slots they are. */
export interface SlotOwner {
  /** How many bodies are in a slot beyond the first one in it. */
  lent: number
  /** Whether another slot is free. */
  readonly hasFree: boolean
  /** Slots in which nobody executes. */
  readonly idle: Set<SharedSlot>
  /** Bodies whose wait is over, but not that of their slot, in order. */
  readonly parked: Set<SlotMember>
}

/** A body that holds a slot. */
export interface SlotMember {
  /** What it waits for: while there is anything, it does not execute. */
  readonly waits: { readonly size: number }
  slot: SharedSlot
  /** Who lent it the slot, until it has ended. */
  lender: SlotMember | undefined
}

/**
 * One slot and the bodies that hold it. It begins with one; while that waits, a call that it waits
 * for may start in the same slot, and so on. Never more than one of them executes: a body whose
 * wait is over goes on when the one that has the slot waits or has ended, or in a slot of its own
 * as soon as one is free.
 */
export class SharedSlot {
  readonly #owner: SlotOwner
  // In the order in which they came.
  readonly #members: SlotMember[] = []
  /**
   * Who has it. While that waits, it may lend it: not the others, to whom it was not given back
   * yet, or each of them would have bodies started in it before the one before is done.
   */
  current: SlotMember | undefined
  #isListed = false
  // Who could go on, in order. Made with the first: hardly ever is there one.
  #parked: Map<SlotMember, (() => void)[]> | undefined

  constructor(owner: SlotOwner) {
    this.#owner = owner
  }

  /** A body starts in it. */
  join(member: SlotMember): void {
    if (this.#members.push(member) > 1) this.#owner.lent += 1
    this.#give(member)
  }

  /** A body has ended: the slot goes to who waits for it, else back to who lent it. */
  leave(member: SlotMember): void {
    this.#remove(member)
    if (this.current === member) {
      const { lender } = member
      this.#give(lender && this.#has(lender) ? lender : this.#members.at(-1))
    }
    member.lender = undefined
    this.#release(member)
    this.pass()
  }

  /** The wait of a body is over. */
  resume(member: SlotMember, goOn: () => void): void {
    if (this.current === member || this.#isIdle) {
      this.#give(member)
      return goOn()
    }
    this.#parked ??= new Map()
    const all = this.#parked.get(member)
    if (all) all.push(goOn)
    else this.#parked.set(member, [goOn])
    this.#owner.parked.add(member)
    if (this.#owner.hasFree) this.moveOut(member)
  }

  /** Whoever has it may have begun to wait: the next one goes on. */
  pass(): void {
    this.#note()
    while (this.#parked && this.#parked.size > 0 && this.#isIdle) {
      const [next] = this.#parked.keys()
      this.#give(next)
      this.#release(next as SlotMember)
    }
  }

  /** A slot is free: a body that could go on moves there. */
  moveOut(member: SlotMember): void {
    this.#remove(member)
    member.slot = new SharedSlot(this.#owner)
    member.slot.join(member)
    this.#release(member)
  }

  /** Whether nobody executes in it: who is parked has it only when there is nobody else. */
  get #isIdle(): boolean {
    const { current } = this
    return current === undefined || current.waits.size > 0 || this.#parked?.has(current) === true
  }

  #give(member: SlotMember | undefined): void {
    this.current = member
    this.#note()
  }

  #note(): void {
    const isListed = this.current !== undefined && this.#isIdle
    if (isListed === this.#isListed) return
    this.#isListed = isListed
    if (isListed) this.#owner.idle.add(this)
    else this.#owner.idle.delete(this)
  }

  // From the end: who comes last goes first, mostly.
  #has(member: SlotMember): boolean {
    return this.#members.lastIndexOf(member) >= 0
  }

  #remove(member: SlotMember): void {
    const members = this.#members
    if (members.at(-1) === member) members.pop()
    else members.splice(members.lastIndexOf(member), 1)
    if (this.#members.length > 0) this.#owner.lent -= 1
  }

  #release(member: SlotMember): void {
    const all = this.#parked?.get(member)
    if (all === undefined) return
    this.#parked?.delete(member)
    this.#owner.parked.delete(member)
    for (const goOn of all) goOn()
  }
}
