import { cancelAfter } from '../core/cancel-on.ts'
import { contentOf, REJECTED, type Settled } from '../core/cell.ts'
import type { Clock } from '../core/clock.ts'
import type { Witness } from '../core/driver.ts'
import type { TimeoutError } from '../core/errors.ts'
import { type AnyFuture, isFuture } from '../core/future.ts'
import { observer } from '../core/observer.ts'
import { adopt } from '../core/resolution.ts'
import { argsOf, type Call, replayCall, siteOf } from './call.ts'
import { Context, enterContext } from './context.ts'
import type { Definition } from './definition.ts'
import type { Run } from './executor.ts'
import { type Holder, tracker } from './holder.ts'
import type { QuietCall, QuietExecution } from './quiet-call.ts'
import type { Retrial } from './retrial.ts'

/** What an execution tells its dispatcher. */
export interface Slots {
  readonly clock: Clock
  readonly concurrency: number
  /** The body was fulfilled: settles its future, frees the slot. */
  fulfilled(execution: Execution, value: unknown): void
  /** The body has ended in whatever way: likewise. */
  ended(execution: Execution, state: Settled, outcome: unknown): void
  /** The body's result was a future, which has settled: as `Subscriber.settled`. */
  endedLike(execution: Execution, result: AnyFuture): AnyFuture | undefined
}

/**
 * One slot while a body holds it, from its start until it has really ended.
 *
 * Used again for one body after the other: its two callbacks, and not two closures a call, are what
 * a body's promise gets.
 */
export class Execution implements Run, QuietExecution {
  /** Its place among the executions of its dispatcher. */
  place = 0
  /** While it is free: the one that is free after it. */
  next: Execution | undefined
  /** Its place in the order of the starts. */
  order = 0
  future!: AnyFuture
  /** Instead of the future, while there is none. */
  quiet: QuietCall | undefined
  /** The body's context, if it was asked for. */
  startedContext: Context | undefined
  /** The attempt before, if this is not the first. */
  retrial: Retrial | undefined
  /** The call, if it is needed when the body has ended: to try again, or to say where it came from. */
  call: Call
  /** What is known of what the body waits for, where that is kept track of. */
  holder: Holder | undefined
  /** Who waits for the body of a cancelled future to end. */
  witnesses: Witness[] | undefined
  readonly #slots: Slots

  constructor(slots: Slots) {
    this.#slots = slots
  }

  readonly fulfil = (value: unknown): void => this.#slots.fulfilled(this, value)
  readonly reject = (reason: unknown): void => this.#slots.ended(this, REJECTED, reason)

  settled(result: AnyFuture): AnyFuture | undefined {
    return this.#slots.endedLike(this, result)
  }

  /** Whether a body holds it. */
  get isBusy(): boolean {
    return this.future !== NONE || this.quiet !== undefined
  }

  get context(): Context {
    this.startedContext ??= new Context(this.quiet ?? this.future, this.#slots.clock)
    return this.startedContext
  }

  /** As `run`, where all there is to a call is that its body is called. */
  runPlain(future: AnyFuture, { body, takesContext }: Definition, call: Call): void {
    this.future = future
    if (siteOf(call) !== undefined) this.call = call
    const outer = enterContext(this)
    let result: unknown
    try {
      result = replayCall(body, call, takesContext ? this.context : undefined)
    } catch (error) {
      enterContext(outer)
      return this.reject(error)
    }
    enterContext(outer)
    adopt(result, future, this)
  }

  /**
   * Runs the body up to its first await, and follows what it gave.
   *
   * @param retrial - The attempt before, if this is not the first.
   */
  run(future: AnyFuture, definition: Definition, call: Call, retrial: Retrial | undefined): void {
    const { body, options, takesContext, executor } = definition
    this.future = future
    if (retrial !== undefined) {
      this.retrial = retrial
      this.startedContext = retrial.context
    }
    if (options.retry !== undefined || executor !== undefined || siteOf(call) !== undefined) {
      this.call = call
    }
    const outer = enterContext(this)
    // The same one throughout, whatever the body does.
    const watching = observer
    watching?.started(future, executor?.place)
    let result: unknown
    try {
      // Before the body, whose time it limits; once, over all attempts.
      if (retrial === undefined) {
        cancelAfter(future, options.timeout, this.#slots.clock, explainTimeout)
      }
      if (executor !== undefined) {
        enterContext(outer)
        return executor.execute(this, argsOf(call))
      }
      const { holder } = this
      const known = holder === undefined ? body : (tracker?.wrap(holder, body) ?? body)
      const watched = watching === undefined ? known : watching.wrap(future, known)
      const given = takesContext ? this.context : undefined
      result = replayCall(watched, call, given, options.retry !== undefined)
    } catch (error) {
      enterContext(outer)
      watching?.yielded(future)
      return this.reject(error)
    }
    enterContext(outer)
    watching?.yielded(future)
    if (this.holder !== undefined && isFuture(result) && !result.done) this.holder.wait(result)
    adopt(result, future, this)
  }

  /** The future of its call was made. */
  reveal(future: AnyFuture): void {
    this.quiet = undefined
    this.future = future
    this.startedContext?.moveTo(future)
  }

  /**
   * Lets go of everything that belonged to the body, so that another may follow. Gives its future.
   */
  clear(): AnyFuture {
    const { future } = this
    this.future = NONE
    this.quiet = undefined
    this.startedContext = undefined
    this.retrial = undefined
    this.call = undefined
    this.witnesses = undefined
    this.holder = undefined
    return future
  }
}

/** A call has timed out: the error says where it was made, and has the failures of its attempts. */
function explainTimeout(error: TimeoutError, future: AnyFuture): void {
  const data = contentOf(future) as Execution | Retrial
  const retrial = data instanceof Execution ? data.retrial : data
  retrial?.attempts.leaveOn(error)
  siteOf(data.call)?.addTo(error)
}

// Never the future of a body; kept so that the field always holds one.
const NONE = undefined as unknown as AnyFuture
