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

/** Throws if one of the values is a future: cloned, it would be an empty object. */
export function refuseFutures(values: readonly unknown[]): void {
  if (values.some(isFuture)) throw new TypeError('A future cannot be cloned')
}

function describe(value: unknown, where: string): string | undefined {
  if (isFuture(value)) return `${where} is a future; await it, and hand over its value`
  return explainUncloneable(value, where)
}

function cloneError(message: string, found: string | undefined, cause: unknown): DOMException {
  const error = new DOMException(`${message}: ${found ?? String(cause)}`, 'DataCloneError')
  Object.defineProperty(error, 'cause', { value: cause, configurable: true, writable: true })
  return error
}
