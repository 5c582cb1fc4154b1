import { check } from '../internal/check.ts'

/** A class of errors, whatever its constructor takes. */
export type ErrorClass = abstract new (...args: never[]) => Error

/**
 * Makes errors of the given classes arrive from other threads as instances of them, so that
 * `instanceof` works. They are recognised by the name of their class. Errors of other classes
 * arrive as instances of the nearest class that is known, `Error` in the end.
 *
 * The constructor does not run on arrival: message, stack, `cause` and own properties are those of
 * the original, but `#private` fields are absent.
 *
 * @param classes - A class replaces an earlier one of the same name.
 * @throws {TypeError} for anything but named classes that extend `Error`.
 *
 * @example
 * registerErrors(NotFoundError)
 * await pool.tasks.load(7).catch((error) => error instanceof NotFoundError) // true
 */
export function registerErrors(...classes: ErrorClass[]): void {
  for (const [i, one] of classes.entries()) {
    check(isErrorClass(one), `classes[${i}]`, 'a class that extends Error', one)
    check(isName(one.name), `classes[${i}].name`, 'a name', one.name)
  }
  for (const one of classes) registered.set(one.name, one)
}

/** The class that was registered under a name. */
export function registeredError(name: string): ErrorClass | undefined {
  return registered.get(name)
}

const registered = new Map<string, ErrorClass>()

function isErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && value.prototype instanceof Error
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
