/**
 * What the runtime offers for threads: Node's `worker_threads`, also on Deno and Bun, else the Web
 * Workers of a browser. Found at run time, so that bundlers never see an import of it.
 */

/** The end of a channel, as little of it as is used here. */
export interface Port {
  onmessage: ((event: { readonly data: unknown }) => void) | null
  postMessage(message: unknown, transfer?: readonly Transferable[]): void
  close(): void
  ref?(): void
  unref?(): void
}

interface Threads {
  readonly Worker: new (url: URL, options: object) => object
  receiveMessageOnPort(port: Port): { readonly message: unknown } | undefined
  readonly parentPort: (Port & Emitter) | null
}

interface Emitter {
  once(event: string, listener: (it: never) => void): void
}

/** Node's `process`, as far as it is used here. */
export interface Process extends Emitter {
  getBuiltinModule?(name: string): unknown
  on(event: string, listener: (it: never) => void): void
  exit(code?: number): never
  readonly execArgv: readonly string[]
  readonly features?: { readonly typescript?: unknown }
  readonly stdout: { write: unknown; readonly fd?: number }
  readonly stderr: { write: unknown; readonly fd?: number }
}

interface Scope {
  readonly process?: Process
  readonly navigator?: { readonly hardwareConcurrency?: number }
  readonly Worker?: new (url: URL, options: object) => object
  addEventListener?(event: string, listener: (it: never) => void, options?: object): void
  close?: () => void
}

export const scope: Scope = globalThis as unknown as Scope
export const hostProcess: Process | undefined = scope.process
export const threads: Threads | undefined = builtin<Threads>('worker_threads')

/** Gives a module of Node's; `undefined` elsewhere. */
export function builtin<T>(name: string): T | undefined {
  return hostProcess?.getBuiltinModule?.(`node:${name}`) as T | undefined
}

/** Takes the next message off a port without waiting for an event, where the runtime can. */
export const receive: ((port: Port) => { readonly message: unknown } | undefined) | undefined =
  threads?.receiveMessageOnPort

/** Calls back with each message that whoever has made this thread sends to it. */
export function listenToParent(listener: (message: unknown) => void): void {
  if (threads?.parentPort) threads.parentPort.once('message', listener)
  else if (scope.addEventListener) {
    scope.addEventListener('message', ({ data }: { data: unknown }) => listener(data), {
      once: true,
    })
  } else throw new TypeError('This is no worker thread')
}

/** Ends this thread. */
export function leave(): void {
  if (hostProcess?.exit) hostProcess.exit(0)
  else scope.close?.()
}

/** The time, the same in all threads: milliseconds since the epoch. */
export function sharedNow(): number {
  timeOrigin ??= performance.timeOrigin
  return timeOrigin + performance.now()
}

// Kept: to ask for it costs as much as to ask for the time. But not before anybody asks: the first
// mention of `performance` takes a new thread half a millisecond.
let timeOrigin: number | undefined
