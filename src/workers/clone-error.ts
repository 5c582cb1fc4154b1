import { isFuture } from '../core/future.ts'
import { explainUncloneable } from './uncloneable.ts'

/** Makes the error of arguments that cannot be handed to another thread. */
export function argumentError(
  task: string,
  values: readonly unknown[],
  cause: unknown,
): DOMException {
  const found = values
    .map((value, i) => describe(value, `argument ${i + 1}`))
    .find((description) => description !== undefined)
  return cloneError(`The task "${task}" cannot be given to a thread`, found, cause)
}

/** Makes the error of a result that cannot be handed to another thread. */
export function resultError(task: string, value: unknown, cause: unknown): DOMException {
  const found = describe(value, 'the result')
  return cloneError(`The result of the task "${task}" cannot leave its thread`, found, cause)
}

/** Gives what a task has thrown; if that is nothing that can be cloned, an error that says so. */
export function thrownBy(task: string, thrown: unknown, isThrown = true): unknown {
  if (!isThrown || (typeof thrown !== 'function' && typeof thrown !== 'symbol')) return thrown
  const found = `it is a ${typeof thrown}`
  return cloneError(`What the task "${task}" threw cannot leave its thread`, found, undefined)
}

/**
 * Throws if one of the values is a future, or a list or a plain object with one in it: cloned, it
 * would be an empty object.
 */
export function refuseFutures(values: readonly unknown[]): void {
  if (futureIn(values) !== undefined) throw new TypeError('A future cannot be cloned')
}

function describe(value: unknown, where: string): string | undefined {
  const found = futureIn([value])
  if (found === undefined) return explainUncloneable(value, where)
  const [key] = found
  const place = key === undefined ? where : `${where}, ${key},`
  return `${place} is a future; await it, and hand over its value`
}

/** Finds a future among values or directly in them. Gives the key it has there, if any. */
function futureIn(values: readonly unknown[]): string[] | undefined {
  for (const value of values) {
    if (isFuture(value)) return []
    if (Object(value) !== value || ArrayBuffer.isView(value)) continue
    const key = keyOfFutureIn(value as object)
    if (key !== undefined) return [key]
  }
  return undefined
}

function keyOfFutureIn(value: object): string | undefined {
  try {
    if (Array.isArray(value)) {
      const index = value.findIndex(isFuture)
      return index < 0 ? undefined : String(index)
    }
    // A plain object: in others, what looks like a property may run code.
    const prototype = Object.getPrototypeOf(value)
    if (prototype !== Object.prototype && prototype !== null) return undefined
    return Object.keys(value).find((key) => {
      const property = Object.getOwnPropertyDescriptor(value, key)
      return isFuture(property?.value)
    })
  } catch {
    // A hostile proxy: the platform will refuse it.
    return undefined
  }
}

function cloneError(message: string, found: string | undefined, cause: unknown): DOMException {
  const error = new DOMException(`${message}: ${found ?? String(cause)}`, 'DataCloneError')
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  return error
}
