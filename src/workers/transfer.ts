import { check, checkObject } from '../internal/check.ts'

/**
 * Marks an argument or a result, so that the given objects are moved to the other thread instead of
 * being copied. They are of no use on this side any more once the value has been handed over.
 *
 * @param value - An argument, a result, or what is directly in one of them.
 * @param list - What to move: `ArrayBuffer`s, `MessagePort`s, streams. A second list for the same
 *   value replaces the first.
 * @returns The value.
 * @throws {TypeError} if the value is no object, or the list no array of objects.
 *
 * @example
 * const pixels = new Uint8Array(1_000_000)
 * const resized = await resize(transfer(pixels, [pixels.buffer]))
 */
export function transfer<T>(value: T, list: Transferable[]): T {
  checkObject(value, 'value')
  check(Array.isArray(list), 'list', 'an array', list)
  for (const [i, one] of list.entries()) checkObject(one, `list[${i}]`)
  lists.set(value as object, [...list])
  used = true
  return value
}

/** Gives what is to be moved with the values: of themselves, and of what is directly in them. */
export function transfersOf(values: readonly unknown[]): Transferable[] {
  // Looking into every argument is for programs that transfer at all.
  if (!used) return []
  // The platform refuses to move one thing twice.
  const found = new Set<Transferable>()
  for (const value of values) {
    for (const one of [value, ...parts(value)]) {
      for (const moved of lists.get(one as object) ?? []) found.add(moved)
    }
  }
  return [...found]
}

/** The values have been handed over: what was to be moved with them is gone. */
export function forgetTransfers(values: readonly unknown[]): void {
  for (const value of values)
    for (const one of [value, ...parts(value)]) lists.delete(one as object)
}

const lists = new WeakMap<object, readonly Transferable[]>()
let used = false

/** What is directly in an object, without running its code. */
function parts(value: unknown): unknown[] {
  // A view has a property per element, none of which is an object.
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  try {
    if (Array.isArray(value)) return value
    return Object.values(Object.getOwnPropertyDescriptors(value)).map((one) => one.value)
  } catch {
    // A hostile proxy: the platform will refuse it.
    return []
  }
}
