import { type Future, gather, gatherSettled, type Task, type TaskOptions } from 'gatherly'
import {
  type ErrorClass,
  gatherSync,
  registerErrors,
  serve,
  sleepSync,
  type Tasks,
  transfer,
  WorkerLostError,
  WorkerPool,
  type WorkerPoolOptions,
} from 'gatherly/workers'
import { describe, expectTypeOf, test } from 'vitest'

interface User {
  readonly id: number
}

/** What a module of bodies may hold. */
interface Module {
  hash(text: string): string
  load(id: number, fresh?: boolean): Promise<User>
  pair(): Promise<[number, string]>
  thenable(): PromiseLike<boolean>
  join(separator: string, ...parts: readonly string[]): string
  nothing(): void
  fail(): never
  maybe(): User | undefined
  eventually(): Promise<number> | string
  overloaded(value: number): number
  overloaded(value: string): string
  echo<T>(value: T): T
  first<T extends { readonly id: number }>(list: readonly T[]): T
  ofThis(this: User, id: number): string
  default: (id: number) => User
  readonly version: string
  readonly limits: { readonly most: number }
  readonly list: readonly number[]
  readonly optional?: () => number
  readonly either: (() => number) | string
  readonly Store: typeof Store
}

declare class Store {
  readonly name: string
}

declare const pool: WorkerPool<Module>
declare const other: WorkerPool<Module>
const { tasks } = pool

describe('the tasks of a pool', () => {
  test('take the parameters of the functions, and give futures of what these await to', () => {
    expectTypeOf(tasks.hash).parameters.toEqualTypeOf<[text: string]>()
    expectTypeOf(tasks.hash('a')).toEqualTypeOf<Future<string>>()
    expectTypeOf(tasks.load(1)).toEqualTypeOf<Future<User>>()
    expectTypeOf(tasks.pair()).toEqualTypeOf<Future<[number, string]>>()
    expectTypeOf(tasks.thenable()).toEqualTypeOf<Future<boolean>>()
    expectTypeOf(tasks.nothing()).toEqualTypeOf<Future<void>>()
    expectTypeOf(tasks.fail()).toEqualTypeOf<Future<never>>()
    expectTypeOf(tasks.maybe()).toEqualTypeOf<Future<User | undefined>>()
    expectTypeOf(tasks.eventually()).toEqualTypeOf<Future<number | string>>()
  })

  test('keep optional and rest parameters, with their names', () => {
    expectTypeOf(tasks.load).parameters.toEqualTypeOf<[id: number, fresh?: boolean | undefined]>()
    expectTypeOf(tasks.load(1, true)).toEqualTypeOf<Future<User>>()
    expectTypeOf(tasks.join('-')).toEqualTypeOf<Future<string>>()
    expectTypeOf(tasks.join('-', 'a', 'b')).toEqualTypeOf<Future<string>>()
  })

  test('take no other arguments', () => {
    // @ts-expect-error a number is no text
    tasks.hash(5)
    // @ts-expect-error the text is missing
    tasks.hash()
    // @ts-expect-error there is one parameter
    tasks.hash('a', 'b')
    // @ts-expect-error a future has to be awaited first
    tasks.hash(tasks.hash('a'))
  })

  test('are tasks like all others', () => {
    expectTypeOf(tasks.hash).toEqualTypeOf<Task<[text: string], string>>()
    expectTypeOf(tasks.hash.name).toBeString()
  })

  test('have the last of several signatures, which is what TypeScript infers from', () => {
    expectTypeOf(tasks.overloaded('a')).toEqualTypeOf<Future<string>>()
    // @ts-expect-error not the first one
    tasks.overloaded(5)
  })

  test('keep of generic functions what their parameters are bound to', () => {
    expectTypeOf(tasks.echo(5)).toEqualTypeOf<Future<unknown>>()
    expectTypeOf(tasks.first([{ id: 1 }])).toEqualTypeOf<Future<{ readonly id: number }>>()
    // @ts-expect-error it has no id
    tasks.first([{ name: 'a' }])
  })

  test('of a generic function are typed by instantiating it in the type of the module', () => {
    const echo = <T>(value: T): T => value
    type OfUsers = { readonly echo: typeof echo<User>; readonly echoText: typeof echo<string> }
    const { tasks } = {} as WorkerPool<OfUsers>

    expectTypeOf(tasks.echo).parameters.toEqualTypeOf<[value: User]>()
    expectTypeOf(tasks.echoText('a')).toEqualTypeOf<Future<string>>()
  })

  test('are the functions alone, the default export among them', () => {
    type Names = keyof Tasks<Module>

    expectTypeOf<Exclude<Names, keyof Module>>().toEqualTypeOf<never>()
    expectTypeOf<Exclude<keyof Module, Names>>().toEqualTypeOf<
      'version' | 'limits' | 'list' | 'optional' | 'either' | 'Store'
    >()
    expectTypeOf(tasks.default(1)).toEqualTypeOf<Future<User>>()
    // @ts-expect-error a text is not run
    tasks.version
    // @ts-expect-error a class cannot be called
    tasks.Store
    // @ts-expect-error there is no such function
    tasks.missing
  })

  test('cannot be replaced', () => {
    // @ts-expect-error the module has them, not the program
    tasks.hash = other.tasks.hash
    // @ts-expect-error nor all of them
    pool.tasks = other.tasks
  })

  test('come from the type of a module', () => {
    const ofFile = new WorkerPool<typeof import('../support/until.ts')>('file:///until.ts')

    expectTypeOf(ofFile.tasks.until).parameters.toEqualTypeOf<[isSo: () => boolean]>()
    expectTypeOf<keyof typeof ofFile.tasks>().toEqualTypeOf<'until'>()
  })

  test('are any of any name where no module is named, of unknown result', () => {
    const untyped = new WorkerPool('file:///tasks.js')

    expectTypeOf(untyped).toEqualTypeOf<WorkerPool<Record<string, (...args: never[]) => unknown>>>()
    expectTypeOf(untyped.tasks).toEqualTypeOf<{
      readonly [name: string]: Task<never[], unknown>
    }>()
  })
})

