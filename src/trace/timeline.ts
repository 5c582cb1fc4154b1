import type { Status } from '../core/cell.ts'
import { isFuture } from '../core/future.ts'
import { check, checkFunction } from '../internal/check.ts'
import { firstOf } from './bar.ts'
import { type LiveOptions, showLive } from './live/live.ts'
import type { LiveStream } from './live/live-stream.ts'
import type { Recorder } from './recorder.ts'
import { type ChromeTrace, writeChromeTrace } from './render/to-chrome-trace.ts'
import { measureSpans } from './render/to-dev-tools.ts'
import { drawMermaid, type MermaidOptions } from './render/to-mermaid.ts'
import { drawSVG, type SVGOptions } from './render/to-svg.ts'
import { drawText, type TextOptions } from './render/to-text.ts'
import type { Span } from './span.ts'
import { type Summary, summarize } from './summary.ts'

/**
 * What happened, recorded: who was active, from when to when. Made by `trace`.
 *
 * It can be looked at while it records; what has not ended is then shown as it is now.
 */
export class Timeline implements Disposable {
  readonly #recorder: Recorder
  readonly #forget: () => void
  readonly #views = new Set<() => void>()

  constructor(recorder: Recorder, forget: () => void) {
    this.#recorder = recorder
    this.#forget = forget
  }

  /** Ends the recording. What is unfinished stays so. */
  stop(): this {
    this.#forget()
    this.#recorder.stop()
    for (const end of this.#views) end()
    this.#views.clear()
    return this
  }

  /** Ends the recording, so that `using` bounds it. */
  [Symbol.dispose](): void {
    this.stop()
  }

  /**
   * Calls `body` at once and records that as work of main, or of whatever the name says: until it
   * returns, or what it returns has settled. Calls that it makes are known to be its own. After
   * `stop` the body is only called.
   *
   * @returns What `body` returned; of a native promise one that settles likewise.
   */
  span<T>(name: string, body: () => T): T {
    check(typeof name === 'string', 'name', 'a string', name)
    checkFunction('body', body)
    if (this.#recorder.isStopped) return body()
    const { result, end } = this.#recorder.span(name, body)
    if (isFuture(result)) result.onSettled(({ status }) => end(status))
    else if (result instanceof Promise) return whenEnded(result, end) as T
    else end('fulfilled')
    return result
  }

  /** Everything recorded, in the order of the calls; the latest only, if there are more than `limit`. */
  get spans(): readonly Span[] {
    return this.#recorder.spans
  }

  /** What it comes to, and what to do better. */
  get summary(): Summary {
    return summarize(this.#recorder.spans, this.#recorder.calls)
  }

  /**
   * Draws it for a terminal: time runs to the right, each participant has a lifeline, which is lit
   * while its body is active. The verdict and the findings stand below.
   */
  toText(options: TextOptions = {}): string {
    return drawText(this.#recorder.spans, this.summary, options)
  }

  /**
   * Draws it as a sequence diagram: time runs down, calls and returns are arrows, a lifeline is lit
   * while a body is active. A whole SVG document, which can be a file or a part of a page.
   */
  toSVG(options: SVGOptions = {}): string {
    return drawSVG(this.#recorder.spans, this.summary, options)
  }

  /** Writes it as a `sequenceDiagram` for Mermaid, which GitHub and many editors show. */
  toMermaid(options: MermaidOptions = {}): string {
    return drawMermaid(this.#recorder.spans, options)
  }

  /** Gives trace events: saved with `JSON.stringify`, Perfetto and `chrome://tracing` open them. */
  toChromeTrace(): ChromeTrace {
    return writeChromeTrace(this.#recorder.spans)
  }

  /**
   * Adds it to the platform's performance timeline: a recording of the Performance panel in
   * Chrome's developer tools shows it as tracks of its own. What is unfinished ends now.
   *
   * @returns The measures, which `performance.clearMeasures()` removes.
   */
  toDevTools(): readonly PerformanceMeasure[] {
    const { spans, began } = this.#recorder
    return measureSpans(spans, began + firstOf(spans))
  }

  /**
   * Shows what runs, while it runs: on a terminal a few lines that keep themselves up to date, for
   * files and pipes a line now and then. Ends with the recording. On a terminal the cursor is hidden
   * until then; it comes back however the program ends.
   *
   * @param stream - `process.stderr`, for one. What else is written to it comes above.
   * @returns A function that ends it before.
   */
  live(stream: LiveStream, options: LiveOptions = {}): () => void {
    const end = showLive(this.#recorder, stream, options)
    this.#views.add(end)
    return end
  }
}

function whenEnded<T>(promise: Promise<T>, end: (status: Status) => void): Promise<T> {
  return promise.then(
    (value) => {
      end('fulfilled')
      return value
    },
    (reason) => {
      end('rejected')
      throw reason
    },
  )
}
