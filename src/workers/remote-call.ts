import type { AnyFuture } from '../core/future.ts'
import { CallSite } from '../schedule/call-site.ts'
import type { Definition } from '../schedule/definition.ts'
import type { Run } from '../schedule/executor.ts'
import type { TaskOptions } from '../schedule/task-options.ts'
import type { Outcome } from './outcome.ts'
import type { Thread } from './thread.ts'

/** A call that a body on some thread has made, and that any thread may run. */
export interface Offer {
  readonly thread: Thread
  /** Names it to its thread. */
  readonly key: number
  /** Where on the board it says whether somebody has taken it. */
  readonly word: number
}

/** A call of a pool's task, from the call until its body has ended on some thread. */
export class RemoteCall {
  /** The function's name. */
  readonly name: string
  /** What the task is called, if not as its function. */
  readonly label: string | undefined
  readonly values: readonly unknown[]
  readonly priority: number
  /** Its place in the order of the calls. */
  readonly order: number
  future!: AnyFuture
  /** Holds its slot of the scheduler, once the scheduler has started it. */
  run: Run | undefined
  /** Where it is on the board, or -1, and what that slot's word was when it was put there. */
  slot = -1
  state = 0
  // Its neighbours in the list that it is in.
  before: RemoteCall | undefined
  after: RemoteCall | undefined
  /** To whom its arguments were sent, while nobody has begun it. */
  sentTo: Thread | undefined
  /** Whether some of its arguments were moved: they cannot be sent again. */
  isMoved = false
  /** Whether it stands in the line of calls that are not on the board. */
  isInLine = false
  /** Whether nobody wants it any more. */
  isDropped = false
  /** Which thread has made it, if not the one that owns the pool. */
  readonly offer: Offer | undefined
  /** What makes it, if anybody is to know where it was made. */
  readonly #source: Definition | undefined
  #site: CallSite | undefined
  /** Whether it was tried before. */
  isAgain = false
  /** How it has ended, before the scheduler is told. */
  outcome: Outcome | undefined
  /** Why it was cancelled while its body ran. */
  cancelReason: Outcome | undefined
  /** Tells a timeline when and where its body ran. */
  tellTimes: (() => void) | undefined
  /** Ends the wait for a body that was cancelled. */
  stopGrace: (() => void) | undefined

  constructor(
    name: string,
    values: readonly unknown[],
    { name: label, priority = 0 }: TaskOptions,
    order: number,
    offer?: Offer,
    source?: Definition,
  ) {
    this.name = name
    this.label = label === name ? undefined : label
    this.values = values
    this.priority = priority
    this.order = order
    this.offer = offer
    this.#source = source
  }

  /** What reports call it. */
  get title(): string {
    return this.label ?? this.name
  }

  /**
   * Notes where it is made, while it is, so that the stack of its failure says so. One that fails
   * within the call itself may be the first to ask.
   */
  noteSite(): CallSite | undefined {
    if (this.#source !== undefined) this.#site ??= new CallSite(this.#source)
    return this.#site
  }

  /** Tells the scheduler, which has started it, how it has ended. */
  pass({ isFailure, value }: Outcome): void {
    const { run } = this
    // It may be tried again.
    this.isAgain = true
    this.run = undefined
    this.outcome = undefined
    this.tellTimes?.()
    this.tellTimes = undefined
    if (isFailure && this.cancelReason === undefined) this.noteSite()?.addTo(value)
    if (isFailure) run?.reject(value)
    else run?.fulfil(value)
  }
}

/** Whether a call comes before another one: rule 2. */
export function comesFirst(a: RemoteCall, b: RemoteCall): boolean {
  return a.priority > b.priority || (a.priority === b.priority && a.order < b.order)
}
