import type { Definition } from './definition.ts'

/** Where a call was made: the stack of that moment, made readable when it is asked for. */
export class CallSite {
  stack?: string
  readonly #name: string

  constructor({ name, entry }: Definition) {
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
      const lines = this.stack?.split('\n') ?? []
      const frames = lines.filter((line) => FRAME.test(line) && !OWN.test(line)).join('\n')
      const section = `\nFrom the call of "${this.#name}":\n${frames}`
      if (!(error instanceof Error) || frames === '' || error.stack?.includes(section)) return
      error.stack += section
    } catch {
      // Frozen, or hostile: it stays as it is.
    }
  }
}

// As V8 writes them, and as the others do.
const FRAME = /^ +at |@/
// What runs a body, below the calls that the body makes.
const OWN =
  /(callIn|runInAsyncScope|replayCall|(Execution|Dispatcher)\.\S+|#drain\w+)( \[as \w+\])? \(/

/** Gives the place of the call that is being made, while places are recorded. */
export function captureSite(definition: Definition): CallSite | undefined {
  return isOn ? (definition.site ?? new CallSite(definition)) : undefined
}

let isOn = false

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
  isOn = on
}
