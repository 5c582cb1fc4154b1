/** Makes instances of a class readable in Node's, Bun's and Deno's inspectors. Not enumerable, and not in the types. */
export function makeInspectable<T>(prototype: T, describe: (instance: T) => Described): void {
  define(prototype, 'nodejs.util.inspect.custom', function (this: T, _depth, options, inspect) {
    return render(describe(this), options, inspect)
  })
  define(prototype, 'Deno.customInspect', function (this: T, inspect, options) {
    return render(describe(this), options, inspect)
  })
}

/** `Future "answer" { fulfilled: 42 }` is `{ title: 'Future "answer"', state: 'fulfilled', content: 42 }`. */
interface Described {
  readonly title: string
  readonly state: string
  /** Absent: nothing to show. */
  readonly content?: unknown
}

function define(prototype: unknown, symbol: string, value: (...args: unknown[]) => string): void {
  Object.defineProperty(prototype, Symbol.for(symbol), { value, configurable: true })
}

function render(described: Described, options: unknown, inspect: unknown): string {
  const { title, state } = described
  if (!('content' in described) || typeof inspect !== 'function') return `${title} { ${state} }`
  return `${title} { ${state}: ${inspect(described.content, options)} }`
}
