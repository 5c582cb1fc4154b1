import { turn } from './event-loop.ts'

/**
 * Calls back when the program comes to its natural end: not after `process.exit()`, and never in a
 * browser. The first one to ask installs what watches for it, and the last one to stop removes it.
 *
 * @returns A function that stops waiting for it.
 */
export function atProgramEnd(callback: () => void): () => void {
  if (callbacks.size === 0) watchExit('on')
  callbacks.add(callback)
  return () => {
    if (callbacks.delete(callback) && callbacks.size === 0) watchExit('off')
  }
}

/**
 * Prints on stderr, and makes the exit code 1 unless it is set. Not thrown anywhere: there may be no
 * more turns in which it could surface.
 */
export function complain(message: string, ...details: unknown[]): void {
  if (host.process) host.process.exitCode ??= 1
  console.error(message, ...details)
}

const callbacks = new Set<() => void>()

/** The part of Node's, Deno's and Bun's `process` that is used here. Browsers have none. */
interface Host {
  process?: Partial<Record<'on' | 'off', (event: string, listener: () => void) => void>> & {
    exitCode?: number | string | undefined
  }
}
const host = globalThis as Host

function watchExit(action: 'on' | 'off'): void {
  host.process?.[action]?.('beforeExit', beforeExit)
  host.process?.[action]?.('exit', exit)
}

// `exit` alone does not tell a natural end from `process.exit()`; `beforeExit` alone may be
// followed by more work.
let isEnding = false

function beforeExit(): void {
  isEnding = true
  // Runs only if another listener gave the program more work.
  turn(() => {
    isEnding = false
  })
}

function exit(): void {
  if (isEnding) for (const callback of [...callbacks]) callback()
}
