/**
 * Makes instances of a class readable in Node's, Bun's and Deno's inspectors. Not enumerable, and
 * not in the types.
 */
export function makeInspectable<T>(prototype: T, describe: (instance: T) => Described): void {
  const value = function (this: T, depth: number | null, options: object, inspect: Inspect) {
    const [title, state, ...content] = describe(this)
    // Counted down by hand: it is what ends the printing of a value that refers back to its future.
    if (depth !== null && depth < 0) return `[${title}]`
    const inner = { ...options, depth: depth === null ? null : depth - 1 }
    return `${title} { ${[state, ...content.map((each) => inspect(each, inner))].join(': ')} }`
  }
  Object.defineProperty(prototype, Symbol.for('nodejs.util.inspect.custom'), { value })
}

type Inspect = (value: unknown, options: object) => string

/**
 * `Future "answer" { fulfilled: 42 }` is `['Future "answer"', 'fulfilled', 42]`; without content
 * there are two.
 */
type Described = readonly [title: string, state: string, content?: unknown]
