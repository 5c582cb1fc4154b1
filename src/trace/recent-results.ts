/**
 * The last results of calls, to be recognised among the arguments of the next: who calls with what
 * another call gave could not have made both calls at once. Keeps nothing alive.
 */
export class RecentResults<Source> {
  readonly #results: {
    readonly source: Source
    readonly result: Weak
    readonly args: readonly Weak[]
  }[] = []

  /** @param args - Those of the call, as `weak` makes them. */
  add(source: Source, result: unknown, args: readonly Weak[]): void {
    this.#results.push({ source, result: weakly(result), args })
    if (this.#results.length > MOST_KEPT) this.#results.shift()
  }

  /**
   * Which calls gave an argument: it is the result, a part of it, or a text with such a part in it;
   * and was not there before, among the arguments of that call.
   */
  sourcesOf(args: readonly unknown[]): readonly Source[] {
    const isNew = (argument: unknown, result: unknown, known: readonly Weak[]): boolean =>
      isFrom(argument, result) && !known.some((one) => isFrom(argument, one()))
    try {
      return this.#results
        .filter(({ result, args: known }) => args.some((one) => isNew(one, result(), known)))
        .map(({ source }) => source)
    } catch {
      // A hostile getter or proxy: nothing is known, so it may need all.
      return this.#results.map(({ source }) => source)
    }
  }
}

/** Gives a value, unless it is an object that is gone. */
export type Weak = () => unknown

/** Remembers arguments without keeping them alive. */
export function weak(args: readonly unknown[]): readonly Weak[] {
  return args.map(weakly)
}

function weakly(result: unknown): Weak {
  if (Object(result) !== result) return () => result
  const reference = new WeakRef(result as object)
  return () => reference.deref()
}

function isFrom(value: unknown, whole: unknown, depth = 2): boolean {
  // The same one in two places may be a coincidence.
  if (whole === undefined || whole === null || typeof whole === 'boolean') return false
  if (value === whole) return true
  if (typeof whole !== 'object') return typeof value === 'string' && value.includes(String(whole))
  if (depth === 0 || ArrayBuffer.isView(whole)) return false
  // Of long lists a few: to look must cost next to nothing.
  const parts = Array.isArray(whole) ? whole.slice(0, MOST_LOOKED_AT) : Object.values(whole)
  return parts.slice(0, MOST_LOOKED_AT).some((part) => isFrom(value, part, depth - 1))
}

const MOST_KEPT = 8
const MOST_LOOKED_AT = 32
