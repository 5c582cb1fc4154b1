import { collect } from '../core/cell.ts'
import { type AnyFuture, Future, isFuture } from '../core/future.ts'
import { check, has, isObject } from '../internal/check.ts'
import { copyGatherOptions, type GatherOptions } from './gather-options.ts'

/**
 * What a combinator was given. Futures are collected as they are read, so that no error loses them.
 */
export interface Inputs {
  /**
   * Promises and other thenables as futures of them, plain values as futures that are fulfilled.
   */
  items: AnyFuture[]
  /** The keys of a record, in the order of `items`. */
  keys: PropertyKey[] | undefined
  options: GatherOptions
}

/**
 * Reads the arguments of a combinator into `inputs`: futures one by one if the first is thenable,
 * otherwise one iterable or one plain record, then options.
 *
 * @throws {TypeError} for anything else; what an iterator or a getter throws. What was read before
 *   is in `inputs`.
 */
export function readInputs(inputs: Inputs, args: readonly unknown[], name: string): void {
  const source = args[0]
  if (args.length === 1 && isPlainArray(source) && !isThenable(source)) {
    return takeAll(inputs, source)
  }
  const items: AnyFuture[] = []
  inputs.items = items
  if (args.length === 0 || isThenable(source)) {
    for (const argument of args) {
      check(isThenable(argument), name, 'futures only (options need a list of them)', argument)
      items.push(take(argument))
    }
    return
  }
  // First, since they say what becomes of the inputs; but wrong ones must not lose those.
  const wrong = takeOptions(inputs, args[1] as GatherOptions)
  if (isPlainRecord(source)) {
    inputs.keys = Reflect.ownKeys(source).filter((key) => isEnumerable.call(source, key))
    for (const key of inputs.keys) items.push(take(source[key]))
  } else takeEach(inputs, toIterable(source, name))
  if (wrong !== undefined) throw wrong.error
}

function takeOptions(inputs: Inputs, options: GatherOptions): { error: unknown } | undefined {
  try {
    if (options !== undefined) inputs.options = copyGatherOptions(options)
    return undefined
  } catch (error) {
    return { error }
  }
}

/** As one by one, for less: what is gathered most, a list without options, need not grow. */
function takeAll(inputs: Inputs, source: readonly unknown[]): void {
  let items: unknown[]
  try {
    items = [...source]
  } catch {
    // A getter or a trap throws: what comes before it is to be taken all the same.
    inputs.items = []
    return takeEach(inputs, source)
  }
  for (let i = 0; i < items.length; i++) items[i] = take(items[i])
  inputs.items = items as AnyFuture[]
}

function takeEach({ items }: Inputs, source: Iterable<unknown>): void {
  for (const item of source) items.push(take(item))
}

function take(item: unknown): AnyFuture {
  const future = isFuture(item) ? item : Future.resolve(item)
  collect(future)
  return future
}

/**
 * Checks that `source` can be gathered from. Strings and maps are iterable, but what they hold are
 * not futures.
 */
export function toIterable(source: unknown, name: string): Iterable<unknown> {
  const ok = typeof source === 'object' && has(source, Symbol.iterator) && !(source instanceof Map)
  check(ok, name, 'futures, or an iterable or plain record of them', source)
  return source as Iterable<unknown>
}

interface Thenable {
  readonly then?: unknown
}

/** A future has a `then` as well: to ask first whether it is one takes some time of every list. */
function isThenable(value: unknown): boolean {
  return isObject(value) && typeof (value as Thenable).then === 'function'
}

const { propertyIsEnumerable: isEnumerable } = Object.prototype

/** Whether a value is an array that is iterated as arrays are. */
function isPlainArray(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value[Symbol.iterator] === iterate
}

const iterate = Array.prototype[Symbol.iterator]

function isPlainRecord(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== 'object' || value === null) return false
  if (Symbol.iterator in value || Array.isArray(value)) return false
  // Of any realm: a plain object's prototype is the one that has none itself.
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}
