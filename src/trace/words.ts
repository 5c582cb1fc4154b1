/** Gives a span of time in words: `1 000 ms`. */
export function milliseconds(ms: number): string {
  if (ms >= 100_000) return `${grouped(ms / 1000, ms < 1_000_000 ? 1 : 0)} s`
  return `${grouped(ms, ms < 10 ? 1 : 0)} ms`
}

/** Gives a number with spaces between thousands, and no more digits behind the point than asked. */
export function grouped(value: number, digits = 0): string {
  const [whole = '', fraction] = String(Number(value.toFixed(digits))).split('.')
  const spaced = whole.replace(/\B(?=(\d{3})+$)/g, ' ')
  return fraction === undefined ? spaced : `${spaced}.${fraction}`
}

/** `a, b and c`; of many the first. */
export function list(names: readonly string[]): string {
  const shown = names.length > MOST_NAMED ? names.slice(0, MOST_NAMED) : names
  const rest = names.length - shown.length
  const all = rest > 0 ? [...shown, `${rest} more`] : shown
  return all.length < 2 ? (all[0] ?? '') : `${all.slice(0, -1).join(', ')} and ${all.at(-1)}`
}

/** `once`, `twice`, `3 times`. */
export function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${grouped(count)} times`
}

const MOST_NAMED = 4
