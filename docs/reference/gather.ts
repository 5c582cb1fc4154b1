import { systemClock } from './clock.ts'
import { CancelledError } from './errors.ts'
import { Future, type Settle } from './future.ts'
import { readInputs } from './inputs.ts'
import { cancelAfter, cancelOnAbort } from './limits.ts'

/** All values, in the order of the arguments; or the first failure in time. */
export function gather(...args: unknown[]): Future<unknown> {
  return combine('gather', args, {
    decides: ({ status }) => status !== 'fulfilled',
    onAll: (inputs, { fulfil }) => fulfil(inputs.map(({ value }) => value)),
  })
}

/** How each of them ended, in the order of the arguments. */
export function gatherSettled(...args: unknown[]): Future<unknown> {
  const describe = ({ status, value, reason }: Future<unknown>): PromiseSettledResult<unknown> =>
    status === 'fulfilled' ? { status, value } : { status: 'rejected', reason }
  return combine('gatherSettled', args, {
    decides: () => false,
    onAll: (inputs, { fulfil }) => fulfil(inputs.map(describe)),
  })
}

/** What the first to settle came to. */
export function race(...args: unknown[]): Future<unknown> {
  return combine('race', args, { decides: () => true, onAll: () => {} })
}

/** The first value; a failure only if there is none, and then the reasons of all. */
export function any(...args: unknown[]): Future<unknown> {
  return combine('any', args, {
    decides: ({ status }) => status === 'fulfilled',
    onAll: (inputs, { reject }) => {
      const reasons = inputs.map(({ reason }) => reason)
      reject(new AggregateError(reasons, 'Every future failed'))
    },
  })
}

interface Rules {
  /** Whether what this input came to is what the whole comes to. */
  decides(input: Future<unknown>): boolean
  /** All have settled, and none of them has decided. */
  onAll(inputs: Future<unknown>[], whole: Whole): void
}

interface Whole {
  fulfil(values: unknown[]): void
  reject(reason: unknown): void
}

/** What the four have in common: reading inputs, listening to them, settling one future, cancelling. */
function combine(name: string, args: unknown[], { decides, onAll }: Rules): Future<unknown> {
  const { inputs, keys, options, error } = readInputs(args)
  const cancelInputs = (reason: unknown): void => {
    for (const input of inputs) input.cancel(reason)
  }
  const { future } = Future.withResolvers<unknown>({
    name: options.name ?? name,
    onCancel: cancelInputs,
  })
  let decided = false
  future.lingers = (ended, threw) => {
    const unfinished = decided ? [] : inputs.filter((input) => !input.done)
    let left = unfinished.length
    const one = (): void => {
      left -= 1
      if (left === 0) ended()
    }
    for (const input of unfinished) input.onEnded(one, threw)
    return unfinished.length > 0
  }

  const settle: Settle = (status, outcome) => {
    decided = true
    if (!future.settle(status, outcome) || !options.cancelRest) return
    const failure = status === 'fulfilled' ? {} : { cause: outcome }
    cancelInputs(new CancelledError(undefined, failure))
  }
  const whole: Whole = {
    fulfil: (values) => settle('fulfilled', keys ? toRecord(keys, values) : values),
    reject: (reason) => settle('rejected', reason),
  }
  if (error) {
    whole.reject(error.thrown)
    return future
  }

  cancelOnAbort(future, options.signal)
  let missing = inputs.length
  for (const input of inputs) {
    input.onSettled(() => {
      missing -= 1
      if (future.done) return
      if (decides(input)) {
        // Not simply this one: somebody who heard of the first may have settled this one, and been heard first.
        const [first] = inOrderOfSettling(inputs.filter((one) => one.done && decides(one)))
        if (first) settle(first.status, first.outcome)
      } else if (missing === 0) onAll(inputs, whole)
    })
  }
  if (inputs.length === 0 && !future.done) onAll(inputs, whole)
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
