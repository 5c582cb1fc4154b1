/**
 * Runs `act`, lets the event loop turn once, and gives the errors that meanwhile reached nobody: what surfaced as an
 * uncaught exception or an unhandled rejection, in order. While it runs, the test runner does not see them.
 */
export async function strayErrorsDuring(act: () => unknown): Promise<readonly unknown[]> {
  const errors: unknown[] = []
  const restore = EVENTS.map((event) => divert(event, (error) => errors.push(error)))
  try {
    await act()
    await new Promise((resolve) => setImmediate(resolve))
  } finally {
    for (const undo of restore) undo()
  }
  return errors
}

const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

function divert(event: (typeof EVENTS)[number], listener: (error: unknown) => void): () => void {
  const usual = process.rawListeners(event) as ((...args: unknown[]) => void)[]
  process.removeAllListeners(event)
  process.on(event, listener)
  return () => {
    process.removeAllListeners(event)
    for (const each of usual) process.on(event, each)
  }
}
