import type { TaskOptions } from './call.ts'
import type { TaskContext } from './context.ts'
import { CancelledError, InvalidStateError } from './errors.ts'
import { Future, type Status } from './future.ts'
import { cancelOnAbort } from './limits.ts'
import type { Scheduler } from './scheduler.ts'

export type MapBody = (item: never, index: number, context: TaskContext) => unknown

export interface MapOptions extends TaskOptions {
  ordered?: boolean
  buffer?: number
  stopOnError?: boolean
}

/** An item that was pulled. Its future is first that of the item, then that of the call it was handed to. */
interface Item {
  readonly index: number
  future: Future<unknown>
  called: boolean
  /** Whether it is known what it came to: two items may be the same future, and each is told of it in its turn. */
  done: boolean
}

type Result = IteratorResult<unknown, undefined>

/**
 * The results of a body called for every item of a source: awaited an array, iterated a stream.
 *
 * Four things can happen, and each may have others follow: somebody asks for a result, the source gives an item, an item
 * is done, it is over. After each, what is done is handed over to who asks, and items are pulled while there is room.
 */
export class Mapping implements AsyncIterable<unknown>, PromiseLike<unknown[]> {
  private readonly scheduler: Scheduler
  private readonly source: unknown
  private readonly body: MapBody
  private readonly options: MapOptions
  // What it all comes to: the array, the failure, the reason of a cancel.
  private readonly whole: Future<unknown[]>
  private use: 'awaited' | 'iterated' | undefined
  private begun = false
  private iterator: Iterator<unknown> | AsyncIterator<unknown> | undefined
  private isAsync = false
  private pulling = false
  // Code of the source is on the stack: a generator cannot be closed from within.
  private inside = false
  private toClose = false
  private pumping = false
  // The source has given its last item, has failed, or was closed.
  private through = false
  private pulled = 0
  // Those that were pulled and not handed over, in the order of the source.
  private held: Item[] = []
  // The same, of those that are done, in the order in which they were.
  private heldDone: Item[] = []
  private asking: { resolve(result: Result): void; reject(reason: unknown): void }[] = []
  private readonly results: unknown[] = []
  private readonly failures: unknown[] = []
  // It was cancelled from outside.
  private aborted = false
  // Somebody was given what it failed with.
  private told = false
  private closing: Promise<void> | undefined

  constructor(scheduler: Scheduler, source: unknown, body: MapBody, options: MapOptions) {
    if (!has(source, Symbol.asyncIterator) && !has(source, Symbol.iterator)) {
      throw new TypeError('Expected the source to be iterable')
    }
    this.scheduler = scheduler
    this.source = source
    this.body = body
    this.options = options
    this.whole = Future.withResolvers<unknown[]>({
      name: options.name ?? 'map',
      onCancel: (reason) => {
        this.aborted = true
        this.cancelCalls(reason)
      },
    }).future
    this.whole.onSettled(() => this.end())
  }

