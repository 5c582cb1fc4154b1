import { captureScope, type Scope } from '../internal/async-context.ts'
import { check, checkFunction, has, isObject } from '../internal/check.ts'

/** What can be read, and what it is read with: as little as is asked of them. */
export interface Source {
  [Symbol.asyncIterator]?(): AnyIterator
  [Symbol.iterator]?(): AnyIterator
}
interface AnyIterator {
  next(): unknown
  return?(): unknown
}

/** Who reads a source. Never throws. */
export interface Reader {
  /** The source has given an item; possibly after it was closed, if that is async. */
  gave(item: unknown): void
  /** The source has no more items. */
  ended(): void
  /** The source has failed: it is not to be closed then. */
  failed(error: unknown): void
}

/** Whether a value can be read. */
export function isSource(value: unknown): value is Source {
  return has(value, Symbol.asyncIterator) || has(value, Symbol.iterator)
}

// The iterator of every list that has none of its own.
const { values } = Array.prototype

/** A source, read item by item until it has no more, fails, or is closed: the latter once. */
export class Reading {
  /** Whether nothing more comes. */
  isThrough = false
  /** Whether the source is being opened, or was asked for an item and has not answered. */
  isPulling = false
  /** The async context in which reading has begun: all code of the source runs in it. */
  scope: Scope | undefined
  readonly #source: Source
  readonly #reader: Reader
  #isAsync = false
  #iterator: AnyIterator | undefined
  // The source itself, if it is a list with the usual iterator: read by index as that does, which
  // takes 20 ns less an item.
  #list: readonly unknown[] | undefined
  #index = 0
  // Whether code of the source is on the stack. A generator cannot be closed from within: that
  // waits until it has come back.
  #isInside = false
  #isToClose = false

  constructor(source: Source, reader: Reader) {
    this.#source = source
    this.#reader = reader
  }

  begin(): void {
    this.scope = captureScope()
    this.isPulling = true
    try {
      const source = this.#source
      this.#isAsync = has(source, Symbol.asyncIterator)
      const open = source[this.#isAsync ? Symbol.asyncIterator : Symbol.iterator]
      const isList = open === values && Array.isArray(source)
      if (isList && this.scope === undefined) this.#list = source
      const iterator = this.#enter(open as () => unknown, source)
      check(isObject(iterator), 'iterator', 'an object', iterator)
      this.#iterator = iterator as AnyIterator
    } catch (error) {
      return this.#fail(error)
    }
    this.isPulling = false
    this.#closeLate()
  }

  /** Asks for one item, of which the reader is told now or, by an async source, later. */
  pull(): void {
    this.isPulling = true
    if (this.#list !== undefined) return this.#readList(this.#list)
    let pulled: unknown
    try {
      const iterator = this.#iterator as AnyIterator
      const { next } = iterator
      checkFunction('next', next)
      pulled = this.#enter(next, iterator)
      // In here, as a hostile promise may throw.
      if (this.#isAsync) void Promise.resolve(pulled).then(this.#take, this.#fail)
    } catch (error) {
      return this.#fail(error)
    }
    if (this.#isAsync) this.#closeLate()
    else this.#take(pulled)
  }

  #readList(list: readonly unknown[]): void {
    let isDone: boolean
    let item: unknown
    try {
      // It may grow and shrink meanwhile.
      isDone = this.#index >= list.length
      // In here, as it may be a getter.
      if (!isDone) item = list[this.#index++]
    } catch (error) {
      return this.#fail(error)
    }
    this.#tell(isDone, item)
  }

  /**
   * Calls `return` of the source, unless it is through. Gives what that comes to, if it is not put
   * off.
   */
  close(): Promise<void> | undefined {
    if (this.isThrough) return undefined
    this.isThrough = true
    if (!this.#isInside) return this.#return()
    this.#isToClose = true
    return undefined
  }

  #closeLate(): void {
    if (!this.#isToClose) return
    this.#isToClose = false
    // Nobody waits for this one.
    this.#return().catch(() => {})
  }

  async #return(): Promise<void> {
    const iterator = this.#iterator
    const close = iterator?.return
    await (close && this.#enter(close, iterator))
  }

  #enter(method: () => unknown, self: unknown): unknown {
    this.#isInside = true
    try {
      const { scope } = this
      return scope ? scope.runInAsyncScope(method, self) : Reflect.apply(method, self, [])
    } finally {
      this.#isInside = false
    }
  }

  readonly #take = (result: unknown): void => {
    let isDone: unknown
    let item: unknown
    try {
      check(isObject(result), 'result', 'what an iterator gives', result)
      isDone = (result as IteratorResult<unknown>).done
      if (!isDone) item = (result as IteratorResult<unknown>).value
    } catch (error) {
      return this.#fail(error)
    }
    this.#tell(isDone, item)
  }

  #tell(isDone: unknown, item: unknown): void {
    this.isPulling = false
    if (isDone) {
      this.isThrough = true
      return this.#reader.ended()
    }
    this.#closeLate()
    this.#reader.gave(item)
  }

  readonly #fail = (error: unknown): void => {
    this.isPulling = false
    this.isThrough = true
    this.#reader.failed(error)
  }
}
