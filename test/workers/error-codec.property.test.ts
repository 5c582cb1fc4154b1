import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packThrown, unpackThrown } from '../../src/workers/error-codec.ts'
import { explode, revokedProxy } from '../support/hostile.ts'

describe('What is handed from thread to thread as thrown', () => {
  it('R24 always keeps the graph of the errors: classes, names, messages, stacks, properties, who refers to whom', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const root = build(nodes)

        const arrived = unpackThrown(structuredClone(packThrown(root)))

        expect(portrait(arrived)).toEqual(portrait(root))
      }),
      { numRuns: 300 },
    )
  })

  it('R24 never fails to be packed, and the package never to be cloned, however hostile it is', () => {
    fc.assert(
      fc.property(hostileValues, (make) => {
        const arrived = unpackThrown(structuredClone(packThrown(make())))

        // What has arrived is tame: it can go further on.
        expect(portrait(unpackThrown(structuredClone(packThrown(arrived))))).toEqual(
          portrait(arrived),
        )
      }),
      { numRuns: 300 },
    )
  })
})

class Custom extends RangeError {}
class Named extends Error {
  override name = 'named'
}
const errorMakers = [
  (text: string) => new Error(text),
  (text: string) => new TypeError(text),
  (text: string) => new AggregateError([], text),
  (text: string) => new DOMException(text, 'AbortError'),
  (text: string) => new Custom(text),
  (text: string) => new Named(text),
]

/** The node of a graph: what it is, and which nodes it refers to by which key. */
interface Plan {
  readonly kind: number
  readonly text: string
  readonly links: readonly (readonly [key: string, to: number])[]
  readonly leaf: unknown
}

const graphs = fc.array(
  fc.record<Plan>({
    kind: fc.nat(errorMakers.length + 2),
    text: fc.string(),
    links: fc.array(
      fc.tuple(fc.constantFrom('cause', 'a', 'b', 'errors', '0', '1', '__proto__'), fc.nat(5)),
      { maxLength: 4 },
    ),
    leaf: fc.anything({ withBigInt: true, withDate: true, withTypedArray: true }),
  }),
  { minLength: 1, maxLength: 6 },
)

function build(plans: readonly Plan[]): unknown {
  const objects = plans.map(({ kind, text }) => {
    const makers = [...errorMakers, () => ({}), () => [], () => new Map()]
    return makers[kind]?.(text) as object
  })
  for (const [i, { links, leaf }] of plans.entries()) {
    const object = objects[i] as object
    put(object, 'leaf', leaf)
    for (const [key, to] of links) put(object, key, objects[to % objects.length])
  }
  return objects[0]
}

function put(object: object, key: string, value: unknown): void {
  if (object instanceof Map) object.set(key, value)
  else
    Object.defineProperty(object, key, {
      value,
      enumerable: key !== 'cause' || !(object instanceof Error),
      configurable: true,
      writable: true,
    })
}

/** Made by functions: what is hostile must not get into the hands of fast-check. */
type Make = () => unknown

const hostileValues = fc.letrec<{ value: Make; contents: Record<string, Make> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc
      .anything({ withMap: true, withSet: true, withSparseArray: true, withNullPrototype: true })
      .map(
        (value): Make =>
          () =>
            value,
      ),
    fc.constantFrom<Make[]>(
      () => explode,
      () => Symbol('s'),
      () => Promise.resolve(),
      () => new WeakRef({}),
      () => [].values(),
      revokedProxy,
      () => new Proxy(new Error('p'), {}),
      () => new Proxy([], { get: explode }),
      () => new Proxy(new Map([[1, 2]]), { getPrototypeOf: explode }),
      () => Object.setPrototypeOf(new Error('stripped'), null),
      () => Object.create(Error.prototype),
      () => Object.create(DOMException.prototype),
      () => Object.assign(Object.create(Map.prototype), { a: 1 }),
      () => ({ [Symbol.toStringTag]: 'Error' }),
    ),
    fc
      .tuple(
        fc.constantFrom(...errorMakers, () => ({})),
        tie('contents'),
      )
      .map(
        ([make, contents]): Make =>
          () =>
            furnish(make('x'), contents),
      ),
    fc.array(tie('value'), { maxLength: 3 }).map(
      (makes): Make =>
        () =>
          makes.map((make) => make()),
    ),
  ),
  contents: fc.dictionary(
    fc.constantFrom('cause', 'errors', 'message', 'name', 'constructor', 'toString', 'a', 'length'),
    fc.oneof(tie('value'), fc.constant<Make>(explode)),
    { maxKeys: 4 },
  ),
})).value

/** Properties that are values, getters, and getters that throw. */
function furnish(object: object, contents: Record<string, Make>): object {
  for (const [i, [key, make]] of Object.entries(contents).entries()) {
    const get =
      make === explode
        ? explode
        : (
            (value) => () =>
              value
          )(make())
    Object.defineProperty(object, key, {
      ...(i % 2 === 0 || get === explode ? { get } : { value: get() }),
      enumerable: true,
      configurable: true,
    })
  }
  return object
}

/** All that is to be kept, with numbers for what has been met before. */
function portrait(value: unknown, met = new Map<unknown, number>()): unknown {
  if (typeof value !== 'object' || value === null) return value
  const known = met.get(value)
  if (known !== undefined) return { known }
  met.set(value, met.size)
  const keys = Object.getOwnPropertyNames(value).filter((key) => key !== 'stack')
  const properties = keys.sort().map((key) => {
    const { value: part, enumerable } = Object.getOwnPropertyDescriptor(value, key) ?? {}
    return [key, enumerable, portrait(part, met)]
  })
  if (value instanceof Map) return { map: [...value].flat().map((one) => portrait(one, met)) }
  if (value instanceof Set) return { set: [...value].map((one) => portrait(one, met)) }
  if (!(value instanceof Error)) return { tag: Object.prototype.toString.call(value), properties }
  const texts = [value.name, value.message, value.stack].map(
    (one) => typeof one === 'string' && one,
  )
  return { class: Object.getPrototypeOf(value).constructor.name, texts, properties }
}