  then<A = unknown[], B = never>(
    onFulfilled?: ((results: unknown[]) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    if (this.use === 'iterated') {
      return Promise.reject(this.usedError()).then(onFulfilled, onRejected)
    }
    this.use = 'awaited'
    const results = this.whole.then(onFulfilled, onRejected)
    this.begin()
    return results
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<unknown> {
    if (this.use) throw this.usedError()
    this.use = 'iterated'
    return {
      next: () => this.next(),
      return: () => this.leave(),
      [Symbol.asyncIterator]() {
        return this
      },
    }
  }

  private usedError(): InvalidStateError {
    return new InvalidStateError(`The mapping is ${this.use} already`)
  }

  // Somebody asks.

  private begin(): void {
    if (this.begun) return
    this.begun = true
    cancelOnAbort(this.whole, this.scheduler.signal)
    cancelOnAbort(this.whole, this.options.signal)
    if (this.whole.done) return
    this.pulling = true
    try {
      this.isAsync = has(this.source, Symbol.asyncIterator)
      const source = this.source as AsyncIterable<unknown> & Iterable<unknown>
      const open = this.isAsync ? Symbol.asyncIterator : Symbol.iterator
      this.iterator = this.enter(() => source[open]())
    } catch (error) {
      return this.sourceFailed(error)
    }
    this.pulling = false
    this.closeLate()
    this.pump()
  }

  private next(): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.asking.push({ resolve, reject })
      this.begin()
      this.handOver()
      this.pump()
    })
  }

  private async leave(): Promise<Result> {
    const over = this.whole.done
    this.finish()
    // In the middle of a pull the source closes when it can.
    if (!over && !this.pulling) await this.closing
    return { done: true, value: undefined }
  }

  // The source gives an item.

  private get buffer(): number {
    const { concurrency } = this.scheduler
    return this.options.buffer ?? (concurrency === Infinity ? 16 : concurrency)
  }

  /** Pulls while there is room. What is pulled may be done at once, and come back here. */
  private pump(): void {
    if (this.pumping) return
    this.pumping = true
    while (!this.through && !this.pulling && this.held.length < this.buffer) this.pull()
    this.pumping = false
    if (this.through && this.held.length === 0) this.finish()
  }

  private pull(): void {
    this.pulling = true
    const failed = (error: unknown): void => this.sourceFailed(error)
    const take = (result: unknown): void => {
      try {
        this.take(result)
      } catch (error) {
        failed(error)
      }
      this.pump()
    }
    try {
      const result: unknown = this.enter(() => this.iterator?.next())
      if (this.isAsync) {
        Promise.resolve(result).then(take, failed)
        this.closeLate()
      } else take(result)
    } catch (error) {
      failed(error)
    }
  }

  private enter<T>(code: () => T): T {
    this.inside = true
    try {
      return code()
    } finally {
      this.inside = false
    }
  }

  private take(result: unknown): void {
    this.pulling = false
    if (Object(result) !== result) throw new TypeError('Expected the result of an iterator')
    const { done, value } = result as Result
    if (done) {
      this.through = true
      return
    }
    this.closeLate()
    const future = Future.resolve(value) as Future<unknown>
    future.collect()
    if (this.whole.done) return
    const item: Item = { index: this.pulled, future, called: false, done: false }
    this.pulled += 1
    this.held.push(item)
    future.onSettled(() => this.call(item))
  }

  private sourceFailed(error: unknown): void {
    this.pulling = false
    this.through = true
    this.stop('rejected', error)
  }

  private call(item: Item): void {
    if (this.whole.done) return
    const { future, index } = item
    if (future.status !== 'fulfilled') return this.itemDone(item)
    const { body } = this
    const { name = body.name || 'anonymous', timeout, priority, retry } = this.options
    const call = (context: TaskContext): unknown => body(future.value as never, index, context)
    try {
      item.future = this.scheduler.spawn(call, { name, timeout, priority, retry })
    } catch (error) {
      // The scheduler is closed.
      return this.stop('rejected', error)
    }
    item.called = true
    item.future.collect()
    // An eager body may have ended it all.
    if (this.whole.done) return void item.future.cancel(this.reasonOfRest())
    item.future.onSettled(() => this.itemDone(item))
  }

  // An item is done: its body has an outcome, or the item itself has failed.

  private itemDone(item: Item): void {
    if (this.whole.done) return
    item.done = true
    const { status, outcome } = item.future
    if (status !== 'fulfilled') {
      if (this.options.stopOnError ?? true) return this.stop(status, outcome)
      this.failures.push(outcome)
    }
    if (this.use === 'awaited') {
      this.results[item.index] = outcome
      this.drop(item)
    } else {
      this.heldDone.push(item)
      this.handOver()
    }
    this.pump()
  }

  private handOver(): void {
    for (let item = this.nextDone(); item; item = this.nextDone()) {
      const { status, outcome } = item.future
      // Failures are passed over: of them it is told in the end.
      if (status === 'fulfilled') {
        const asked = this.asking.shift()
        if (!asked) return
        asked.resolve({ done: false, value: outcome })
      }
      this.drop(item)
    }
    if (!this.whole.done) return
    // The first that asks after a failure gets it, whoever asks then has come to the end.
    const { status, outcome } = this.whole
    if (status !== 'fulfilled' && this.asking.length > 0 && !this.told) {
      this.told = true
      this.whole.collect()
      this.asking.shift()?.reject(outcome)
    }
    for (const { resolve } of this.asking.splice(0)) resolve({ done: true, value: undefined })
  }

  private nextDone(): Item | undefined {
    if (this.whole.done) return undefined
    if (this.options.ordered ?? true) return this.held.slice(0, 1).find(({ done }) => done)
    return this.heldDone[0]
  }

  private drop(item: Item): void {
    this.held = this.held.filter((other) => other !== item)
    this.heldDone = this.heldDone.filter((other) => other !== item)
  }

  // It is over.

  private finish(): void {
    const { failures } = this
    if (failures.length === 0) this.stop('fulfilled', this.results)
    else this.stop('rejected', new AggregateError(failures, 'Items have failed'))
  }

  /** Ends the whole, then what is left of it. */
  private stop(status: Status, outcome: unknown): void {
    if (this.whole.done) return
    this.whole.settle(status, outcome)
    this.cancelCalls(this.reasonOfRest())
  }

  private reasonOfRest(): unknown {
    const { status, outcome } = this.whole
    if (this.aborted) return outcome
    return new CancelledError(undefined, status === 'fulfilled' ? {} : { cause: outcome })
  }

  private end(): void {
    if (!this.through) {
      this.through = true
      if (this.inside) this.toClose = true
      else this.closing = this.close()
      // Only who leaves the loop hears of it: a failure must not be hidden by another one.
      this.closing?.catch(() => {})
    }
    this.handOver()
  }

  private cancelCalls(reason: unknown): void {
    for (const { future, called } of this.held) if (called) future.cancel(reason)
  }

  /** Closes the source if it could not be closed when it was to be. */
  private closeLate(): void {
    if (!this.toClose) return
    this.toClose = false
    this.close().catch(() => {})
  }

  private async close(): Promise<void> {
    await this.iterator?.return?.()
  }
}

function has(source: unknown, method: PropertyKey): boolean {
  const iterable = source as Record<PropertyKey, unknown> | null | undefined
  return typeof iterable?.[method] === 'function'
}
