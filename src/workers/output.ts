import { builtin, hostProcess } from './host.ts'
import { sleepSync } from './sleep-sync.ts'

interface Files {
  writeSync(fd: number, data: string | Uint8Array): number
}

type Written = (error?: Error | null) => void

/**
 * Has what this thread prints appear when it prints it, in order and whole. By itself it goes
 * through the event loop of the main thread: held while that is blocked, and lost if the program
 * ends first.
 */
export function writeAtOnce(): void {
  const files = builtin<Files>('fs')
  if (files === undefined || hostProcess === undefined) return
  for (const [stream, fd] of [
    [hostProcess.stdout, 1],
    [hostProcess.stderr, 2],
  ] as const) {
    stream.write = (data: string | Uint8Array, ...rest: unknown[]): boolean => {
      const encoding = typeof rest[0] === 'string' ? rest[0] : 'utf8'
      const written = rest.find((each) => typeof each === 'function') as Written | undefined
      let error: Error | undefined
      try {
        writeWhole(files, fd, bytesOf(data, encoding))
      } catch (thrown) {
        // A closed pipe, above all. The main thread hears of it, too.
        error = thrown as Error
      }
      if (written !== undefined) queueMicrotask(() => written(error))
      return true
    }
  }
}

function bytesOf(data: string | Uint8Array, encoding: string): Uint8Array {
  if (typeof data !== 'string') return data
  const { Buffer } = globalThis as { Buffer?: { from(data: string, encoding: string): Uint8Array } }
  return Buffer?.from(data, encoding) ?? new TextEncoder().encode(data)
}

function writeWhole(files: Files, fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += files.writeSync(fd, bytes.subarray(at))
    } catch (error) {
      // A pipe that is full: its reader needs a moment.
      if ((error as { code?: unknown }).code !== 'EAGAIN') throw error
      sleepSync(1)
    }
  }
}
