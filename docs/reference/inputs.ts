import type { Clock } from '../../src/core/clock.ts'
import { Future } from './future.ts'

export interface GatherOptions {
  cancelRest?: boolean
  signal?: AbortSignal
  timeout?: number
  clock?: Clock
  name?: string
}

interface Inputs {
  inputs: Future<unknown>[]
  /** The keys, if they came as a record. */
  keys?: PropertyKey[]
  options: GatherOptions
  /** What went wrong while they were read. Those read until then count as collected all the same. */
  error?: { thrown: unknown }
}

/** Reads the arguments of `gather` and its kin in all their forms (rule 12), and collects every input. */
export function readInputs(args: unknown[]): Inputs {
  const inputs: Future<unknown>[] = []
  const add = (input: unknown): void => {
    const future = Future.resolve(input)
    future.collect()
    inputs.push(future)
  }
  const [first, second] = args
  let options: GatherOptions = {}
  try {
    if (args.length === 0 || isThenable(first)) {
      for (const input of args) {
        if (!isThenable(input)) throw new TypeError('Expected only futures after the first one')
        add(input)
      }
      return { inputs, options }
    }
    options = (second ?? {}) as GatherOptions
    if (isIterable(first)) {
      for (const input of first) add(input)
    } else if (isPlainRecord(first)) {
      const keys = Reflect.ownKeys(first).filter((key) =>
        Object.prototype.propertyIsEnumerable.call(first, key),
      )
      for (const key of keys) add(first[key])
      return { inputs, options, keys }
    } else throw new TypeError('Expected futures, or an iterable or plain record of them')
    return { inputs, options }
  } catch (thrown) {
    return { inputs, options, error: { thrown } }
  }
}

function isThenable(value: unknown): boolean {
  return (
    value !== null &&
    value !== undefined &&
    typeof (value as { then?: unknown }).then === 'function'
  )
}

// Strings and maps can be iterated over, but what they hold are not futures.
function isIterable(value: unknown): value is Iterable<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Symbol.iterator in value &&
    !(value instanceof Map)
  )
}

function isPlainRecord(value: unknown): value is Record<PropertyKey, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