describe('with()', () => {
  test('gives the same task', () => {
    const urgent = tasks.load.with({ priority: 5, name: 'urgent', timeout: 10 })

    expectTypeOf(urgent).toEqualTypeOf<typeof tasks.load>()
    expectTypeOf(urgent.with({ retry: { retries: 2, delay: 5 } })).toEqualTypeOf<
      typeof tasks.load
    >()
    expectTypeOf(tasks.load.with).parameters.toEqualTypeOf<[options: TaskOptions]>()
  })

  test('takes the options of tasks, not those of pools', () => {
    // @ts-expect-error the pool has it
    tasks.load.with({ threads: 2 })
    // @ts-expect-error a text is no priority
    tasks.load.with({ priority: 'high' })
  })
})

describe('new WorkerPool()', () => {
  test('takes a URL, a text, or what makes a worker', () => {
    const entry = new URL('file:///entry.ts')

    expectTypeOf(new WorkerPool<Module>(entry)).toEqualTypeOf<WorkerPool<Module>>()
    expectTypeOf(new WorkerPool<Module>('file:///entry.ts')).toEqualTypeOf<WorkerPool<Module>>()
    expectTypeOf(new WorkerPool<Module>(() => new Worker(entry, { type: 'module' }))).toEqualTypeOf<
      WorkerPool<Module>
    >()
    // @ts-expect-error a worker itself is one, not many
    new WorkerPool<Module>(new Worker(entry))
    // @ts-expect-error a module itself is no place where it can be loaded
    new WorkerPool<Module>({} as Module)
    // @ts-expect-error nor is a promise of one
    new WorkerPool<Module>(Promise.resolve({} as Module))
    // @ts-expect-error the function has to make it now
    new WorkerPool<Module>(async () => new Worker(entry))
  })

  test('takes the worker of Node.js too', async () => {
    const { Worker } = await import('node:worker_threads')

    expectTypeOf(
      new WorkerPool<Module>(() => new Worker(new URL('file:///entry.ts'))),
    ).toEqualTypeOf<WorkerPool<Module>>()
  })

  test('takes every option as `undefined`', () => {
    const options: WorkerPoolOptions = {
      threads: undefined,
      name: undefined,
      start: undefined,
      signal: undefined,
      idleTimeout: undefined,
      grace: undefined,
      loadTimeout: undefined,
      resourceLimits: undefined,
      env: undefined,
      execArgv: undefined,
    }

    new WorkerPool<Module>('file:///tasks.js', options)
    // @ts-expect-error the option is called `threads`
    new WorkerPool<Module>('file:///tasks.js', { concurrency: 4 })
    // @ts-expect-error a pool goes by the time of the system
    new WorkerPool<Module>('file:///tasks.js', { clock: undefined })
  })

  test('gives counts that only it changes', () => {
    expectTypeOf(pool.running).toBeNumber()
    expectTypeOf(pool.queued).toBeNumber()
    expectTypeOf(pool.threads).toBeNumber()
    expectTypeOf(pool.close()).toEqualTypeOf<Promise<void>>()
    expectTypeOf(pool.terminate('reason')).toEqualTypeOf<Promise<void>>()
    expectTypeOf(pool).toExtend<AsyncDisposable>()
    // @ts-expect-error the pool counts
    pool.threads = 5
  })
})

declare const texts: Future<string>[]

