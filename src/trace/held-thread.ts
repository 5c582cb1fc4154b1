import type { SpanRecord } from './span.ts'
import { ThreadWatch } from './thread-watch.ts'

/**
 * Who holds the thread: bodies from their start to their first `await`, to the microsecond, and
 * later those of which something is heard right after the thread was held.
 */
export class HeldThread {
  // Used again, one per level: nothing is made for a body that starts. One may start inside
  // another, which then does not hold the thread itself.
  readonly #frames: Frame[] = []
  #depth = 0
  readonly #watch = new ThreadWatch(() => this.share())
  // How long the thread was held last after an `await`, and by whom.
  #stretch = 0
  #stretchBegan = 0
  #stretchEnded = 0
  readonly #holders: SpanRecord[] = []

  /** The innermost that is known. */
  get current(): SpanRecord | undefined {
    return this.#depth === 0 ? undefined : this.#frames[this.#depth - 1]?.span
  }

  /** From now on bodies are watched after their first `await`, too. */
  watch(): void {
    this.#watch.start()
  }

  stop(): void {
    this.share()
    this.#watch.stop()
  }

  enter(span: SpanRecord | undefined): void {
    this.#frames[this.#depth] ??= { span: undefined, since: 0, nested: 0 }
    const frame = this.#frames[this.#depth++] as Frame
    frame.span = span
    frame.nested = 0
    frame.since = performance.now()
    if (span !== undefined) span.entered = frame.since
    this.#watch.look(frame.since)
  }

  leave(): void {
    if (this.#depth === 0) return
    const frame = this.#frames[--this.#depth] as Frame
    const now = performance.now()
    const whole = now - frame.since
    this.#watch.look(now)
    frame.span?.hold(whole - frame.nested)
    frame.span = undefined
    if (this.#depth > 0) (this.#frames[this.#depth - 1] as Frame).nested += whole
  }

  /** Something happens, by that body if one is given. */
  notice(span?: SpanRecord): void {
    // Up to the first `await` it is known how long the thread is held.
    if (this.#depth > 0) return
    const now = performance.now()
    const held = this.#watch.look(now)
    if (span === undefined || span.thread !== 'main' || span.lane.clock.isVirtual) return
    if (held >= LEAST) {
      this.share()
      this.#stretch = held
      this.#stretchBegan = now - held
      this.#stretchEnded = now
      this.#holders.push(span)
    } else if (this.#isHolderToo(span, now)) this.#holders.push(span)
  }

  /**
   * Several bodies may go on in one turn, each of them long, and all of their ends are heard of
   * only then: nobody knows how much of it was whose.
   */
  share(): void {
    for (const span of this.#holders) span.hold(this.#stretch / this.#holders.length)
    this.#holders.length = 0
  }

  #isHolderToo(span: SpanRecord, now: number): boolean {
    const last = this.#holders.at(-1)
    if (last === undefined || now - this.#stretchEnded >= LEAST) return false
    if (span.entered > this.#stretchBegan || this.#holders.includes(span)) return false
    // Who made the call goes on because that has ended.
    return !this.#holders.some((holder) => isWithin(holder, span))
  }
}

function isWithin(span: SpanRecord, other: SpanRecord): boolean {
  for (let by = span.by; by !== undefined; by = by.by) if (by === other) return true
  return false
}

interface Frame {
  span: SpanRecord | undefined
  /** In real milliseconds. */
  since: number
  /** What was held by those inside. */
  nested: number
}

/** In milliseconds: what is shorter may be anybody's. */
const LEAST = 1
