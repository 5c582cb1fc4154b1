// Taken when the module loads, as `setImmediate` is: fake timers must not be kept busy for ever.
const { setInterval } = globalThis

/**
 * Calls back every so many milliseconds, which keeps no program alive.
 *
 * @returns A function that ends it.
 */
export function heartbeat(callback: () => void, milliseconds: number): () => void {
  const timer: unknown = setInterval(callback, milliseconds)
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: unknown): void } }
  if (typeof timer === 'number') Deno?.unrefTimer?.(timer)
  else (timer as { unref?(): void }).unref?.()
  return () => clearInterval(timer as number)
}
