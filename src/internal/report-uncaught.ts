/**
 * Lets an error surface as the platform's own uncaught error (`uncaughtException`, `window.onerror`),
 * without disturbing whoever is on the stack now.
 */
export function reportUncaught(error: unknown): void {
  queueMicrotask(() => {
    throw error
  })
}
