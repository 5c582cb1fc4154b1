/**
 * How long bodies have been starting since the event loop last turned, and how to let it turn.
 * Shared by all schedulers of the program: it is the one thread they hold.
 */

/** When the first body since the last turn started, in real milliseconds; 0 when none has. */
let burstStart = 0

// Reading the time costs more than starting an instant body, so not every start looks at it: up to `MAX_STRIDE` starts
// pass between two looks while they are quick, one while they are slow.
let lastLook = 0
let stride = 1
let untilLook = 0
const MAX_STRIDE = 16

/** Whether bodies have been starting for longer than `slice` milliseconds of real time since the event loop last turned. */
export function heldLongerThan(slice: number): boolean {
  if (--untilLook > 0) return false
  const now = performance.now()
  if (burstStart === 0) {
    burstStart = now
    stride = 1
    turn(endBurst)
  } else stride = now - lastLook < 1 ? Math.min(stride * 2, MAX_STRIDE) : 1
  lastLook = now
  const held = now - burstStart > slice
  untilLook = held ? 0 : stride
  return held
}

function endBurst(): void {
  burstStart = untilLook = 0
}

let waiting = 0

/** Lets the event loop turn, timers, I/O and rendering have their chance, then goes on with `callback`. */
export function yieldTurn(callback: () => void): void {
  waiting += 1
  turn(() => {
    waiting -= 1
    endBurst()
    callback()
  }, true)
}

/** Whether bodies wait to start behind `yieldTurn`: a virtual clock stands still until none do. */
export function turnsPending(): boolean {
  return waiting > 0
}

// Taken when the module loads, so that a test's fake timers cannot stop the real event loop from turning.
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
