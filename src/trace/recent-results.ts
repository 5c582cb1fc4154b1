/**
 * The last results of calls, to be recognised among the arguments of the next: who calls with what
 * another call gave could not have made both calls at once. Keeps nothing alive.
 */
export class RecentResults {
  readonly #results: (() => unknown)[] = []

  add(result: unknown): void {
    this.#results.push(weakly(result))
    if (this.#results.length > MOST_KEPT) this.#results.shift()
  }

  /** Whether an argument is a result, a part of one, or a text with such a part in it. */
  contain(args: readonly unknown[]): boolean {
    try {
      return args.some((argument) => this.#results.some((result) => isFrom(argument, result())))
    } catch {
      // A hostile getter or proxy: nothing is known.
      return true
    }
  }
}

function weakly(result: unknown): () => unknown {
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
