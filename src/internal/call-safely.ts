/**
 * Calls back, and lets what it throws surface as the platform's own uncaught error
 * (`uncaughtException`, `window.onerror`), without disturbing whoever is on the stack now.
 */
export function callSafely<Args extends unknown[]>(
  callback: ((...args: Args) => unknown) | undefined,
  ...args: Args
): undefined {
  try {
    callback?.(...args)
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
