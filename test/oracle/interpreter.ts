import { getEventListeners, setMaxListeners } from 'node:events'
import { compare, Log } from './log.ts'
import {
  type Body,
  type CallOptions,
  type CombineOptions,
  type GroupOptions,
  type Op,
  type Program,
  type Retry,
  SIGNALS,
  type Thing,
  type Thrown,
  type Use,
} from './program.ts'
import { makeSource } from './source.ts'

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
  readonly TaskGroup: {
    new (options: object): GroupHandle
    run(body: (group: GroupHandle) => unknown, options: object): Handle
  }
  readonly VirtualClock: new () => ClockHandle
  readonly CancelledError: ErrorClass
  readonly TimeoutError: ErrorClass
  readonly InvalidStateError: ErrorClass
  gather(...args: unknown[]): Handle
  gatherSettled(...args: unknown[]): Handle
  race(...args: unknown[]): Handle
  any(...args: unknown[]): Handle
  asCompleted(futures: Iterable<unknown>): AsyncIterableIterator<Handle>
  backoff(options: object): (attempt: number) => number
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
  readonly progress: Readonly<Record<string, number>>
  map(
    source: unknown,
    body: (item: unknown, index: number, context: Context) => unknown,
    options: object,
  ): MappingHandle
  spawn(body: (context: Context) => unknown, options: object): Handle
  task(body: () => unknown, options: object): () => Handle
  pause(): void
  resume(): void
  idle(): Promise<void>
  cancel(reason?: unknown): void
  close(): Promise<void>
}

interface GroupHandle {
  readonly signal: AbortSignal
  spawn(body: (context: Context) => unknown, options: object): Handle
  add(future: Handle): Handle
  cancel(reason?: unknown): void
  join(): Promise<void>
}

interface Group {
  readonly name: string
  readonly group: GroupHandle
  /** The number of the future of its block, if it is run. */
  readonly block: number
}

interface MappingHandle extends PromiseLike<unknown[]> {
  [Symbol.asyncIterator](): AsyncIterator<unknown, unknown, undefined>
}

interface Context {
  readonly name: string
  readonly signal: AbortSignal
  sleep(milliseconds: number): Promise<void>
}

interface ClockHandle {
  now(): number
  callLater(callback: () => void, delay: number): () => void
  sleep(milliseconds: number, options?: { signal: AbortSignal }): Promise<void>
  run(): Promise<number>
}

/** Who executes operations: main, or the body of a call. */
interface Actor {
  readonly label: string
  sleep(milliseconds: number): Promise<void>
}

/**
 * Runs a program, and gives everything that could be observed of it, line by line: what happened, at which time, in which
 * order, and how far the schedulers were just then.
 */
export async function observe(implementation: Implementation, program: Program): Promise<string[]> {
  const run = new Run(implementation, program)
  const log = await run.log()
  await run.cleanUp()
  return log
}

