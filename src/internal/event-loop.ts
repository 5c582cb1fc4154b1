/**
 * How long bodies have been starting since the event loop last turned, and how to let it turn.
 * Shared by all schedulers of the program: it is the one thread they hold.
 */

// Taken when the module loads, so that a test's fake timers cannot stop the real event loop from turning.
const immediate: ((callback: () => void) => unknown) | undefined = Reflect.get(
  globalThis,
  'setImmediate',
)

/** When the first body since the last turn started, in real milliseconds; 0 when none has. */
let burstStart = 0
let lastLook = 0

// Reading the time costs more than starting an instant body, so not every start looks at it: up to `MAX_STRIDE` starts
// pass between two looks while they are quick, one while they are slow.
let stride = 1
let untilLook = 0
const MAX_STRIDE = 16

/** Whether bodies have been starting for longer than `slice` milliseconds of real time since the event loop last turned. */
export function heldLongerThan(slice: number): boolean {
  if (untilLook > 1) {
    untilLook -= 1
    return false
  }
  const now = performance.now()
  if (burstStart === 0) beginBurst(now)
  stride = now - lastLook < 1 ? Math.min(stride * 2, MAX_STRIDE) : 1
  lastLook = now
  const held = now - burstStart > slice
  untilLook = held ? 0 : stride
  return held
}

function beginBurst(now: number): void {
  burstStart = now
  lastLook = now
  stride = 1
  const mark = turn(endBurst) as { unref?(): void } | undefined
  // Watching must not keep a program alive.
  mark?.unref?.()
}

function endBurst(): void {
  burstStart = 0
  untilLook = 0
}

let waiting = 0

/** Lets the event loop turn, timers, I/O and rendering have their chance, then goes on with `callback`. */
export function yieldTurn(callback: () => void): void {
  waiting += 1
  turn(() => {
    waiting -= 1
    endBurst()
    callback()
  })
}

/** Whether bodies wait to start behind `yieldTurn`: a virtual clock stands still until none do. */
export function turnsPending(): boolean {
  return waiting > 0
}

/** Calls back after one turn of the event loop. */
export function turn(callback: () => void): unknown {
  return immediate === undefined ? postMessageTurn(callback) : immediate(callback)
}

let channel: MessageChannel | undefined
const posted: (() => void)[] = []

// Browsers clamp nested timers to 4 ms, a message comes back without delay.
function postMessageTurn(callback: () => void): void {
  if (channel === undefined) {
    channel = new MessageChannel()
    channel.port1.onmessage = () => posted.shift()?.()
  }
  posted.push(callback)
  channel.port2.postMessage(0)
}
