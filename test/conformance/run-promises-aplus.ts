/**
 * Runs the Promises/A+ compliance suite against `Future` and prints what came of it as one line of JSON. A program of its
 * own, because the suite brings mocha, which takes over the process.
 *
 * `then` of a future gives a native promise, so most of the suite's questions on resolution go to the platform. Asked to
 * ("resolution"), the program runs the suite on futures whose `then` gives a future: that puts every question on
 * resolution, hostile thenables and all, to the package.
 */
import { createRequire } from 'node:module'
import { Future, onUncollected } from '../../src/index.ts'

const require = createRequire(import.meta.url)
const runSuite: (adapter: object, mochaOptions: object, done: () => void) => void =
  require('promises-aplus-tests')

export interface Results {
  readonly passed: number
  readonly failed: readonly string[]
}

const prepare = process.argv[2] === 'resolution' ? withThenOfItsOwn : <T>(future: T) => future

const adapter = {
  resolved: (value: unknown) => prepare(Future.resolve(value)),
  rejected: (reason: unknown) => prepare(Future.reject(reason)),
  deferred: () => {
    const { future, resolve, reject } = Future.withResolvers<unknown>()
    return { promise: prepare(future), resolve, reject }
  },
}

type Handler = ((outcome: unknown) => unknown) | null | undefined

function withThenOfItsOwn(future: Future<unknown>): Future<unknown> {
  // `Future.resolve` gives a future back as it is.
  if (Object.hasOwn(future, 'then')) return future
  const then = (onFulfilled?: Handler, onRejected?: Handler) => {
    const next = Future.withResolvers<unknown>()
    const resolveWith = (handler: Handler) => (outcome: unknown) => {
      try {
        next.resolve(handler?.(outcome))
      } catch (error) {
        next.reject(error)
      }
    }
    void Future.prototype.then.call(
      future,
      typeof onFulfilled === 'function' ? resolveWith(onFulfilled) : next.resolve,
      typeof onRejected === 'function' ? resolveWith(onRejected) : next.reject,
    )
    return withThenOfItsOwn(next.future)
  }
  return Object.defineProperty(future, 'then', { value: then })
}

let passed = 0
const failed: string[] = []

interface MochaRunner {
  on(event: 'pass', listener: () => void): void
  on(event: 'fail', listener: (test: { fullTitle(): string }, error: Error) => void): void
}

function Reporter(runner: MochaRunner): void {
  runner.on('pass', () => {
    passed += 1
  })
  runner.on('fail', (test, error) => {
    failed.push(`${test.fullTitle()}: ${error.message}`)
  })
}

// Some of the suite's promises are rejected for nobody.
onUncollected(() => {})

// By default the suite expects every call within 200 ms, which a busy machine may miss.
runSuite(adapter, { timeout: 10_000, reporter: Reporter }, () => {
  const results: Results = { passed, failed }
  console.log(JSON.stringify(results))
})
