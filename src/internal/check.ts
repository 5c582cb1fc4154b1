/** Throws unless `ok`: a `TypeError` that says what was expected and what came. */
export function check(ok: unknown, name: string, expected: string, got: unknown): asserts ok {
  if (!ok) throw new TypeError(explain(name, expected, got))
}

/**
 * Throws unless `got` passes: a `TypeError` for anything but a number, a `RangeError` for a wrong
 * one.
 */
export function checkNumber(
  name: string,
  expected: string,
  got: unknown,
  test: (got: number) => boolean,
): void {
  // The type first: comparing an object would run its code.
  check(typeof got === 'number', name, expected, got)
  if (!test(got)) throw new RangeError(explain(name, expected, got))
}

/** Throws unless `got` is a span of time: finite milliseconds from 0 up. */
export function checkDuration(got: number): void {
  checkNumber('milliseconds', 'finite and from 0 up', got, (n) => n >= 0 && n < Infinity)
}

/** Throws unless `got` can be called. */
export function checkFunction(name: string, got: unknown): void {
  check(typeof got === 'function', name, 'a function', got)
}

/** Throws unless `options` is an object. */
export function checkObject(options: unknown, name = 'options'): void {
  check(typeof options === 'object' && options, name, 'an object', options)
}

/** The options that many functions have in common. */
interface CommonOptions {
  name?: unknown
  signal?: AbortSignal | undefined
  timeout?: number | undefined
  clock?: object | undefined
}

/** Throws unless `options` is an object whose common options, where present, are right. */
export function checkOptions(options: CommonOptions): void {
  checkObject(options)
  const { name = '', signal, timeout = 1, clock } = options
  check(typeof name === 'string', 'name', 'a string', name)
  const isSignal = has(signal, 'removeEventListener') && typeof signal?.aborted === 'boolean'
  check(signal === undefined || isSignal, 'signal', 'an AbortSignal', signal)
  checkNumber('timeout', 'milliseconds above 0, or Infinity', timeout, (n) => n > 0)
  check(clock === undefined || has(clock, 'callLater'), 'clock', 'a Clock', clock)
}

// Not `Object(value) === value`, which makes an object of any primitive: 15 ns.
/** Whether a value is an object or a function. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' ? value !== null : typeof value === 'function'
}

/** Whether a value, of whatever kind and realm, has a method of that name. */
export function has(value: unknown, method: PropertyKey): boolean {
  return typeof (value as Record<PropertyKey, unknown> | null | undefined)?.[method] === 'function'
}

/** The one form of message for misuse: the option, what it should be, what it was. */
function explain(name: string, expected: string, got: unknown): string {
  // Objects are not shown: how they print is the caller's code, and may throw.
  const shown = Object(got) === got ? `some ${typeof got}` : `\`${String(got)}\` (${typeof got})`
  return `Expected \`${name}\` to be ${expected}, got ${shown}`
}
