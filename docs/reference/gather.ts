import { systemClock } from './clock.ts'
import { CancelledError } from './errors.ts'
import { Future } from './future.ts'
import { readInputs } from './inputs.ts'
import { cancelAfter, cancelOnAbort } from './limits.ts'

/** All values, in the order of the arguments; or the first failure in time. */
export function gather(...args: unknown[]): Future<unknown> {
  return combine('gather', args, {
    onInput: (input, { takeOver }) => input.status !== 'fulfilled' && takeOver(input),
    onAll: (inputs, { fulfil }) => fulfil(inputs.map(({ value }) => value)),
  })
}

/** How each of them ended, in the order of the arguments. */
export function gatherSettled(...args: unknown[]): Future<unknown> {
  return combine('gatherSettled', args, {
    onAll: (inputs, { fulfil }) =>
      fulfil(
        inputs.map(({ status, value, reason }) =>
          status === 'fulfilled' ? { status, value } : { status: 'rejected', reason },
        ),
      ),
  })
}

/** What the first to settle came to. */
export function race(...args: unknown[]): Future<unknown> {
  return combine('race', args, { onInput: (input, { takeOver }) => takeOver(input) })
}

/** The first value; a failure only if there is none, and then the reasons of all. */
export function any(...args: unknown[]): Future<unknown> {
  return combine('any', args, {
    onInput: (input, { takeOver }) => input.status === 'fulfilled' && takeOver(input),
    onAll: (inputs, { reject }) => {
      const reasons = inputs.map(({ reason }) => reason)
      reject(new AggregateError(reasons, 'Every future failed'))
    },
  })
}

interface Rules {
  /** An input has settled. */
  onInput?(input: Future<unknown>, whole: Whole): unknown
  /** All have settled, and nothing is decided. */
  onAll?(inputs: Future<unknown>[], whole: Whole): void
}

interface Whole {
  fulfil(values: unknown[]): void
  reject(reason: unknown): void
  takeOver(input: Future<unknown>): void
}

/** What the four have in common: reading inputs, listening to them, settling one future, cancelling. */
function combine(name: string, args: unknown[], { onInput, onAll }: Rules): Future<unknown> {
  const { inputs, keys, options, error } = readInputs(args)
  const cancelInputs = (reason: unknown): void => {
    for (const input of inputs) input.cancel(reason)
  }
  const { future } = Future.withResolvers<unknown>({
    name: options.name ?? name,
    onCancel: cancelInputs,
  })

  const decide = (status: Future<unknown>['status'], outcome: unknown): void => {
    if (!future.settle(status, outcome) || !options.cancelRest) return
    const failure = status === 'fulfilled' ? {} : { cause: outcome }
    cancelInputs(new CancelledError(undefined, failure))
  }
  const whole: Whole = {
    fulfil: (values) => decide('fulfilled', keys ? toRecord(keys, values) : values),
    reject: (reason) => decide('rejected', reason),
    takeOver: (input) => decide(input.status, input.outcome),
  }

  if (error) {
    whole.reject(error.thrown)
    return future
  }
  cancelOnAbort(future, options.signal)
  let missing = inputs.length
  if (missing === 0 && !future.done) onAll?.(inputs, whole)
  for (const input of inOrderOfSettling(inputs)) {
    input.onSettled(() => {
      missing -= 1
      if (!future.done) onInput?.(input, whole)
      if (!future.done && missing === 0) onAll?.(inputs, whole)
    })
  }
  cancelAfter(future, options.timeout ?? Infinity, options.clock ?? systemClock)
  return future
}

/** Those that have settled in the order in which they did, then the others, as they stand. */
export function inOrderOfSettling(futures: Future<unknown>[]): Future<unknown>[] {
  return [
    ...futures.filter(({ done }) => done).sort((a, b) => a.order - b.order),
    ...futures.filter(({ done }) => !done),
  ]
}

function toRecord(keys: PropertyKey[], values: unknown[]): Record<PropertyKey, unknown> {
  return Object.fromEntries(keys.map((key, index) => [key, values[index]]))
}
