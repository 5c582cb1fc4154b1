import { withoutOwnFrames } from '../schedule/call-site.ts'
import { describeKind, forEachProperty, isError, kindOf, tryClone } from './clone-kind.ts'
import { classNamesOf, classOf, instantiate } from './error-classes.ts'

/**
 * What was thrown, in a form that can be cloned. It is flat, each object a node and the nodes
 * referring to each other by number: cloning something deep runs out of stack, and an error may be
 * its own cause.
 */
export interface PackedThrown {
  readonly root: Part
  readonly nodes: readonly Node[]
}

/** A primitive value, or the number of a node. */
type Part = unknown | readonly [node: number]

type Node =
  | { kind: 'record'; properties: Property[] }
  | { kind: 'array'; length: number; properties: Property[] }
  | { kind: 'map'; entries: [Part, Part][] }
  | { kind: 'set'; entries: Part[] }
  | { kind: 'whole'; value: unknown }
  | PackedError

interface PackedError {
  readonly kind: 'error'
  readonly classes: readonly string[]
  // Absent where they are no texts.
  readonly name: string | undefined
  readonly message: string | undefined
  readonly stack: string | undefined
  /** `message`, `cause` and `errors` too, where they are the error's own. */
  readonly properties: Property[]
}

type Property = [key: string, value: Part, enumerable: boolean]

/**
 * Describes what was thrown, of whatever kind, such that the description can always be cloned.
 * What is in it and cannot be cloned is left out.
 */
export function packThrown(thrown: unknown): PackedThrown {
  const packer = new Packer()
  const root = packer.partOfThrown(thrown)
  packer.packContents()
  return { root, nodes: packer.nodes }
}

/**
 * Makes of a description what was thrown.
 *
 * @param task - Named at the end of an error's stack, whose frames are those of the other thread.
 */
export function unpackThrown({ root, nodes }: PackedThrown, task?: string): unknown {
  // All objects first: they may refer to each other in circles.
  const objects = nodes.map(emptyObject)
  const value = (part: Part) => (Array.isArray(part) ? objects[part[0]] : part)
  for (const [i, node] of nodes.entries()) fill(objects[i], node, value)
  const thrown = value(root)
  if (task !== undefined && isError(thrown)) {
    attempt(() => {
      const frames = withoutOwnFrames(String(thrown.stack).split('\n'))
      setStack(thrown, [...frames, `    at <thread> task "${task}"`].join('\n'))
    })
  }
  return thrown
}

/** Stands for a part that cannot be cloned. */
const NOTHING = Symbol()

// Getters and proxies can make an object that has no end.
const MAX_NODES = 20_000

class Packer {
  readonly nodes: Node[] = []
  readonly #seen = new Map<object, Part>()
  /** What has a node whose contents are still missing. */
  readonly #unpacked: (() => void)[] = []

  /** Fills the nodes, also those that are found on the way. Not recursive: chains may be long. */
  packContents(): void {
    for (let next = this.#unpacked.pop(); next; next = this.#unpacked.pop()) {
      // What a hostile object has given before it threw stays.
      attempt(next)
    }
  }

  /** What cannot be cloned becomes an error that says so: that something was thrown must arrive. */
  partOfThrown(thrown: unknown): Part {
    const part = this.#part(thrown)
    if (part !== NOTHING) return part
    const error = new Error(`What was thrown cannot be cloned: it is ${describeKind(thrown)}`)
    // Where this was found out helps nobody.
    error.stack = String(error)
    return this.#part(error)
  }

