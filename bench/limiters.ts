/** Packages that call a body under a limit and give a handle for every call. */
import Bottleneck from 'bottleneck'
import { limitAsync } from 'es-toolkit'
import fastq from 'fastq'
import { gather, Scheduler } from 'gatherly'
import pLimit from 'p-limit'
import PQueue from 'p-queue'
import type { Contestant } from './compare.ts'
import { type Body, instant } from './floors.ts'

export interface Limiter {
  call(): PromiseLike<unknown>
  /** Makes many calls at once. */
  queue(calls: number): PromiseLike<unknown>[]
  all(handles: PromiseLike<unknown>[]): PromiseLike<unknown>
}

export type Limit = (concurrency: number, body: Body) => Limiter

/** Those that finish 100 000 calls in the time one has. */
export const limits: Readonly<Record<string, Limit>> = {
  gatherly(concurrency, body) {
    const call = new Scheduler({ concurrency }).task(body)
    // A loop of its own, as the floor has: the others' is shared, and does not inline the call.
    const queue = (calls: number): PromiseLike<unknown>[] => {
      const handles: PromiseLike<unknown>[] = []
      for (let i = 0; i < calls; i++) handles.push(call())
      return handles
    }
    return { call, queue, all: gather }
  },
  'p-limit'(concurrency, body) {
    const limit = pLimit(concurrency)
    return limiter(() => limit(body))
  },
  'p-queue'(concurrency, body) {
    const queue = new PQueue({ concurrency })
    return limiter(() => queue.add(body))
  },
  fastq(concurrency, body) {
    const queue = fastq.promise(body, concurrency)
    return limiter(() => queue.push(undefined))
  },
  'es-toolkit'(concurrency, body) {
    return limiter(limitAsync(body, concurrency))
  },
}

/** Takes milliseconds a call. */
export function bottleneck(maxConcurrent: number, body: Body): Limiter {
  const bottleneck = new Bottleneck({ maxConcurrent })
  return limiter(() => bottleneck.schedule(body))
}

/** Makes many calls at once, keeps their handles, and waits for all of them. */
export function burst(
  limit: Limit,
  concurrency: number,
  calls: number,
  body: Body = instant,
): Contestant {
  const { queue, all } = limit(concurrency, body)
  return { calls, run: () => all(queue(calls)) }
}

function limiter(call: () => PromiseLike<unknown>): Limiter {
  return {
    call,
    queue: (calls) => Array.from({ length: calls }, call),
    all: (handles) => Promise.all(handles),
  }
}
