/**
 * How a value is taken apart, where it is not cloned by the platform:
 *
 * - `record`: a plain object
 * - `whole`: an instance of any other class, which only the platform can clone, if anybody
 */
export type CloneKind = 'array' | 'error' | 'map' | 'set' | 'record' | 'whole'

/** Says how an object is taken apart. Whatever the object, it never throws. */
export function kindOf(value: object): CloneKind {
  try {
    if (Array.isArray(value)) return 'array'
    if (isError(value)) return 'error'
    if (isPlain(Object.getPrototypeOf(value))) return 'record'
    // These throw for what only says that it is one.
    if (tagOf(value) === 'Map' && sizeOfMap?.call(value) !== undefined) return 'map'
    if (tagOf(value) === 'Set' && sizeOfSet?.call(value) !== undefined) return 'set'
  } catch {
    // A proxy: the platform refuses it.
  }
  return 'whole'
}

const sizeOfMap = Object.getOwnPropertyDescriptor(Map.prototype, 'size')?.get
const sizeOfSet = Object.getOwnPropertyDescriptor(Set.prototype, 'size')?.get

/** Whether a value is an error, of this realm or another. Whatever the value, it never throws. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  // Other realms have other classes, but the same names.
  if (/^(Error|DOMException)$/.test(tagOf(value))) return true
  try {
    return prototypesOf(value).includes(Error.prototype)
  } catch {
    return false
  }
}

/** The chain of prototypes. Not without end: that of a proxy may be one more proxy, for ever. */
export function prototypesOf(value: object): object[] {
  const prototypes: object[] = []
  let prototype = Object.getPrototypeOf(value)
  while (prototype !== null && prototypes.length < 100) {
    prototypes.push(prototype)
    prototype = Object.getPrototypeOf(prototype)
  }
  return prototypes
}

/** The `Promise` of `[object Promise]`, or nothing. Whatever the value, it never throws. */
export function tagOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).slice(8, -1)
  } catch {
    return ''
  }
}

/** Makes a clone, of what can be cloned. What cannot gives what the platform says about it. */
export function tryClone(
  value: unknown,
):
  | { readonly ok: true; readonly clone: unknown }
  | { readonly ok: false; readonly error: unknown } {
  try {
    return { ok: true, clone: structuredClone(value) }
  } catch (error) {
    return { ok: false, error }
  }
}

/** Calls back with every key and value that the platform clones of an array or an object. */
export function forEachProperty(
  value: object,
  callback: (key: string, read: () => unknown) => void,
): void {
  for (const key of Object.keys(value)) callback(key, () => Reflect.get(value, key))
}

/** Names what kind of thing a value is that cannot be cloned: `a function`. */
export function describeKind(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  const noun = nounFor(value)
  // What has no class of its own is a proxy, most likely.
  if (/^(|Object|Array)$/.test(noun)) return 'an object that cannot be cloned'
  const described = `${/^[AEIO]/.test(noun) ? 'an' : 'a'} ${noun}`
  if (noun === 'ArrayBuffer' || ArrayBuffer.isView(value))
    return `${described} without its memory, which has been transferred`
  return /^(MessagePort|(Readable|Writable|Transform)Stream|OffscreenCanvas)$/.test(noun)
    ? `${described}, which can only be transferred`
    : described
}

function nounFor(value: unknown): string {
  const tag = tagOf(value)
  // As Node.js tags its ports.
  return tag === 'EventTarget' && value instanceof MessagePort ? 'MessagePort' : tag
}

/** Whether a prototype is that of plain objects, of this realm or another. */
function isPlain(prototype: object | null): boolean {
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf')
}
