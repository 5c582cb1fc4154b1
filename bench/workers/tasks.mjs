/** The bodies that all pools run. */

export function nothing() {}

export function same(value) {
  return value
}

export function size(buffer) {
  return buffer.byteLength
}
