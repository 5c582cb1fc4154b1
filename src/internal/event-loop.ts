let waiting = 0

/**
 * Lets the event loop turn, timers, I/O and rendering have their chance, then goes on with
 * `callback`.
 */
export function yieldTurn(callback: () => void): void {
  waiting += 1
  turn(() => {
    waiting -= 1
    callback()
  }, true)
}

/** Whether bodies wait to start behind `yieldTurn`: a virtual clock stands still until none do. */
export function turnsPending(): boolean {
  return waiting > 0
}

// Taken when the module loads, so that a test's fake timers cannot stop the real event loop from
// turning.
const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown }

/**
 * Calls back after one turn of the event loop.
 *
 * @param keepAlive - Whether that keeps the program from ending.
 */
export function turn(callback: () => void, keepAlive = false): void {
  if (setImmediate !== undefined) {
    const immediate = setImmediate(callback) as { unref?(): void }
    if (!keepAlive) immediate.unref?.()
    return
  }
  // Browsers clamp nested timers to 4 ms; a message comes back without delay.
  const { port1, port2 } = new MessageChannel()
  port1.onmessage = () => {
    port1.close()
    callback()
  }
  port2.postMessage(0)
}
