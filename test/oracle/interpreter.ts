import { getEventListeners, setMaxListeners } from 'node:events'
import {
  type Body,
  type CombineOptions,
  type Op,
  type Program,
  SIGNALS,
  type Thing,
} from './program.ts'

/** What an implementation has to offer to be driven: the package and the reference both do. */
export interface Implementation {
  readonly Future: {
    withResolvers(options: object): {
      future: Handle
      resolve: (value: unknown) => void
      reject: (reason: unknown) => void
    }
  }
  readonly Scheduler: new (options: object) => SchedulerHandle
  readonly VirtualClock: new () => ClockHandle
  readonly CancelledError: ErrorClass
  readonly TimeoutError: ErrorClass
  readonly InvalidStateError: ErrorClass
  gather(...args: unknown[]): Handle
  gatherSettled(...args: unknown[]): Handle
  race(...args: unknown[]): Handle
  any(...args: unknown[]): Handle
  asCompleted(futures: Iterable<unknown>): AsyncIterableIterator<Handle>
  context(): { readonly name: string }
  /** The failures nobody has collected so far, in the order in which they happened. */
  uncollected(): { readonly name: string; readonly reason: unknown }[]
}

type ErrorClass = abstract new (...args: never[]) => unknown

export interface Handle extends PromiseLike<unknown>, Disposable {
  readonly name: string
  readonly status: string
  readonly done: boolean
  readonly value: unknown
  readonly reason: unknown
  result(): unknown
  cancel(reason?: unknown): boolean
  onSettled(listener: (future: Handle) => void): () => void
}

interface SchedulerHandle {
  readonly running: number
  readonly queued: number
  readonly paused: boolean
  concurrency: number
  spawn(body: (context: Context) => unknown, options: object): Handle
  task(body: () => unknown, options: object): () => Handle
  pause(): void
  resume(): void
  idle(): Promise<void>
  cancel(reason?: unknown): void
  close(): Promise<void>
}

interface Context {
  readonly name: string
  readonly signal: AbortSignal
  sleep(milliseconds: number): Promise<void>
}

interface ClockHandle {
  now(): number
  sleep(milliseconds: number): Promise<void>
  run(): Promise<number>
}

/** Who executes operations: main, or the body of a call. */
interface Actor {
  readonly label: string
  sleep(milliseconds: number): Promise<void>
}

/**
 * Runs a program, and gives everything that could be observed of it, line by line: what happened, at which time, in which
 * order, and how many bodies were running and queued just then.
 */
export async function observe(implementation: Implementation, program: Program): Promise<string[]> {
  const run = new Run(implementation, program)
  const log = await run.log()
  await run.cleanUp()
  return log
}

class Run {
  readonly #lines: string[] = []
  readonly #clock: ClockHandle
  readonly #schedulers: SchedulerHandle[]
  readonly #controllers = Array.from({ length: SIGNALS + 2 }, newController)
  // By order of creation. Empty while a future is being made, or where a call threw.
  readonly #futures: (Handle | undefined)[] = []
  readonly #names = new Map<unknown, string>()
  readonly #resolvers: ReturnType<Implementation['Future']['withResolvers']>[] = []
  readonly #stops: (() => void)[] = []
  readonly #iterators: AsyncIterableIterator<Handle>[] = []
  readonly #implementation: Implementation
  readonly #program: Program
  #recording = true
  #things = 0

