import { CancelledError, InvalidStateError, TimeoutError } from '../core/errors.ts'
import { prototypesOf } from './clone-kind.ts'
import { type ErrorClass, registeredError } from './register-errors.ts'
import { WorkerLostError } from './worker-lost-error.ts'

/**
 * Gives the names of an error's classes, its own first. What cannot be found out is left out;
 * whatever the error, it never throws.
 */
export function classNamesOf(error: object): string[] {
  const names: string[] = []
  try {
    for (const prototype of prototypesOf(error)) {
      const name = nameOf(Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value)
      if (name) names.push(name)
    }
  } catch {
    // A hostile proxy: what is known so far has to do.
  }
  return names
}

/**
 * Gives the class that an error arrives in: its own, if that is known here, else one of the same
 * name that extends the nearest that is known.
 */
export function classOf(names: readonly string[]): ErrorClass {
  const at = names.findIndex((name) => registeredError(name) ?? knownClasses.has(name))
  const nearest = names[at] as string
  const known = registeredError(nearest) ?? knownClasses.get(nearest) ?? Error
  return at === 0 || names.length === 0 ? known : namesake(names[0] as string, known)
}

/** Makes an instance without running the constructor of its class. */
export function instantiate(Class: ErrorClass, message = '', name = 'Error'): Error {
  // What makes the object decides whether the platform takes it for a real one of its own.
  return Class === DOMException || Class.prototype instanceof DOMException
    ? Reflect.construct(DOMException, [message, name], Class)
    : Reflect.construct(Error, [], Class)
}

// Ours have names that nobody else's have: there are many classes called TimeoutError, and bundlers
// rename classes, each bundle in its own way.
const ours = new Map<unknown, string>([
  [CancelledError, 'gatherly:CancelledError'],
  [TimeoutError, 'gatherly:TimeoutError'],
  [InvalidStateError, 'gatherly:InvalidStateError'],
  [WorkerLostError, 'gatherly:WorkerLostError'],
])

// A fixed list, and never `globalThis[name]`: the name comes from elsewhere, and not everything that
// is called an error there can be made.
const knownClasses = new Map<string, ErrorClass>([
  ...[...ours].map(([Class, name]) => [name, Class as ErrorClass] as const),
  ...[
    Error,
    EvalError,
    RangeError,
    ReferenceError,
    SyntaxError,
    TypeError,
    URIError,
    AggregateError,
    DOMException,
  ].map((Class) => [Class.name, Class] as const),
])

/** The name of a class, if it has one that says something about errors. */
function nameOf(Class: unknown): string | undefined {
  const name = ours.get(Class) ?? (typeof Class === 'function' ? Class.name : undefined)
  return typeof name === 'string' && name !== '' && name !== 'Object' ? name : undefined
}

// One for all errors of a class: there are no more of them than classes in the program.
const namesakes = new WeakMap<ErrorClass, Map<string, ErrorClass>>()

function namesake(name: string, known: ErrorClass): ErrorClass {
  const ofKnown = namesakes.get(known) ?? new Map<string, ErrorClass>()
  namesakes.set(known, ofKnown)
  const found = ofKnown.get(name) ?? class extends (known as new () => Error) {}
  Object.defineProperty(found, 'name', { value: name, configurable: true })
  ofKnown.set(name, found)
  return found
}
