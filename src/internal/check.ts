/** Throws a `TypeError` that says what was expected and what came, unless `ok`. */
export function checkType(ok: boolean, name: string, expected: string, got: unknown): void {
  if (!ok) throw new TypeError(explain(name, expected, got))
}

/** Throws a `TypeError` for anything but a number, and a `RangeError` for a number that is not `ok`. */
export function checkNumber(ok: boolean, name: string, expected: string, got: unknown): void {
  checkType(typeof got === 'number', name, expected, got)
  if (!ok) throw new RangeError(explain(name, expected, got))
}

/** Throws unless `got` is a span of time: milliseconds from 0 up, finite. */
export function checkDuration(name: string, got: number): void {
  checkNumber(got >= 0 && got < Infinity, name, 'finite milliseconds from 0 up', got)
}

/** Throws unless `got` is a time limit: milliseconds above 0, or `Infinity` for none. */
export function checkTimeout(got: number): void {
  checkNumber(got > 0, 'timeout', 'milliseconds above 0, or Infinity', got)
}

/** Throws unless `got` can be called. */
export function checkFunction(name: string, got: unknown): void {
  checkType(typeof got === 'function', name, 'a function', got)
}

/** Throws unless `got` is absent or an object; options arrive through this. */
export function checkOptions(got: unknown): void {
  checkType(got === undefined || isObject(got), 'options', 'an object', got)
}

/** Throws unless `got` is absent or a string. */
export function checkName(got: unknown): void {
  checkType(got === undefined || typeof got === 'string', 'name', 'a string', got)
}

/** Throws unless `got` is absent or has the shape of an `AbortSignal`, of whichever realm. */
export function checkSignal(got: unknown): void {
  const ok =
    got === undefined ||
    (isObject(got) &&
      typeof Reflect.get(got, 'aborted') === 'boolean' &&
      typeof Reflect.get(got, 'addEventListener') === 'function')
  checkType(ok, 'signal', 'an AbortSignal', got)
}

/** Throws unless `got` is absent or a clock. */
export function checkClock(got: unknown): void {
  const ok =
    got === undefined ||
    (isObject(got) &&
      typeof Reflect.get(got, 'now') === 'function' &&
      typeof Reflect.get(got, 'callLater') === 'function')
  checkType(ok, 'clock', 'a Clock', got)
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** The one form of message for misuse: the option, what it should be, what it was. */
export function explain(name: string, expected: string, got: unknown): string {
  return `Expected \`${name}\` to be ${expected}, got \`${show(got)}\` (${typeof got})`
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'function') return value.name || 'anonymous'
  // Not `String(value)` for objects: their `toString` is the caller's code and may throw.
  return isObject(value) ? Object.prototype.toString.call(value) : String(value)
}
