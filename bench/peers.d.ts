// As much of the peers as is used here: types are checked without them, too.

declare module '@supercharge/promise-pool' {
  export class PromisePool<T> {
    static for<T>(items: readonly T[]): PromisePool<T>
    withConcurrency(concurrency: number): this
    process<R>(body: (item: T) => Promise<R>): Promise<{ results: R[] }>
  }
}

declare module 'async' {
  export function mapLimit<T, R>(
    items: readonly T[],
    limit: number,
    body: (item: T) => Promise<R>,
  ): Promise<R[]>
}

declare module 'bluebird' {
  export default class Bluebird<T> implements PromiseLike<T> {
    constructor(executor: (resolve: (value: T) => void) => void)
    static all<T>(promises: readonly PromiseLike<T>[]): Bluebird<T[]>
    static try<T>(body: () => PromiseLike<T>): Bluebird<T>
    static map<T, R>(
      items: readonly T[],
      body: (item: T) => Promise<R>,
      options: { concurrency: number },
    ): Bluebird<R[]>
    // biome-ignore lint/suspicious/noThenProperty: it is thenable
    then: PromiseLike<T>['then']
  }
}

declare module 'bottleneck' {
  export default class Bottleneck {
    constructor(options: { maxConcurrent: number })
    schedule<T>(body: () => Promise<T>): Promise<T>
  }
}

declare module 'effect/Effect' {
  export interface Effect<T> {
    readonly of: T
  }
  interface Options {
    concurrency: number | 'unbounded'
  }
  export function promise<T>(body: () => Promise<T>): Effect<T>
  export function all<T>(effects: readonly Effect<T>[], options: Options): Effect<T[]>
  export function forEach<T, R>(
    items: readonly T[],
    body: (item: T) => Effect<R>,
    options: Options,
  ): Effect<R[]>
  export function runPromise<T>(effect: Effect<T>): Promise<T>
}

declare module 'effection' {
  export interface Operation<T> {
    readonly of: T
  }
  export function call<T>(body: () => Promise<T>): Operation<T>
  export function all<T>(operations: readonly Operation<T>[]): Operation<T[]>
  export function run<T>(operation: () => Operation<T>): Promise<T>
}

declare module 'es-toolkit' {
  export function limitAsync<T>(body: () => Promise<T>, concurrency: number): () => Promise<T>
}

declare module 'fastq' {
  const fastq: {
    promise<T>(
      body: () => Promise<T>,
      concurrency: number,
    ): { push(argument: undefined): Promise<T> }
  }
  export default fastq
}

declare module 'p-all' {
  export default function pAll<T>(bodies: readonly (() => Promise<T>)[]): Promise<T[]>
}

declare module 'p-limit' {
  export default function pLimit(concurrency: number): <T>(body: () => Promise<T>) => Promise<T>
}

declare module 'p-map' {
  export default function pMap<T, R>(
    items: readonly T[],
    body: (item: T) => Promise<R>,
    options: { concurrency: number },
  ): Promise<R[]>
}

declare module 'p-queue' {
  export default class PQueue {
    constructor(options: { concurrency: number })
    add<T>(body: () => Promise<T>): Promise<T>
  }
}
