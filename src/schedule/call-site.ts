/** What makes calls. */
interface Source {
  readonly name: string
  /** The function that its user calls: what is above it on the stack is the place of the call. */
  readonly entry: unknown
  /** Where all its calls come from, if that is one place. */
  readonly site: CallSite | undefined
}

/** Where a call was made: the stack of that moment, made readable when it is asked for. */
export class CallSite {
  stack?: string
  readonly #name: string

  constructor({ name, entry }: Source) {
    this.#name = name
    // What the platform does not offer is left out, and with it the section below.
    ;(Error as { captureStackTrace?(target: object, above?: unknown): void }).captureStackTrace?.(
      this,
      entry,
    )
  }

  /** Adds a section to the stack of an error that the body of the call failed with, once. */
  addTo(error: unknown): void {
    try {
      // As V8 writes them, and as the others do.
      const lines = this.stack?.split('\n').filter((line) => /^ +at |@/.test(line)) ?? []
      const frames = withoutOwnFrames(lines).join('\n')
      const section = `\nFrom the call of "${this.#name}":\n${frames}`
      if (!(error instanceof Error) || frames === '' || error.stack?.includes(section)) return
      error.stack += section
    } catch {
      // Frozen, or hostile: it stays as it is.
    }
  }
}

/** Leaves out what runs a body, below the calls that the body makes. */
export function withoutOwnFrames(lines: readonly string[]): string[] {
  const own = lines.findIndex((line) =>
    /\b(callBlock|callTracked|callTraced|callIn|replayCall)\b/.test(line),
  )
  const frames = lines.slice(0, own < 0 ? lines.length : own)
  while (/AsyncLocalStorage\.run|runInAsyncScope/.test(frames.at(-1) ?? '')) frames.pop()
  return frames
}

/** Gives the place of the call that is being made, while places are recorded. */
export function captureSite(source: Source): CallSite | undefined {
  return capture?.(source)
}

// Absent while it is off: who never switches it on does not ship it.
let capture: ((source: Source) => CallSite) | undefined

/**
 * Records from now on where calls are made, in the whole program: the stack of an error that a body
 * fails with then also says who called the task, which is long gone from the stack when the body
 * runs. Nested calls add a section each, the innermost first.
 *
 * Off by default: it takes a stack trace of every call, some microseconds and a few hundred bytes.
 * Switch it on in development.
 *
 * @param on - `false` switches it off again. Default `true`.
 *
 * @example
 * if (process.env.NODE_ENV !== 'production') longStackTraces()
 *
 * Source: `Promise.config({ longStackTraces: true })` of Bluebird.
 */
export function longStackTraces(on = true): void {
  capture = on ? (source) => source.site ?? new CallSite(source) : undefined
}
