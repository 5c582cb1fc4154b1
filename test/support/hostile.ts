/** What a hostile object throws: never an `Error`, so that nothing but the identity can match. */
export const HOSTILE = { hostile: true }

/** A function that throws. */
export const explode = (): never => {
  throw HOSTILE
}

/** An object whose every use throws a `TypeError`: reading, looking for its prototype, calling. */
export function revokedProxy(): object {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}

/** Iterables that give the items and then throw `HOSTILE`: one for each step that can throw. */
export function throwingIterables<T>(first: readonly T[]): Record<string, Iterable<T>> {
  const failing = (step: (next: () => IteratorResult<T>) => IteratorResult<T>): Iterable<T> => ({
    [Symbol.iterator]() {
      const items = [...first]
      const give = (): IteratorResult<T> => ({ done: false, value: items.shift() as T })
      return { next: () => (items.length > 0 ? give() : step(give)) }
    },
  })
  return {
    'next() throws': failing(explode),
    'the getter of done throws': failing(
      () => Object.defineProperty({}, 'done', { get: explode }) as never,
    ),
    'the getter of value throws': failing(
      () => Object.defineProperty({ done: false }, 'value', { get: explode }) as never,
    ),
    'a generator throws': (function* () {
      yield* first
      explode()
    })(),
  }
}

/** Iterables that throw `HOSTILE` before they give anything. */
export function stillbornIterables(): Record<string, Iterable<never>> {
  return {
    'the getter of Symbol.iterator throws': Object.defineProperty({}, Symbol.iterator, {
      get: explode,
    }) as never,
    'Symbol.iterator throws': { [Symbol.iterator]: explode },
    'the getter of next throws': {
      [Symbol.iterator]: () => Object.defineProperty({}, 'next', { get: explode }) as never,
    },
    'the trap `has` of a proxy throws': new Proxy([], { has: explode, get: explode }) as never,
  }
}
