import { pathToFileURL } from 'node:url'
import { built } from './built-package.ts'
import { until } from './until.ts'

/** The built package, as its users have it: threads run built code, so this thread does too. */
export const workers = (await import(
  /* @vite-ignore */ pathToFileURL(built('workers/index.js')).href
)) as typeof import('../../src/workers/index.ts')

export const core = (await import(
  /* @vite-ignore */ pathToFileURL(built('index.js')).href
)) as typeof import('../../src/index.ts')

/** Shared memory by which a body says that it has begun. */
export function flag(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4))
}

/** Resolves once bodies have said so many times that they have begun. */
export async function raised(flag: Int32Array, times = 1): Promise<void> {
  await until(() => Atomics.load(flag, 0) >= times)
}