  constructor(implementation: Implementation, program: Program) {
    this.#implementation = implementation
    this.#program = program
    this.#clock = new implementation.VirtualClock()
    this.#schedulers = program.schedulers.map(({ concurrency, start, signal }, index) => {
      const options = { name: `scheduler ${index}`, concurrency, start, clock: this.#clock }
      // How long a slice of real time is must not matter to what is observed.
      return new implementation.Scheduler({
        ...options,
        slice: Infinity,
        ...this.#signal(signal ? SIGNALS + index : undefined),
      })
    })
  }

  async log(): Promise<string[]> {
    for (const [index, ops] of this.#program.mains.entries()) void this.#main(`main ${index}`, ops)
    await this.#runClock()
    this.#record(`the end at ${this.#clock.now()}`)
    for (const [index, future] of this.#futures.entries()) {
      if (future) this.#record(`in the end #${index} ${this.#show(future)}`)
    }
    for (const { name, reason } of this.#implementation.uncollected()) {
      this.#record(`uncollected ${name}: ${this.#describe(reason)}`)
    }
    for (const { signal } of this.#controllers.slice(0, SIGNALS)) {
      const listens = getEventListeners(signal, 'abort').length > 0
      this.#record(`in the end ${listens ? 'somebody' : 'nobody'} listens to a signal`)
    }
    this.#recording = false
    return this.#lines
  }

  /** Leaves no failure behind that somebody would have to report. */
  async cleanUp(): Promise<void> {
    for (const scheduler of this.#schedulers) {
      scheduler.resume()
      scheduler.concurrency = Infinity
    }
    // Whoever runs on may make more, and an iterator may have more to give.
    let cleaned = -1
    while (cleaned < this.#futures.length || this.#implementation.uncollected().length > 0) {
      cleaned = this.#futures.length
      for (const future of this.#futures) {
        future?.cancel()
        future?.then(undefined, () => {})
      }
      for (const iterator of this.#iterators) for (let i = 0; i < 8; i++) void iterator.next()
      await this.#runClock()
    }
  }

  /** Random programs wait for themselves now and then, which the package reports and the reference does not. */
  async #runClock(): Promise<void> {
    try {
      await this.#clock.run()
    } catch (error) {
      if (!(error instanceof this.#implementation.InvalidStateError)) throw error
    }
  }

  async #main(label: string, ops: readonly Op[]): Promise<void> {
    try {
      await this.#perform(ops, { label, sleep: (ms) => this.#clock.sleep(ms) })
      this.#record(`${label} ends`)
    } catch (error) {
      this.#record(`${label} fails with ${this.#describe(error)}`)
    }
  }

  async #perform(ops: readonly Op[], actor: Actor): Promise<void> {
    for (const op of ops) {
      if (op.op === 'sleep') await (op.stubborn ? this.#clock : actor).sleep(op.ms)
      else if (op.op === 'tick') for (let i = 0; i < op.times; i++) await null
      else if (op.op === 'await') await this.#await(op, actor)
      else this.#act(op, actor)
      if (op.op === 'sleep' || op.op === 'tick') this.#record(`${actor.label} goes on`)
    }
  }

  async #await({ of, rethrow }: Op & { op: 'await' }, { label }: Actor): Promise<void> {
    const future = this.#future(of)
    if (!future) return
    try {
      const value = await future
      this.#record(`${label} got ${this.#describe(value)} of ${this.#names.get(future)}`)
    } catch (error) {
      this.#record(`${label} caught ${this.#describe(error)} of ${this.#names.get(future)}`)
      if (rethrow) throw error
    }
  }

  /** An operation that takes no time. */
  #act(op: Op, actor: Actor): void {
    try {
      this.#actOrThrow(op, actor)
    } catch (error) {
      this.#record(`${actor.label}: ${op.op} throws ${this.#describe(error)}`)
    }
  }

  #actOrThrow(op: Op, actor: Actor): void {
    const { label } = actor
    switch (op.op) {
      case 'call':
        return this.#call(op)
      case 'then': {
        const future = this.#future(op.of)
        const name = this.#names.get(future)
        future?.then(
          (value) => this.#record(`then ${name} ${this.#describe(value)}`),
          (reason) => this.#record(`then ${name} fails with ${this.#describe(reason)}`),
        )
        return
      }
      case 'listen': {
        const number = this.#stops.length
        const future = this.#future(op.of)
        if (!future) return
        const stop = future.onSettled((settled) => {
          this.#record(`listener ${number} hears ${this.#names.get(settled)} ${settled.status}`)
          for (const reaction of op.react)
            this.#act(reaction, { ...actor, label: `listener ${number}` })
          this.#record(`listener ${number} is done`)
        })
        this.#stops.push(stop)
        return
      }
      case 'stop listening':
        return this.#stops.at(-1 - op.which)?.()
      case 'result':
        return this.#record(`${label} result ${this.#describe(this.#future(op.of)?.result())}`)
      case 'cancel': {
        const future = this.#future(op.of)
        const reason = op.reason ? [new Error(`cancelled by ${label}`)] : []
        this.#record(`${label} cancels ${this.#names.get(future)}`)
        this.#record(`${label} cancelled: ${future?.cancel(...reason)}`)
        return
      }
      case 'dispose':
        return this.#future(op.of)?.[Symbol.dispose]()
      case 'combine':
        return this.#add((name) => this.#combine(op, name))
      case 'as completed':
        void this.#asCompleted(op)
        return
      case 'make':
        return this.#add((name) => {
          const onCancel = (reason: unknown): void => {
            this.#record(`${name} onCancel ${this.#describe(reason)}`)
            for (const reaction of op.onCancel) this.#act(reaction, actor)
          }
          const made = this.#implementation.Future.withResolvers({ name, onCancel })
          this.#resolvers.push(made)
          return made.future
        })
      case 'settle': {
        const resolvers = this.#resolvers.at(-1 - op.which)
        if (!resolvers) return
        this.#record(`${label} settles ${this.#names.get(resolvers.future)}`)
        if (op.reject) resolvers.reject(new Error(`rejected by ${label}`))
        else resolvers.resolve(this.#thing(op.with))
        return
      }
      case 'abort':
        this.#record(`${label} aborts signal ${op.signal}`)
        return this.#controllers[op.signal]?.abort(new Error(`signal ${op.signal}`))
      case 'concurrency':
        this.#record(`${label} sets concurrency ${op.to}`)
        this.#scheduler(op.on).concurrency = op.to
        this.#record(`${label} has set concurrency ${this.#scheduler(op.on).concurrency}`)
        return
      case 'scheduler':
        return this.#control(op, label)
      case 'look': {
        const shown = this.#futures.map((future) => future && this.#show(future))
        return this.#record(`${label} in ${this.#contextName()} sees ${shown.join(', ')}`)
      }
      default:
        // Takes time: there is none in a synchronous body or a listener.
        return
    }
  }

  #call(op: Op & { op: 'call' }): void {
    this.#add((name) => {
      const scheduler = this.#scheduler(op.on)
      const { priority, timeout } = op
      const options = { name, priority, ...(timeout && { timeout }), ...this.#signal(op.signal) }
      if (op.via === 'spawn') {
        return scheduler.spawn((context) => this.#body(name, op.body, context), options)
      }
      const context = (): Context => this.#implementation.context() as Context
      return scheduler.task(() => this.#body(name, op.body, context()), options)()
    })
  }

  #body(name: string, { sync, ops, onAbort, end, throws }: Body, context: Context): unknown {
    this.#record(`${name} starts as ${context.name}`)
    context.signal.addEventListener('abort', () => {
      this.#record(`${name} aborted: ${this.#describe(context.signal.reason)}`)
      for (const reaction of onAbort) this.#act(reaction, actor)
    })
    const actor = { label: name, sleep: (ms: number) => context.sleep(ms) }
    const finish = (): unknown => {
      this.#record(`${name} ends`)
      if (throws) throw new Error(`thrown by ${name}`)
      return this.#thing(end)
    }
    if (sync) {
      for (const op of ops) this.#act(op, actor)
      return finish()
    }
    const perform = async (): Promise<unknown> => {
      try {
        await this.#perform(ops, actor)
      } catch (error) {
        this.#record(`${name} fails with ${this.#describe(error)}`)
        throw error
      }
      return finish()
    }
    return perform()
  }

  #combine({ kind, form, inputs, options }: Op & { op: 'combine' }, name: string): Handle {
    const combine = this.#implementation[kind]
    const things = inputs.map((input) => this.#thing(input))
    const given = { ...this.#options(options), name }
    switch (form) {
      case 'arguments':
        // What follows anything else than a future are options, which no random thing is.
        return combine(...(typeof things[0] === 'object' ? things : things.slice(0, 1)))
      case 'record':
        return combine(
          Object.fromEntries(things.map((thing, index) => [`key ${index}`, thing])),
          given,
        )
      case 'iterable':
        return combine(new Set(things), given)
      case 'throwing iterable':
        return combine(thenThrow(things), given)
      default:
        return combine(things, given)
    }
  }

  #options({ cancelRest, timeout, signal }: CombineOptions): object {
    return { cancelRest, clock: this.#clock, ...(timeout && { timeout }), ...this.#signal(signal) }
  }

  async #asCompleted({ inputs, take, atOnce }: Op & { op: 'as completed' }): Promise<void> {
    const label = `loop ${this.#iterators.length}`
    const things = inputs.map((input) => this.#thing(input))
    const iterator = this.#implementation.asCompleted(things)
    this.#iterators.push(iterator)
    const getNext = async (): Promise<void> => {
      const { done, value } = await iterator.next()
      this.#record(done ? `${label} is through` : `${label} gets ${this.#show(value)}`)
    }
    if (atOnce) await Promise.all(Array.from({ length: take }, getNext))
    else for (let i = 0; i < take; i++) await getNext()
    // A future made of a promise is known to the loop alone: left there, nobody could collect it.
    if (take % 2 === 0 || inputs.some(({ is }) => is !== 'future')) return
    await iterator.return?.()
    this.#record(`${label} is left`)
  }

  #control({ on, act }: Op & { op: 'scheduler' }, label: string): void {
    const scheduler = this.#scheduler(on)
    this.#record(`${label}: ${act} scheduler ${on}`)
    const told = (): void => this.#record(`${label} is told: ${act} scheduler ${on}`)
    if (act === 'idle' || act === 'close') scheduler[act]().then(told, told)
    else if (act === 'cancel') scheduler.cancel(new Error(`all cancelled by ${label}`))
    else scheduler[act]()
    this.#record(`${label}: ${act} scheduler ${on} returned`)
  }

  #thing(thing: Thing): unknown {
    this.#things += 1
    const number = this.#things
    const value = `value ${number}`
    const error = new Error(`failure ${number}`)
    switch (thing.is) {
      case 'value':
        return value
      case 'future':
        return this.#future(thing.of) ?? value
      case 'promise': {
        const promise = this.#later(thing.after).then(() => {
          if (thing.fails) throw error
          return value
        })
        // Nobody may be there any more to handle it.
        promise.catch(() => {})
        return promise
      }
      case 'thenable': {
        const { after, fails } = thing
        const then = (
          resolve: (value: unknown) => void,
          reject: (reason: unknown) => void,
        ): void => {
          this.#record(`thenable ${number} is asked`)
          const answer = (): void => (fails ? reject(error) : resolve(value))
          if (after === undefined) answer()
          else void this.#later(after).then(answer)
        }
        return { then }
      }
      case 'trap':
        return Object.defineProperty({}, 'then', {
          get() {
            throw error
          },
        })
      case 'hostile': {
        const then = (
          resolve: (value: unknown) => void,
          reject: (reason: unknown) => void,
        ): void => {
          if (thing.fails) reject(error)
          resolve({ then: (again: (value: unknown) => void) => again(value) })
          reject(new Error('too late'))
          resolve('too late')
          throw new Error('too late')
        }
        return { then }
      }
    }
  }

  #later(ms: number | undefined): Promise<void> {
    return ms === undefined ? Promise.resolve() : this.#clock.sleep(ms)
  }

  #contextName(): string {
    try {
      return this.#implementation.context().name
    } catch (error) {
      return this.#describe(error)
    }
  }

  /** Notes a new future and when it settles. */
  #add(make: (name: string) => Handle): void {
    const index = this.#futures.length
    const name = `#${index}`
    this.#futures.push(undefined)
    const future = make(name)
    this.#futures[index] = future
    this.#names.set(future, name)
    this.#record(`${name} is made ${future.status}`)
    future.onSettled(() => this.#record(`${name} settles ${this.#show(future)}`))
  }

  #future(recent: number): Handle | undefined {
    const { length } = this.#futures
    return length === 0 ? undefined : this.#futures[length - 1 - (recent % length)]
  }

  #scheduler(on: number): SchedulerHandle {
    return this.#schedulers[on % this.#schedulers.length] as SchedulerHandle
  }

  #signal(index: number | undefined): { signal?: AbortSignal } {
    const controller = index === undefined ? undefined : this.#controllers[index]
    return controller ? { signal: controller.signal } : {}
  }

  #record(what: string): void {
    if (!this.#recording) return
    const counts = this.#schedulers?.map(({ running, queued }) => `${running}/${queued}`).join(' ')
    this.#lines.push(`${this.#clock.now()} [${counts}] ${what}`)
  }

  #show(future: Handle): string {
    const { status, value, reason } = future
    if (status === 'fulfilled') return `fulfilled ${this.#describe(value)}`
    return future.done ? `${status} ${this.#describe(reason)}` : status
  }

  #describe(value: unknown): string {
    const { CancelledError, TimeoutError, InvalidStateError } = this.#implementation
    if (this.#names.has(value)) return this.#names.get(value) as string
    if (value instanceof CancelledError) {
      const { cause } = value as { cause?: unknown }
      return cause === undefined ? 'CancelledError' : `CancelledError(${this.#describe(cause)})`
    }
    // What the messages of these say differs between implementations, and may.
    if (value instanceof TimeoutError) return 'TimeoutError'
    if (value instanceof InvalidStateError) return 'InvalidStateError'
    if (value instanceof TypeError) return 'TypeError'
    if (value instanceof AggregateError) return `AggregateError${this.#describe(value.errors)}`
    if (value instanceof Error) return `Error(${value.message})`
    if (Array.isArray(value)) return `[${value.map((item) => this.#describe(item)).join(', ')}]`
    if (typeof value !== 'object' || value === null) return String(value)
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${this.#describe(item)}`)
    return `{${entries.join(', ')}}`
  }
}

function* thenThrow(things: unknown[]): Generator<unknown> {
  yield* things
  throw new Error('the iterator failed')
}

function newController(): AbortController {
  const controller = new AbortController()
  // A program may well give one signal to many.
  setMaxListeners(0, controller.signal)
  return controller
}
