import type { Witness } from '../core/driver.ts'
import type { AnyFuture } from '../core/future.ts'
import { observer } from '../core/observer.ts'
import { Execution, type Slots } from './execution.ts'
import { type Holder, tracker } from './holder.ts'
import type { SharedSlot, SlotMember, SlotOwner } from './shared-slot.ts'

/** The bodies of one dispatcher that have started and not really ended. */
export class Executions implements SlotOwner {
  /** How many there are. */
  size = 0
  lent = 0
  readonly idle: Set<SharedSlot> = new Set()
  readonly parked: Set<SlotMember> = new Set()
  readonly #slots: Slots
  #starts = 0
  // Those that hold bodies and those that are free, in no order.
  readonly #all: Execution[] = []
  // The next one that is free; each knows the one after it.
  #free: Execution | undefined
  // Those whose futures were cancelled meanwhile.
  readonly #orphans = new Map<AnyFuture, Execution>()

  constructor(slots: Slots) {
    this.#slots = slots
  }

  get hasFree(): boolean {
    return this.size - this.lent < this.#slots.concurrency
  }

  /** Gives free slots to bodies that could go on but for theirs, which others use. */
  spread(): void {
    for (const member of this.parked) if (this.hasFree) member.slot.moveOut(member)
  }

  /** A body starts, in the slot of another one if there is a `lender`. */
  take(lender: Holder | undefined): Execution {
    const execution = this.#free ?? this.#make()
    this.#free = execution.next
    // Those behind it may go while its body runs.
    execution.next = undefined
    this.size += 1
    execution.order = this.#starts++
    if (tracker !== undefined) execution.holder = tracker.hold(this, lender)
    return execution
  }

  /** A body has ended. Gives its future. */
  release(execution: Execution): AnyFuture {
    execution.holder?.end()
    this.size -= 1
    if (this.#all.length - this.size > MOST_KEPT) this.#drop(execution)
    else {
      execution.next = this.#free
      this.#free = execution
    }
    const future = execution.clear()
    observer?.ended(future)
    if (this.#orphans.size > 0) this.#orphans.delete(future)
    return future
  }

  #make(): Execution {
    const execution = new Execution(this.#slots)
    execution.place = this.#all.push(execution) - 1
    return execution
  }

  #drop({ place }: Execution): void {
    const last = this.#all.pop() as Execution
    if (last.place === place) return
    last.place = place
    this.#all[place] = last
  }

  /** How many there are whose futures are not settled. */
  get unsettled(): number {
    return this.size - this.#orphans.size
  }

  /** The futures, in the order of the starts. */
  list(): AnyFuture[] {
    const some = this.#busy().sort((a, b) => a.order - b.order)
    return some.map(({ quiet, future }) => quiet?.reveal() ?? future)
  }

  /** What is known of the bodies, in no order. */
  holders(): (Holder | undefined)[] {
    return this.#busy().map(({ holder }) => holder)
  }

  #busy(): Execution[] {
    return this.#all.filter(({ isBusy }) => isBusy)
  }

  /** The future of a body that runs was cancelled. */
  orphan(future: AnyFuture, execution: Execution): void {
    this.#orphans.set(future, execution)
  }

  /** What the body of a cancelled future waits for, if it still runs. */
  trail(future: AnyFuture): Iterable<AnyFuture> {
    return this.#orphans.get(future)?.holder?.waits ?? []
  }

  /** Whether the body of a cancelled future still runs. If so, the witness is told how it ends. */
  lingers(future: AnyFuture, witness: Witness): boolean {
    const execution = this.#orphans.get(future)
    if (execution === undefined) return false
    execution.witnesses ??= []
    execution.witnesses.push(witness)
    return true
  }
}

/** How many executions are kept for the next bodies. */
const MOST_KEPT = 1024