describe('gatherSync()', () => {
  test('gives a tuple, position by position', () => {
    expectTypeOf(gatherSync(tasks.hash('a'), tasks.load(1))).toEqualTypeOf<[string, User]>()
    expectTypeOf(gatherSync(tasks.hash('a'))).toEqualTypeOf<[string]>()
    expectTypeOf(gatherSync()).toEqualTypeOf<[]>()
    expectTypeOf(gatherSync(...texts)).toEqualTypeOf<string[]>()
  })

  test('gives an array for an array, a tuple for a tuple, an array for any other iterable', () => {
    expectTypeOf(gatherSync(texts)).toEqualTypeOf<string[]>()
    expectTypeOf(gatherSync(['a', 'b'].map((text) => tasks.hash(text)))).toEqualTypeOf<string[]>()
    expectTypeOf(gatherSync([tasks.hash('a'), tasks.pair(), 5])).toEqualTypeOf<
      [string, [number, string], 5]
    >()
    expectTypeOf(gatherSync(new Set(texts))).toEqualTypeOf<string[]>()
  })

  test('gives a record for a record', () => {
    expectTypeOf(
      gatherSync({ hash: tasks.hash('a'), user: tasks.load(1), n: 5 }),
    ).branded.toEqualTypeOf<{ hash: string; user: User; n: number }>()
  })

  test('takes gathers of gathers', () => {
    const settled = gatherSettled([tasks.hash('a')])

    expectTypeOf(gatherSync(gather(tasks.hash('a'), tasks.load(1)))).toEqualTypeOf<
      [[string, User]]
    >()
    expectTypeOf(gatherSync([settled])).toEqualTypeOf<[[PromiseSettledResult<string>]]>()
  })

  test('takes a timeout with a list or a record, and no other option', () => {
    expectTypeOf(gatherSync(texts, { timeout: 5 })).toEqualTypeOf<string[]>()
    expectTypeOf(gatherSync({ a: tasks.hash('a') }, { timeout: 5 })).branded.toEqualTypeOf<{
      a: string
    }>()
    // @ts-expect-error options need the list form
    gatherSync(tasks.hash('a'), { timeout: 5 })
    // @ts-expect-error nothing can abort while this thread is blocked
    gatherSync(texts, { signal: new AbortController().signal })
    // @ts-expect-error what is left goes on
    gatherSync(texts, { cancelRest: true })
  })

  test('takes no plain values one by one, and no collection that is none', () => {
    // @ts-expect-error a plain value needs the list form
    gatherSync(tasks.hash('a'), 5)
    // @ts-expect-error a number is no collection
    gatherSync(5)
    // @ts-expect-error a text is no list
    gatherSync('text')
  })
})

describe('transfer()', () => {
  test('keeps the type of the value', () => {
    const bytes = new Uint8Array(5)

    expectTypeOf(transfer(bytes, [bytes.buffer])).toEqualTypeOf<Uint8Array<ArrayBuffer>>()
    expectTypeOf(transfer({ id: 1, bytes }, [bytes.buffer])).toEqualTypeOf<{
      id: number
      bytes: Uint8Array<ArrayBuffer>
    }>()
    tasks.echo(transfer(bytes, [bytes.buffer]))
  })

  test('needs a list', () => {
    // @ts-expect-error nothing would be moved
    transfer(new ArrayBuffer(5))
    // @ts-expect-error one is no list
    transfer({}, new ArrayBuffer(5))
  })
})

describe('the other functions', () => {
  test('registerErrors() takes classes of errors, whatever their constructors take', () => {
    class NotFoundError extends Error {
      constructor(readonlyId: number, options: { readonly strict: boolean }) {
        super(`${readonlyId} ${options.strict}`)
      }
    }
    abstract class StoreError extends Error {}

    expectTypeOf(registerErrors(NotFoundError, StoreError, TypeError)).toEqualTypeOf<void>()
    expectTypeOf<typeof NotFoundError>().toExtend<ErrorClass>()
    // @ts-expect-error an error is no class
    registerErrors(new Error('a'))
    // @ts-expect-error this class is none of errors
    registerErrors(Map)
  })

  test('serve() takes a module, or what loads it', () => {
    expectTypeOf(serve).parameters.toEqualTypeOf<[tasks: object | (() => Promise<object>)]>()
    // @ts-expect-error a text is no module
    serve('file:///tasks.js')
  })

  test('sleepSync() takes milliseconds', () => {
    expectTypeOf(sleepSync).parameters.toEqualTypeOf<[milliseconds: number]>()
    expectTypeOf(sleepSync(5)).toEqualTypeOf<void>()
  })

  test('WorkerLostError says how the thread has ended', () => {
    const error = new WorkerLostError('gone', { exitCode: 1, cause: 'why' })

    expectTypeOf(error).toExtend<Error>()
    expectTypeOf(error.exitCode).toEqualTypeOf<number | undefined>()
  })
})
