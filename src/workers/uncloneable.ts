import { describeKind, forEachProperty, kindOf, tagOf, tryClone } from './clone-kind.ts'
import { transfersOf } from './transfer.ts'

/**
 * Says which part of a value it is that cannot be cloned: `argument 2, options.onProgress, is a
 * function`. Whatever the value, it never throws.
 *
 * @param where - What the value is to the reader: `argument 2`, `the result`.
 * @returns Nothing if the value can be cloned.
 */
export function explainUncloneable(value: unknown, where: string): string | undefined {
  const transferred = new Set<unknown>(transfersOf([value]))
  const first = tryClone(value)
  if (first.ok) return undefined
  const root: Place = { value }
  const found = obvious(root, transferred)
  if (found) return sentence(where, found)
  // What is transferred cannot be cloned, so cloning tells nothing more.
  if (transferred.size > 0) return undefined
  if (first.error instanceof RangeError) return `${where} is nested too deeply to be cloned`
  return sentence(where, hidden(root))
}

/** A part of a value, and how one gets to it. */
interface Place {
  readonly value: unknown
  readonly parent?: Place
  readonly step?: string
  /** What reading it threw, if that is what is wrong. */
  readonly failure?: { readonly error: unknown }
}

// Getters and proxies can make a value that has no end.
const MAX_PLACES = 100_000

/** Finds, in the order of cloning, what is known to be refused by the look of it. */
function obvious(root: Place, transferred: ReadonlySet<unknown>): Place | undefined {
  const seen = new Set<unknown>(transferred)
  const places = [root]
  for (let place = places.pop(); place; place = places.pop()) {
    const { value, failure } = place
    if (failure || typeof value === 'function' || typeof value === 'symbol') return place
    if (typeof value !== 'object' || value === null || seen.has(value)) continue
    if (seen.size > MAX_PLACES) return undefined
    seen.add(value)
    const parts = partsOf(place)
    if (isForeign(value)) {
      if (tryClone(value).ok) continue
      if (parts.length === 0) return place
    }
    for (const part of parts.reverse()) places.push(part)
  }
  return undefined
}

/** Whether the platform has its own way to clone an object, or not to. */
function isForeign(value: object): boolean {
  return kindOf(value) === 'whole' && tagOf(value) !== 'Object'
}

/** Finds what only the platform knows to refuse: a proxy, say. */
function hidden(root: Place): Place {
  const seen = new Set<unknown>()
  let place = root
  for (;;) {
    seen.add(place.value)
    const refused = partsOf(place).find((part) => !seen.has(part.value) && !tryClone(part.value).ok)
    if (!refused) return place
    // No nest that deep can be cloned, were all its parts all right: this one makes them up.
    if (seen.size > 1000) return root
    place = refused
  }
}

/** What the platform clones of an object, without the primitive parts. */
function partsOf(parent: Place): Place[] {
  const parts: Place[] = []
  const add = (step: string, read: () => unknown) => {
    try {
      const value = read()
      if (typeof value === 'symbol' || Object(value) === value) parts.push({ value, parent, step })
    } catch (error) {
      parts.push({ value: undefined, parent, step, failure: { error } })
    }
  }
  try {
    addParts(parent.value as object, add)
  } catch {
    // A hostile proxy: it is refused itself.
  }
  return parts
}

function addParts(value: object, add: (step: string, read: () => unknown) => void): void {
  const kind = kindOf(value)
  let i = 0
  if (kind === 'map') {
    Map.prototype.forEach.call(value, (item, key) => {
      add(`.<key ${i}>`, () => key)
      add(Object(key) === key ? `.<value ${i}>` : `.get(${quote(key)})`, () => item)
      i++
    })
  } else if (kind === 'set') {
    Set.prototype.forEach.call(value, (item) => add(`.<item ${i++}>`, () => item))
  } else if (kind === 'error') {
    add('.cause', () => (value as Error).cause)
  } else {
    forEachProperty(value, (key, read) => add(stepTo(key, kind === 'array'), read))
  }
}

function stepTo(key: string, inArray: boolean): string {
  if (inArray && /^\d+$/.test(key)) return `[${key}]`
  return /^[\p{L}_$][\p{L}\d_$]*$/u.test(key) ? `.${key}` : `[${quote(key)}]`
}

function quote(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key) : String(key)
}

function sentence(where: string, place: Place): string {
  const path = pathTo(place)
  const subject = path === '' ? where : `${where}, ${path},`
  return `${subject} ${place.failure ? howItFailed(place.failure.error) : `is ${describeKind(place.value)}`}`
}

function pathTo(place: Place): string {
  const steps: string[] = []
  for (let at: Place | undefined = place; at; at = at.parent) if (at.step) steps.unshift(at.step)
  if (steps.length > 12) steps.splice(6, steps.length - 12, '[…]')
  return steps.join('').replace(/^\./, '')
}

function howItFailed(error: unknown): string {
  try {
    return `throws when it is read: ${String(error)}`
  } catch {
    return 'throws when it is read'
  }
}
