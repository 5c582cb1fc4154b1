import { type AnyFuture, collect, Future } from '../core/future.ts'
import { explain } from '../internal/check.ts'

/** What a combinator was given, read and collected. Plain values stand as they are. */
export interface Inputs {
  readonly items: unknown[]
  /** The keys of a record, in the order of `items`. */
  readonly keys: PropertyKey[] | undefined
  readonly options: unknown
  /** Why the arguments could not be read to the end; what was read until then is in `items`. */
  readonly failure: { readonly error: unknown } | undefined
}

/**
 * Reads the arguments of a combinator: futures one by one if the first is thenable, otherwise one iterable or one plain
 * record, then options. Never throws: whatever was read before an error is collected, and must not be lost.
 */
export function readInputs(args: readonly unknown[], what: string): Inputs {
  const items: unknown[] = []
  const [source, options] = args
  try {
    if (args.length === 0 || isThenable(source)) {
      for (const argument of args) {
        if (!isThenable(argument)) throw new TypeError(explain(what, VARIADIC, argument))
        items.push(take(argument))
      }
      return { items, keys: undefined, options: undefined, failure: undefined }
    }
    if (isPlainRecord(source)) {
      const keys = Reflect.ownKeys(source).filter((key) =>
        Object.prototype.propertyIsEnumerable.call(source, key),
      )
      for (const key of keys) items.push(take(source[key]))
      return { items, keys, options, failure: undefined }
    }
    for (const item of toIterable(source, what)) items.push(take(item))
    return { items, keys: undefined, options, failure: undefined }
  } catch (error) {
    return { items, keys: undefined, options, failure: { error } }
  }
}

const FORMS = 'futures, or an iterable or plain record of futures'
const VARIADIC = 'futures only (options go with the form that takes a list)'

/** A future of anything thenable, collected; a plain value as it is. */
function take(item: unknown): unknown {
  if (!(item instanceof Future) && !isThenable(item)) return item
  const future: AnyFuture = Future.resolve(item)
  collect(future)
  return future
}

/** Checks that `source` can be gathered from. Strings and maps are iterable, but what they hold are not futures. */
export function toIterable(source: unknown, what: string): Iterable<unknown> {
  const ok =
    typeof source === 'object' &&
    source !== null &&
    !(source instanceof Map) &&
    typeof Reflect.get(source, Symbol.iterator) === 'function'
  if (!ok) throw new TypeError(explain(what, FORMS, source))
  return source as Iterable<unknown>
}

function isThenable(value: unknown): boolean {
  if (value instanceof Future) return true
  const isObject = typeof value === 'object' && value !== null
  return (
    (isObject || typeof value === 'function') && typeof Reflect.get(value, 'then') === 'function'
  )
}

function isPlainRecord(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== 'object' || value === null || Symbol.iterator in value) return false
  const prototype = Object.getPrototypeOf(value)
  // Of any realm: a plain object's prototype is the one that has none itself.
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
