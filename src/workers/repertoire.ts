import { systemClock } from '../core/clock.ts'
import type { AnyFuture } from '../core/future.ts'
import { captureScope } from '../internal/async-context.ts'
import { type Body, Definition } from '../schedule/definition.ts'
import { Dispatcher } from '../schedule/dispatcher.ts'

/** The bodies of a module, by the names they are exported under. */
export type Bodies = Readonly<Record<string, unknown>>

/**
 * What a thread can run: the bodies of a module as tasks of its own, so that `context()`, cancelling
 * and errors are the same here as there.
 */
export class Repertoire {
  readonly #bodies: Bodies
  readonly #definitions = new Map<string, Definition>()
  readonly #origin = { scope: captureScope() }
  readonly #dispatcher = new Dispatcher({
    name: 'thread',
    concurrency: Infinity,
    start: 'deferred',
    // One call at a time is no flood.
    slice: Infinity,
    clock: systemClock,
    signal: undefined,
    rate: undefined,
  })

  constructor(bodies: Bodies) {
    this.#bodies = bodies
    // It starts nothing by itself: bodies begin when they are told to.
    this.#dispatcher.paused = true
  }

  /** Makes a call of a body, which does not begin yet. */
  call(name: string, label: string | undefined, values: readonly unknown[]): AnyFuture {
    const definition = label === undefined ? this.#definitionOf(name) : this.#define(name, label)
    return this.#dispatcher.submitApart(definition, values)
  }

  begin(future: AnyFuture): void {
    this.#dispatcher.startAhead(future)
  }

  /** Whether a body is an async function, which a blocked thread cannot finish. */
  isAsync(name: string): boolean {
    return Object.prototype.toString.call(this.#bodies[name]) === '[object AsyncFunction]'
  }

  #definitionOf(name: string): Definition {
    let definition = this.#definitions.get(name)
    if (definition === undefined) {
      definition = this.#define(name, name)
      this.#definitions.set(name, definition)
    }
    return definition
  }

  #define(fn: string, name: string): Definition {
    const definition = new Definition(this.#dispatcher, this.#bodyOf(fn), { name }, false)
    // Not in the context of the body whose end made room for the next.
    definition.origin = this.#origin
    return definition
  }

  #bodyOf(name: string): Body {
    const bodies = this.#bodies
    const isOwn = Object.hasOwn(bodies, name) || !(name in Object.prototype)
    const body = isOwn ? bodies[name] : undefined
    if (typeof body === 'function') return body.bind(bodies)
    return () => {
      throw new TypeError(`The module of the pool exports no function "${name}"`)
    }
  }
}