  #part(value: unknown): Part {
    if (typeof value === 'function' || typeof value === 'symbol') return NOTHING
    if (typeof value !== 'object' || value === null) return value
    const seen = this.#seen.get(value)
    if (seen !== undefined) return seen
    const part = this.nodes.length < MAX_NODES ? this.#nodeFor(value) : NOTHING
    this.#seen.set(value, part)
    return part
  }

  #nodeFor(value: object): Part {
    const kind = kindOf(value)
    if (kind === 'array') return this.#array(value as unknown[])
    if (kind === 'error') return this.#error(value as Error)
    if (kind === 'map') return this.#map(value as Map<unknown, unknown>)
    if (kind === 'set') return this.#set(value as Set<unknown>)
    if (kind === 'record') {
      const properties: Property[] = []
      return this.#add({ kind, properties }, () => this.#properties(value, properties))
    }
    // The clone, and not the value: a getter may give something else when it is cloned again.
    const cloned = tryClone(value)
    return cloned.ok ? this.#add({ kind, value: cloned.clone }) : NOTHING
  }

  #array(value: readonly unknown[], partOf = (item: unknown) => this.#part(item)): Part {
    const properties: Property[] = []
    const length = lengthOf(value)
    return this.#add({ kind: 'array', length, properties }, () =>
      this.#properties(value, properties, partOf),
    )
  }

  #properties(value: object, into: Property[], partOf = (one: unknown) => this.#part(one)): void {
    forEachProperty(value, (key, read) => {
      const part = attempt(() => partOf(read()), NOTHING)
      if (part !== NOTHING) into.push([key, part, true])
    })
  }

  #map(value: Map<unknown, unknown>): Part {
    const entries: [Part, Part][] = []
    return this.#add({ kind: 'map', entries }, () => {
      Map.prototype.forEach.call(value, (item, key) => {
        const entry: [Part, Part] = [this.#part(key), this.#part(item)]
        if (!entry.includes(NOTHING)) entries.push(entry)
      })
    })
  }

  #set(value: Set<unknown>): Part {
    const entries: Part[] = []
    return this.#add({ kind: 'set', entries }, () => {
      Set.prototype.forEach.call(value, (item) => {
        const part = this.#part(item)
        if (part !== NOTHING) entries.push(part)
      })
    })
  }

  #error(error: Error): Part {
    const properties: Property[] = []
    const text = (key: 'name' | 'message' | 'stack') => {
      const read = attempt(() => error[key])
      return typeof read === 'string' ? read : undefined
    }
    const node: PackedError = {
      kind: 'error',
      classes: classNamesOf(error),
      name: text('name'),
      message: text('message'),
      stack: text('stack'),
      properties,
    }
    return this.#add(node, () => this.#propertiesOfError(error, properties))
  }

  #propertiesOfError(error: Error, into: Property[]): void {
    for (const key of Object.getOwnPropertyNames(error)) {
      if (key === 'stack') continue
      const part = attempt(() => this.#partOfError(key, Reflect.get(error, key)), NOTHING)
      const descriptor = attempt(() => Object.getOwnPropertyDescriptor(error, key))
      if (part !== NOTHING) into.push([key, part, descriptor?.enumerable === true])
    }
  }

  /** Causes and the errors of an `AggregateError` were thrown once. */
  #partOfError(key: string, value: unknown): Part {
    if (key === 'cause') return this.partOfThrown(value)
    const isErrors = key === 'errors' && Array.isArray(value) && !this.#seen.has(value)
    if (!isErrors) return this.#part(value)
    const part = this.#array(value, (item) => this.partOfThrown(item))
    this.#seen.set(value, part)
    return part
  }

  #add(node: Node, packContents?: () => void): Part {
    if (packContents) this.#unpacked.push(packContents)
    return [this.nodes.push(node) - 1]
  }
}

/** The length of an array, or of a proxy that says it is one. */
function lengthOf(array: readonly unknown[]): number {
  const length = attempt(() => array.length)
  return Number.isInteger(length) && (length as number) >= 0 && (length as number) < 2 ** 32
    ? (length as number)
    : 0
}

function emptyObject(node: Node): unknown {
  if (node.kind === 'array') return new Array(node.length)
  if (node.kind === 'map') return new Map()
  if (node.kind === 'set') return new Set()
  if (node.kind === 'whole') return node.value
  if (node.kind === 'record') return {}
  return instantiate(classOf(node.classes), node.message, node.name)
}

function fill(object: unknown, node: Node, value: (part: Part) => unknown): void {
  if (node.kind === 'map')
    for (const [key, item] of node.entries)
      (object as Map<unknown, unknown>).set(value(key), value(item))
  if (node.kind === 'set')
    for (const item of node.entries) (object as Set<unknown>).add(value(item))
  if ('properties' in node)
    for (const [key, part, enumerable] of node.properties)
      define(object as object, key, value(part), enumerable)
  if (node.kind === 'error') dress(object as Error, node)
}

/** Gives an error what its class did not give it here. */
function dress(error: Error, { name, message, stack }: PackedError): void {
  if (name !== undefined && attempt(() => error.name) !== name) define(error, 'name', name)
  if (message !== undefined && attempt(() => error.message) !== message)
    define(error, 'message', message)
  // Without a stack of its own it would have one of the rebuilding.
  setStack(error, stack ?? `${name ?? 'Error'}: ${message ?? ''}`)
}

function setStack(error: Error, stack: string): void {
  // Set first: V8 then lets go of the frames that it has captured.
  attempt(() => {
    error.stack = stack
  })
  define(error, 'stack', stack)
}

/** Never calls a setter: the key may be `__proto__`. */
function define(object: object, key: string, value: unknown, enumerable = false): void {
  attempt(() =>
    Object.defineProperty(object, key, { value, enumerable, configurable: true, writable: true }),
  )
}

/** Gives what the function gives, or the substitute if it throws. */
function attempt<T>(read: () => T): T | undefined
function attempt<T, S>(read: () => T, substitute: S): T | S
function attempt<T>(read: () => T, substitute?: unknown): unknown {
  try {
    return read()
  } catch {
    return substitute
  }
}
