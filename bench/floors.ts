/** The bodies that are called, and what one writes by hand without any package. */
import type { Contestant } from './compare.ts'

export type Body = () => Promise<unknown>

export async function instant(): Promise<void> {}

export async function awaitsOnce(): Promise<void> {
  await null
}

/** Calls a body many times under a limit: so many loops over a shared index. */
export function handLoop(concurrency: number, calls: number, body: Body = instant): Contestant {
  return {
    calls,
    async run() {
      let next = 0
      const loop = async (): Promise<void> => {
        while (next++ < calls) await body()
      }
      await Promise.all(Array.from({ length: concurrency }, loop))
    },
  }
}
