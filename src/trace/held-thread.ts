import type { SpanRecord } from './span.ts'

/**
 * Who is on the thread: bodies from their start to their first `await`. One may start inside
 * another, which then does not hold the thread itself.
 */
export class HeldThread {
  // Used again, one per level: nothing is made for a body that starts.
  readonly #frames: Frame[] = []
  #depth = 0

  /** The innermost that is known. */
  get current(): SpanRecord | undefined {
    return this.#depth === 0 ? undefined : this.#frames[this.#depth - 1]?.span
  }

  enter(span: SpanRecord | undefined): void {
    this.#frames[this.#depth] ??= { span: undefined, since: 0, nested: 0 }
    const frame = this.#frames[this.#depth++] as Frame
    frame.span = span
    frame.nested = 0
    frame.since = performance.now()
  }

  leave(): void {
    if (this.#depth === 0) return
    const frame = this.#frames[--this.#depth] as Frame
    const whole = performance.now() - frame.since
    const { span } = frame
    if (span !== undefined) span.held = Math.max(span.held, whole - frame.nested)
    frame.span = undefined
    if (this.#depth > 0) (this.#frames[this.#depth - 1] as Frame).nested += whole
  }
}

interface Frame {
  span: SpanRecord | undefined
  /** In real milliseconds. */
  since: number
  /** What was held by those inside. */
  nested: number
}