class Run {
  readonly #log: Log
  readonly #clock: ClockHandle
  readonly #schedulers: SchedulerHandle[]
  readonly #controllers = Array.from({ length: SIGNALS + 2 }, newController)
  // By order of creation. Empty while a future is being made, or where a call threw.
  readonly #futures: (Handle | undefined)[] = []
  readonly #names = new Map<unknown, string>()
  readonly #resolvers: ReturnType<Implementation['Future']['withResolvers']>[] = []
  readonly #stops: (() => void)[] = []
  readonly #iterators: AsyncIterator<unknown>[] = []
  readonly #groups: Group[] = []
  // For each future the oldest among those that it consists of.
  readonly #oldest: number[] = []
  readonly #mappings: {
    readonly name: string
    readonly mapping: MappingHandle
    iterator?: AsyncIterator<unknown>
    /** How many of its items a body was called for. */
    calls: number
    consumers: number
  }[] = []
  // Resolves in the end, for who waits for itself.
  readonly #released: Promise<void>
  #release = (): void => {}
  readonly #implementation: Implementation
  readonly #program: Program
  // What was made for somebody so far, by its kind and by who it was made for.
  readonly #once = new Map<string | undefined, unknown>()
  readonly #counters = new Map<string, number>()
  // At which instant each failure happened, and which one it is now.
  readonly #failures = new Map<object, number>()
  #instant = 0
  // Inside of what something is being described.
  readonly #described = new Set<unknown>()
  #recording = true

  constructor(implementation: Implementation, program: Program) {
    this.#implementation = implementation
    this.#program = program
    const clock = new implementation.VirtualClock()
    this.#clock = clock
    this.#watchInstants(clock)
    this.#released = new Promise((resolve) => {
      this.#release = resolve
    })
    this.#log = new Log(
      program.calm,
      () => clock.now(),
      () => this.#counts(),
    )
    this.#schedulers = program.schedulers.map(({ concurrency, start, rate, signal }, index) => {
      const options = { name: `scheduler ${index}`, concurrency, start, rate, clock }
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
    // The order of these lines counts in any case.
    const theEnd = 'the end'
    this.#record(theEnd, this.#counts())
    for (const [index, future] of this.#futures.entries()) {
      if (future) this.#record(theEnd, `#${index} ${this.#show(future)}`)
    }
    for (const line of this.#uncollected()) this.#record(theEnd, line)
    for (const { signal } of this.#controllers.slice(0, SIGNALS)) {
      const listens = getEventListeners(signal, 'abort').length > 0
      this.#record(theEnd, `${listens ? 'somebody' : 'nobody'} listens to a signal`)
    }
    this.#recording = false
    return this.#log.lines()
  }

  /** Every instant begins with a timer. */
  #watchInstants(clock: ClockHandle): void {
    const { callLater } = clock
    clock.callLater = (callback, delay) => {
      const call = (): void => {
        this.#noteFailures()
        callback()
      }
      return callLater.call(clock, call, delay)
    }
  }

  /** Notes the failures of the instant that may be over now. */
  #noteFailures(): void {
    for (const failure of this.#implementation.uncollected()) {
      if (!this.#failures.has(failure)) this.#failures.set(failure, this.#instant)
    }
    this.#instant = this.#clock.now()
  }

  /**
   * Tells of the failures nobody has collected, in the order in which they happened. In a calm program those of one
   * instant come in that of their names: which of two groups ends first that wait for the same is no rule's.
   */
  #uncollected(): string[] {
    this.#noteFailures()
    const failures = this.#implementation.uncollected().map((failure) => {
      const line = `uncollected ${failure.name}: ${this.#describe(failure.reason)}`
      return { instant: this.#failures.get(failure) ?? Infinity, line }
    })
    if (this.#program.calm) {
      failures.sort((a, b) => a.instant - b.instant || compare(a.line, b.line))
    }
    return failures.map(({ line }) => line)
  }

  /** Leaves no failure behind that somebody would have to report. */
  async cleanUp(): Promise<void> {
    this.#release()
    // Whoever runs on may make more or pause a scheduler, and an iterator may have more to give.
    let cleaned = -1
    const isBusy = (): boolean => this.#schedulers.some(({ queued }) => queued > 0)
    const hasFailed = (): boolean => this.#implementation.uncollected().length > 0
    while (cleaned < this.#futures.length || isBusy() || hasFailed()) {
      cleaned = this.#futures.length
      for (const scheduler of this.#schedulers) {
        scheduler.resume()
        scheduler.concurrency = Infinity
      }
      for (const future of this.#futures) {
        future?.cancel()
        future?.then(undefined, () => {})
      }
      for (const { group } of this.#groups) {
        group.cancel()
        group.join().catch(() => {})
      }
      for (const { iterator } of this.#mappings) iterator?.return?.().catch(() => {})
      for (const iterator of this.#iterators) {
        for (let i = 0; i < 8; i++) iterator.next().catch(() => {})
      }
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
      this.#record(label, 'ends')
    } catch (error) {
      this.#record(label, `fails with ${this.#describe(error)}`)
    }
  }

  async #perform(ops: readonly Op[], actor: Actor): Promise<void> {
    for (const [index, op] of ops.entries()) {
      // A group belongs to the body that makes it, if that has not awaited anything.
      const isOwn = index === 0 && (op.op === 'group' || op.op === 'run group')
      if (!isOwn) await this.#rest(actor.label)
      if (op.op === 'sleep') {
        await (op.stubborn ? this.#clock : actor).sleep(this.#time(op.ms, actor.label))
      } else if (op.op === 'tick') for (let i = 0; i < op.times; i++) await null
      else if (op.op === 'await') await this.#await(op, actor)
      else if (op.op === 'join group') await this.#join(op, actor)
      else this.#act(op, actor)
      if (op.op === 'sleep' || op.op === 'tick') this.#record(actor.label, 'goes on')
    }
    await this.#rest(actor.label)
  }

  /** Waits in a calm program until everything else has come to rest, and notes how things stand then. */
  async #rest(label: string): Promise<void> {
    if (!this.#program.calm) return
    await this.#clock.sleep(this.#time(0, label))
    const futures = this.#futures.map((future) => future?.status.at(0) ?? '-').join('')
    const mappings = this.#mappings.map(({ calls }) => calls).join(' ')
    const aborted = this.#groups.map(({ group }) => Number(group.signal.aborted)).join('')
    this.#record('', `[${this.#counts()}] ${futures}, called ${mappings}, aborted ${aborted}`)
  }

  /** In a calm program nothing comes at the same time as anything else. */
  #time(ms: number, label: string): number {
    if (!this.#program.calm) return ms
    let hash = 0x811c9dc5
    for (const character of `${label} ${this.#count('step', label)}`) {
      hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193)
    }
    // So that sums of them are exact.
    return ms + (hash >>> 0) / 2 ** 42
  }

  async #await({ of, rethrow }: Op & { op: 'await' }, { label }: Actor): Promise<void> {
    const future = this.#future(of)
    if (!future) return
    try {
      const value = await future
      this.#record(label, `got ${this.#describe(value)} of ${this.#names.get(future)}`)
    } catch (error) {
      this.#record(label, `caught ${this.#describe(error)} of ${this.#names.get(future)}`)
      if (rethrow) throw error
    }
  }

  /** An operation that takes no time. */
  #act(op: Op, actor: Actor): void {
    try {
      this.#actOrThrow(op, actor)
    } catch (error) {
      this.#record(actor.label, `${op.op} throws ${this.#describe(error)}`)
    }
  }

  #actOrThrow(op: Op, actor: Actor): void {
    const { label } = actor
    switch (op.op) {
      case 'call':
        return this.#call(op, actor)
      case 'group':
        return this.#makeGroup(op, label)
      case 'spawn in group':
        return this.#spawn(op, actor)
      case 'add to group': {
        const [group, future] = [this.#group(op.group), this.#future(op.of)]
        if (!group || !future) return
        // A block that waits for itself never ends, and nobody could collect what has failed in it.
        if ((this.#oldest[this.#futures.indexOf(future)] ?? 0) <= group.block) return
        this.#record(label, `adds ${this.#names.get(future)} to ${group.name}`)
        const isSame = group.group.add(future) === future
        return this.#record(label, `added ${isSame ? 'it' : 'another one'}`)
      }
      case 'cancel group': {
        const group = this.#group(op.group)
        const reason = op.reason ? [new Error(`cancelled by ${label}`)] : []
        this.#record(label, `cancels ${group?.name}`)
        return group?.group.cancel(...reason)
      }
      case 'run group':
        return this.#add((name) => {
          const block = (group: GroupHandle): Promise<unknown> => this.#block(op, name, group)
          return this.#implementation.TaskGroup.run(block, this.#groupOptions(op, name))
        })
      case 'map':
        return this.#map(op, actor)
      case 'use mapping':
        void this.#use(op.which, op.use)
        return
      case 'leave mapping': {
        const mapping = this.#mappings.at(-1 - op.which)
        const leaver = `${label} leaving ${mapping?.name}`
        this.#record(leaver, 'begins')
        mapping?.iterator?.return?.().then(
          () => this.#record(leaver, 'is done'),
          (error) => this.#record(leaver, `fails with ${this.#describe(error)}`),
        )
        return
      }
      case 'then': {
        const future = this.#future(op.of)
        const name = this.#names.get(future)
        future?.then(
          (value) => this.#record(`then ${name}`, this.#describe(value)),
          (reason) => this.#record(`then ${name}`, `fails with ${this.#describe(reason)}`),
        )
        return
      }
      case 'listen': {
        const number = this.#stops.length
        const future = this.#future(op.of)
        if (!future) return
        const listener = `listener ${number}`
        const stop = future.onSettled((settled) => {
          this.#record(listener, `hears ${this.#names.get(settled)} ${settled.status}`)
          for (const reaction of op.react) this.#act(reaction, { ...actor, label: listener })
          this.#record(listener, 'is done')
        })
        this.#stops.push(stop)
        return
      }
      case 'stop listening':
        return this.#stops.at(-1 - op.which)?.()
      case 'result':
        return this.#record(label, `result ${this.#describe(this.#future(op.of)?.result())}`)
      case 'cancel': {
        const future = this.#future(op.of)
        const reason = op.reason ? [new Error(`cancelled by ${label}`)] : []
        this.#record(label, `cancels ${this.#names.get(future)}`)
        this.#record(label, `cancelled: ${future?.cancel(...reason)}`)
        return
      }
      case 'dispose':
        return this.#future(op.of)?.[Symbol.dispose]()
      case 'combine':
        return this.#add((name) => this.#combine(op, name, label))
      case 'as completed':
        void this.#asCompleted(op)
        return
      case 'make':
        return this.#add((name) => {
          const onCancel = (reason: unknown): void => {
            this.#record(name, `onCancel ${this.#describe(reason)}`)
            for (const reaction of op.onCancel) this.#act(reaction, actor)
          }
          const made = this.#implementation.Future.withResolvers({ name, onCancel })
          this.#resolvers.push(made)
          return made.future
        })
      case 'settle': {
        const resolvers = this.#resolvers.at(-1 - op.which)
        if (!resolvers) return
        this.#record(label, `settles ${this.#names.get(resolvers.future)}`)
        if (op.reject) resolvers.reject(new Error(`rejected by ${label}`))
        else resolvers.resolve(this.#thing(op.with, label))
        return
      }
      case 'abort':
        this.#record(label, `aborts signal ${op.signal}`)
        return this.#controllers[op.signal]?.abort(new Error(`signal ${op.signal}`))
      case 'concurrency':
        this.#record(label, `sets concurrency ${op.to}`)
        this.#scheduler(op.on).concurrency = op.to
        this.#record(label, `has set concurrency ${this.#scheduler(op.on).concurrency}`)
        return
      case 'scheduler':
        return this.#control(op, label)
      case 'look': {
        const shown = this.#futures.map((future) => future && this.#show(future))
        return this.#record(label, `in ${this.#contextName()} sees ${shown.join(', ')}`)
      }
      default:
        // Takes time: there is none in a synchronous body or a listener.
        return
    }
  }

  #call(op: Op & { op: 'call' }, actor: Actor): void {
    this.#add((name) => {
      const scheduler = this.#scheduler(op.on)
      const options = { name, ...this.#callOptions(op, name, actor) }
      const body = this.#body(name, op.body, op.retry)
      if (op.via === 'spawn') return scheduler.spawn(body, options)
      const context = (): Context => this.#implementation.context() as Context
      return scheduler.task(() => body(context()), options)()
    })
  }

  #callOptions({ priority, timeout, signal, retry }: CallOptions, name: string, actor: Actor) {
    return {
      priority,
      ...(timeout && { timeout: this.#time(timeout, name) }),
      ...this.#signal(signal),
      ...(retry && { retry: this.#retry(retry, name, actor) }),
    }
  }

  #retry({ retries, delay, when, react }: Retry, name: string, actor: Actor): object {
    const ask = (what: string, attempt: number, error: unknown): void => {
      this.#record(name, `is asked for ${what} after ${attempt}: ${this.#describe(error)}`)
      for (const reaction of react) this.#act(reaction, actor)
    }
    const backoff = (ms: number): ((attempt: number) => number) => {
      let drawn = 0
      const random = (): number => (++drawn % 4) / 4
      return this.#implementation.backoff({ base: 1 + ms, cap: 3 + ms, random })
    }
    const delays = {
      none: undefined,
      number: 'ms' in delay ? delay.ms : 0,
      backoff: 'ms' in delay ? backoff(delay.ms) : undefined,
      function: (attempt: number, error: unknown): number => {
        ask('the delay', attempt, error)
        return 'ms' in delay ? delay.ms * attempt : 0
      },
      throws: (attempt: number, error: unknown): never => {
        ask('the delay', attempt, error)
        throw new Error(`no delay for ${name}`)
      },
      nonsense: () => Number.NaN,
    }
    const isWorthIt = (error: unknown, attempt: number): boolean => {
      ask('a decision', attempt, error)
      if (when?.throws === 'error') throw new Error(`no decision for ${name}`)
      if (when?.throws === 'the failure') throw error
      return attempt < (when?.until ?? Infinity)
    }
    return { retries, delay: delays[delay.is], when: when && isWorthIt }
  }

  /** The function that is given to a scheduler, which may call it several times. */
  #body(
    name: string,
    { sync, ops, onAbort, end, throws }: Body,
    retry: Retry | undefined,
  ): (context: Context) => unknown {
    let attempt = 0
    let before: AbortSignal | undefined
    const finish = (signal: AbortSignal): unknown => {
      this.#record(name, 'ends')
      if (throws && attempt < (retry?.heals ?? Infinity)) {
        throw this.#thrown(throws, attempt > 1 ? `${name} in attempt ${attempt}` : name, signal)
      }
      return this.#thing(end, name)
    }
    return (context) => {
      const { signal } = context
      attempt += 1
      this.#record(name, `starts as ${context.name}`)
      const actor = { label: name, sleep: (ms: number) => context.sleep(ms) }
      // Once for all attempts, before any group of theirs: in which order a signal tells its groups and a listener that
      // came between them is nobody's promise.
      if (before === undefined) {
        signal.addEventListener('abort', () => {
          this.#record(name, `aborted: ${this.#describe(signal.reason)}`)
          for (const reaction of onAbort) this.#act(reaction, actor)
        })
      } else if (before !== signal) this.#record(name, 'has another signal')
      before = signal
      if (sync) {
        for (const op of this.#program.calm ? [] : ops) this.#act(op, actor)
        return finish(signal)
      }
      return this.#try(actor, ops).then(() => finish(signal))
    }
  }

  async #try(actor: Actor, ops: readonly Op[]): Promise<void> {
    try {
      await this.#perform(ops, actor)
    } catch (error) {
      this.#record(actor.label, `fails with ${this.#describe(error)}`)
      await this.#rest(actor.label)
      throw error
    }
  }

  #thrown(thrown: Thrown, name: string, signal: AbortSignal): unknown {
    const message = `thrown by ${name}`
    switch (thrown) {
      case 'once': {
        const error = this.#once.get(name.split(' in attempt ')[0]) ?? new Error(message)
        this.#once.set(name.split(' in attempt ')[0], error)
        return error
      }
      case 'abort':
        return new DOMException(message, 'AbortError')
      case 'reason':
        return signal.aborted ? signal.reason : new Error(message)
      case 'string':
        return message
      case 'frozen':
        return Object.freeze(new Error(message))
      case 'aggregate':
        return new AggregateError([new Error('one of several')], message)
      default:
        return new Error(message)
    }
  }

  #makeGroup(op: Op & { op: 'group' }, label: string): void {
    const name = `group ${this.#count('group', label)} of ${label}`
    const group = new this.#implementation.TaskGroup(this.#groupOptions(op, name))
    this.#record(label, `makes ${name}`)
    this.#watchGroup(name, group)
  }

  #groupOptions({ on, signal, timeout }: GroupOptions, name: string): object {
    return {
      name,
      scheduler: this.#scheduler(on),
      ...(timeout && { timeout: this.#time(timeout, name) }),
      ...this.#signal(signal),
    }
  }

  #watchGroup(name: string, group: GroupHandle, block = -1): void {
    this.#groups.push({ name, group, block })
    const told = (): void => this.#record(name, `aborted: ${this.#describe(group.signal.reason)}`)
    if (group.signal.aborted) told()
    else group.signal.addEventListener('abort', told)
  }

  #spawn(op: Op & { op: 'spawn in group' }, actor: Actor): void {
    const group = this.#group(op.group)
    if (!group) return
    this.#record(actor.label, `spawns in ${group.name}`)
    this.#add((name) => {
      const options = { name, ...this.#callOptions(op, name, actor) }
      return group.group.spawn(this.#body(name, op.body, op.retry), options)
    })
  }

  async #join({ group, rethrow }: Op & { op: 'join group' }, { label }: Actor): Promise<void> {
    const joined = this.#group(group)
    if (!joined) return
    try {
      this.#record(label, `joins ${joined.name}`)
      await Promise.race([joined.group.join(), this.#released])
      this.#record(label, `has joined ${joined.name}`)
    } catch (error) {
      this.#record(label, `has joined ${joined.name}, which failed: ${this.#describe(error)}`)
      if (rethrow) throw error
    }
  }

  async #block(
    { ops, end, throws }: Op & { op: 'run group' },
    name: string,
    group: GroupHandle,
  ): Promise<unknown> {
    const { signal } = group
    const label = `block ${name}`
    this.#record(label, `starts as ${this.#contextName()}`)
    this.#watchGroup(`group of ${name}`, group, Number(name.slice(1)))
    await this.#try({ label, sleep: (ms) => this.#clock.sleep(ms, { signal }) }, ops)
    this.#record(label, 'ends')
    if (throws) throw this.#thrown(throws, label, signal)
    return this.#thing(end, label)
  }

  #map({ on, source, bodies, options, use }: Op & { op: 'map' }, actor: Actor): void {
    const name = `map ${this.#count('map', '')}`
    const { ordered, buffer, stopOnError } = options
    const given = {
      ...{ name, ordered, stopOnError },
      ...(buffer && { buffer }),
      ...this.#callOptions(options, name, actor),
    }
    const read = makeSource(source, {
      record: (what) => this.#record(`source of ${name}`, what),
      item: (index) => this.#thing(source.items[index]?.thing ?? { is: 'value' }, name),
      wait: (ms) => this.#clock.sleep(this.#time(ms, `source of ${name}`)),
      error: (what) => new Error(`${what} of ${name}`),
    })
    const perform: ((context: Context) => unknown)[] = []
    const body = (item: unknown, index: number, context: Context): unknown => {
      const label = `${name}[${index}]`
      entry.calls += 1
      this.#record(label, `is called with ${this.#describe(item)}`)
      const chosen = bodies[index % bodies.length] as Body
      perform[index] ??= this.#body(label, chosen, options.retry)
      return perform[index](context)
    }
    const mapping = this.#scheduler(on).map(read, body, given)
    const entry = { name, mapping, calls: 0, consumers: 0 }
    this.#mappings.push(entry)
    this.#record(actor.label, `makes ${name}`)
    void this.#use(0, use)
  }

  async #use(which: number, use: Use): Promise<void> {
    const entry = this.#mappings.at(-1 - which)
    if (!entry) return
    entry.consumers += 1
    const label = `consumer ${entry.consumers} of ${entry.name}`
    try {
      if (use.is === 'await') {
        const results = await entry.mapping
        this.#record(label, `got ${this.#describe(results)}`)
      } else {
        const iterator = entry.mapping[Symbol.asyncIterator]()
        this.#iterators.push(iterator)
        entry.iterator = iterator
        await this.#iterate(iterator, use, label)
      }
    } catch (error) {
      this.#record(label, `caught ${this.#describe(error)}`)
    }
  }

  async #iterate(
    iterator: AsyncIterator<unknown>,
    { take, atOnce, pause }: Use & { is: 'iterate' },
    label: string,
  ): Promise<void> {
    const getNext = async (): Promise<boolean> => {
      const { done, value } = await iterator.next()
      this.#record(label, done ? 'is through' : `gets ${this.#describe(value)}`)
      return !done
    }
    for (let taken = 0; taken < take; taken += atOnce) {
      const asked = Array.from({ length: Math.min(atOnce, take - taken) }, getNext)
      const outcomes = await Promise.allSettled(asked)
      const failed = outcomes.find((outcome) => outcome.status === 'rejected')
      if (failed) throw failed.reason
      if (outcomes.some((outcome) => outcome.status === 'fulfilled' && !outcome.value)) return
      if (pause !== undefined) await this.#later(pause, label)
      await this.#rest(label)
    }
    this.#record(label, 'leaves')
    await iterator.return?.()
    this.#record(label, 'has left')
  }

  #combine(
    { kind, form, inputs, options }: Op & { op: 'combine' },
    name: string,
    label: string,
  ): Handle {
    const combine = this.#implementation[kind]
    const things = inputs.map((input) => this.#thing(input, label))
    const numbers = things.map((thing) => this.#futures.indexOf(thing as Handle))
    this.#oldest[this.#futures.length - 1] = Math.min(
      ...numbers.filter((number) => number >= 0).map((number) => this.#oldest[number] ?? number),
    )
    const given = { ...this.#options(options, name), name }
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

  #options({ cancelRest, timeout, signal }: CombineOptions, name: string): object {
    return {
      ...{ cancelRest, clock: this.#clock },
      ...(timeout && { timeout: this.#time(timeout, name) }),
      ...this.#signal(signal),
    }
  }

  async #asCompleted({ inputs, take, atOnce }: Op & { op: 'as completed' }): Promise<void> {
    const label = `loop ${this.#count('loop', '')}`
    const things = inputs.map((input) => this.#thing(input, label))
    const iterator = this.#implementation.asCompleted(things)
    this.#iterators.push(iterator)
    const getNext = async (): Promise<void> => {
      const { done, value } = await iterator.next()
      this.#record(label, done ? 'is through' : `gets ${this.#show(value)}`)
    }
    if (atOnce) await Promise.all(Array.from({ length: take }, getNext))
    else {
      for (let i = 0; i < take; i++) {
        await getNext()
        await this.#rest(label)
      }
    }
    // A future made of a promise is known to the loop alone: left there, nobody could collect it.
    if (take % 2 === 0 || inputs.some(({ is }) => is !== 'future')) return
    await iterator.return?.()
    this.#record(label, 'is left')
  }

  #control({ on, act }: Op & { op: 'scheduler' }, label: string): void {
    const scheduler = this.#scheduler(on)
    this.#record(label, `${act} scheduler ${on}`)
    const told = (): void => this.#record(label, `is told: ${act} scheduler ${on}`)
    if (act === 'idle' || act === 'close') scheduler[act]().then(told, told)
    else if (act === 'cancel') scheduler.cancel(new Error(`all cancelled by ${label}`))
    else scheduler[act]()
    this.#record(label, `${act} scheduler ${on} returned`)
  }

  #thing(thing: Thing, label: string): unknown {
    const number = `${this.#count('thing', label)} of ${label}`
    const value = `value ${number}`
    const error = new Error(`failure ${number}`)
    switch (thing.is) {
      case 'value':
        return value
      case 'future':
        return this.#future(thing.of) ?? value
      case 'promise': {
        const promise = this.#later(thing.after, label).then(() => {
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
          this.#record(`thenable ${number}`, 'is asked')
          const answer = (): void => (fails ? reject(error) : resolve(value))
          if (after === undefined) answer()
          else void this.#later(after, label).then(answer)
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

  #later(ms: number | undefined, label: string): Promise<void> {
    return ms === undefined ? Promise.resolve() : this.#clock.sleep(this.#time(ms, label))
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
    this.#oldest.push(index)
    const future = make(name)
    this.#futures[index] = future
    this.#names.set(future, name)
    this.#record(name, `is made ${future.status}`)
    future.onSettled(() => this.#record(name, `settles ${this.#show(future)}`))
  }

  #future(recent: number): Handle | undefined {
    const { length } = this.#futures
    return length === 0 ? undefined : this.#futures[length - 1 - (recent % length)]
  }

  #group(recent: number): Group | undefined {
    return this.#groups.at(-1 - recent)
  }

  #scheduler(on: number): SchedulerHandle {
    return this.#schedulers[on % this.#schedulers.length] as SchedulerHandle
  }

  #signal(index: number | undefined): { signal?: AbortSignal } {
    const controller = index === undefined ? undefined : this.#controllers[index]
    return controller ? { signal: controller.signal } : {}
  }

  /** How many of a kind there are now that there is another one. */
  #count(kind: string, label: string): number {
    const count = (this.#counters.get(`${kind} ${label}`) ?? 0) + 1
    this.#counters.set(`${kind} ${label}`, count)
    return count
  }

  #record(about: string, what: string): void {
    if (this.#recording) this.#log.record(about, what)
  }

  #counts(): string {
    const counts = this.#schedulers?.map(({ running, queued, progress }) => {
      const { called, started, fulfilled, rejected, cancelled, settled } = progress
      const isSame = progress.running === running && progress.queued === queued ? '' : '!'
      const outcomes = `${fulfilled}+${rejected}+${cancelled}=${settled}`
      return `${running}/${queued}${isSame} ${called}/${started}/${outcomes}`
    })
    return counts?.join(' ')
  }

  #show(future: Handle): string {
    const { status, value, reason } = future
    if (status === 'fulfilled') return `fulfilled ${this.#describe(value)}`
    return future.done ? `${status} ${this.#describe(reason)}` : status
  }

  #describe(value: unknown): string {
    if (this.#names.has(value)) return this.#names.get(value) as string
    // What one thrown error is the cause of may be among its own.
    if (this.#described.has(value)) return 'what is being told'
    if (typeof value !== 'object' || value === null) return String(value)
    this.#described.add(value)
    const description = this.#describeObject(value)
    this.#described.delete(value)
    return description
  }

  #describeObject(value: object): string {
    if (value instanceof Error) return this.#describeError(value)
    if (Array.isArray(value)) return `[${value.map((item) => this.#describe(item)).join(', ')}]`
    const entries = Object.entries(value).map(([key, item]) => `${key}: ${this.#describe(item)}`)
    return `{${entries.join(', ')}}`
  }

  #describeError(error: Error): string {
    const { CancelledError, TimeoutError, InvalidStateError } = this.#implementation
    // What the messages of these say differs between implementations, and may.
    const own = { CancelledError, TimeoutError, InvalidStateError, TypeError, RangeError }
    const [kind] = Object.entries(own).find(([, kind]) => error instanceof kind) ?? []
    const isAggregate = error instanceof AggregateError
    const name = kind ?? (isAggregate ? 'AggregateError' : `Error(${error.message})`)
    const { errors } = error as { errors?: unknown }
    const others =
      errors === undefined ? '' : `${isAggregate ? '' : ' after '}${this.#describe(errors)}`
    if (error.cause === undefined) return name + others
    return `${name}${others} because of ${this.#describe(error.cause)}`
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
