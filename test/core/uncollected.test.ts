import {
  any,
  asCompleted,
  Future,
  gather,
  gatherSettled,
  onUncollected,
  race,
  spawn,
  task,
} from 'gatherly'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { heldFailures } from '../../src/core/uncollected.ts'
import { openWorkshop, type Workshop } from '../support/run-program.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { turn } from '../support/timed.ts'

const boom = new Error('boom')
/** Settled before anything else. */
const EARLY = Future.resolve('early')

describe('A failure', () => {
  it('R16 is held from when it happens until it is collected', () => {
    const { future, reject } = Future.withResolvers({ name: 'load' })
    const before = heldFailures()

    reject(boom)
    const during = heldFailures().map(({ name, reason }) => [name, reason])
    future.catch(() => {})

    expect([before, during, heldFailures()]).toEqual([[], [['load', boom]], []])
  })

  it('R16 is never held when its future was collected before', () => {
    const { future, reject } = Future.withResolvers()
    future.catch(() => {})

    reject(boom)

    expect(heldFailures()).toEqual([])
  })

  it('R16 of many futures is held in the order in which they happened', () => {
    const futures = ['a', 'b', 'c'].map((name) => Future.withResolvers({ name }))

    for (const { reject } of futures.toReversed()) reject(boom)
    futures[1]?.future.catch(() => {})
    const held = heldFailures().map(({ name }) => name)
    for (const { future } of futures) future.catch(() => {})

    expect(held).toEqual(['c', 'a'])
    expect(heldFailures()).toEqual([])
  })

  it.each<[string, (future: Future<never>) => unknown]>([
    ['then()', (future) => future.then(null, () => {})],
    ['then() with one argument', (future) => future.then(() => {}).catch(() => {})],
    ['catch()', (future) => future.catch(() => {})],
    ['finally()', (future) => future.finally(() => {}).catch(() => {})],
    ['await', (future) => awaitIt(future)],
    ['Promise.allSettled()', (future) => Promise.allSettled([future])],
    ['a result() that throws', (future) => expect(() => future.result()).toThrow(boom)],
    ['gather(), one by one', (future) => gather(future).catch(() => {})],
    ['gather(), in a list', (future) => gather([future, 1]).catch(() => {})],
    ['gather(), in a record', (future) => gather({ future }).catch(() => {})],
    ['gatherSettled()', (future) => gatherSettled([future])],
    ['race()', (future) => race([future]).catch(() => {})],
    ['race() that it does not win', (future) => race([EARLY, future])],
    ['any()', (future) => any([future]).catch(() => {})],
    ['any() that another one wins', (future) => any([future, 1])],
    ['asCompleted(), when it gives it', (future) => asCompleted([future]).next()],
    ['resolving another future with it', (future) => followed(future).catch(() => {})],
    ['the body of a task that gives it', (future) => spawn(() => future).catch(() => {})],
  ])('R8 R16 is collected by %s', async (_, collect) => {
    const future = Future.reject(boom)
    const before = heldFailures().length

    await collect(future)

    expect(before).toBe(1)
    expect(heldFailures()).toEqual([])
  })

  it.each<[string, (future: Future<never>) => unknown]>([
    ['onSettled()', (future) => future.onSettled(() => {})],
    ['status', (future) => future.status],
    ['value', (future) => future.value],
    ['reason', (future) => future.reason],
    ['done and name', (future) => [future.done, future.name]],
    ['a cancel that comes late', (future) => future.cancel()],
    ['its disposal', (future) => future[Symbol.dispose]()],
    ['Future.resolve()', (future) => Future.resolve(future)],
    ['asCompleted() that has not given it', (future) => asCompleted([future])],
  ])('R8 R16 is not collected by %s', (_, look) => {
    const future = Future.reject(boom)

    look(future)

    expect(heldFailures().map(({ reason }) => reason)).toEqual([boom])
    future.catch(() => {})
  })

  it('R16 passes on to the gather that failed with it, once', () => {
    const all = gather([Future.reject(boom), Future.reject(new Error('another'))])

    expect(heldFailures().map(({ name, reason }) => [name, reason])).toEqual([['gather', boom]])
    all.catch(() => {})
  })

  it('R16 is not held of a future that was cancelled', () => {
    new Future(() => {}).cancel()
    gather([new Future(() => {})]).cancel(boom)
    Future.withResolvers().future[Symbol.dispose]()

    expect(heldFailures()).toEqual([])
  })
})

describe('The process', () => {
  it('R16 gets its listeners with the first failure that is held, and is rid of them with the last', () => {
    const listeners = () => [process.listenerCount('beforeExit'), process.listenerCount('exit')]
    const counts = [listeners()]
    const first = Future.reject(boom)
    counts.push(listeners())
    const second = Future.reject(boom)
    counts.push(listeners())

    first.catch(() => {})
    counts.push(listeners())
    second.catch(() => {})
    counts.push(listeners())

    const [beforeExit, exit] = counts[0] as [number, number]
    const one = [beforeExit + 1, exit + 1]
    expect(counts).toEqual([[beforeExit, exit], one, one, one, [beforeExit, exit]])
  })
})

describe('onUncollected()', () => {
  it('R16 tells of a failure, once, when its future has been garbage collected', async () => {
    const told: unknown[] = []
    const stop = onUncollected((failure) => told.push(failure))

    forget(boom)
    await garbageCollectionUntil(() => told.length > 0)
    await garbageCollection()
    stop()

    expect(told).toEqual([{ name: 'forgotten', reason: boom }])
    expect(heldFailures()).toEqual([])
  })

  it.each<[string, () => void]>([
    ['of an error thrown in an executor', () => void new Future(() => throwNew())],
    ['of an error thrown in a body', () => void spawn(() => throwNew())],
    ['of an error thrown in an async body', () => void spawn(async () => throwNew())],
    ['of an error made where the future is known', () => failInReach((error) => error)],
    ['of its cause', () => failInReach((cause) => new Error('outer', { cause }))],
    ['of one of its errors', () => failInReach((error) => new AggregateError([1, error]))],
    ['of the error of a gather', () => void gather([spawn(() => throwNew())])],
    ['of the errors of an any', () => void any([spawn(() => throwNew())])],
  ])('R16 tells also when nobody ever read the stack %s', async (_, fail) => {
    const told: unknown[] = []
    const stop = onUncollected((failure) => told.push(failure))

    fail()
    await garbageCollectionUntil(() => told.length > 0)
    stop()

    expect(told).toHaveLength(1)
  })

  it('R16 does not tell of what is cancelled, or collected, or can still be collected', async () => {
    const told: unknown[] = []
    const stop = onUncollected((failure) => told.push(failure))
    const kept = Future.reject(boom)

    void new Future(() => {}).cancel(boom)
    void Future.reject(boom).catch(() => {})
    await garbageCollection()
    stop()

    expect(told).toEqual([])
    expect(kept.status).toBe('rejected')
    kept.catch(() => {})
  })

  it('R16 calls every handler in the order of their registration, a double one twice', async () => {
    const log: string[] = []
    const twice = () => log.push('twice')
    const stops = [
      onUncollected(() => log.push('first')),
      onUncollected(twice),
      onUncollected(twice),
      onUncollected(() => log.push('removed')),
    ]

    stops[3]?.()
    forget(boom)
    await garbageCollectionUntil(() => log.length > 0)
    for (const stop of [...stops, ...stops]) stop()

    expect(log).toEqual(['first', 'twice', 'twice'])
  })

  it('R16 leaves the failure to the handlers that have not been removed', async () => {
    const log: string[] = []
    const handler = () => log.push('called')
    const stopFirst = onUncollected(handler)
    const stopSecond = onUncollected(handler)

    stopFirst()
    stopFirst()
    forget(boom)
    await garbageCollectionUntil(() => log.length > 0)
    stopSecond()

    expect(log).toEqual(['called'])
  })

  it.each([undefined, null, {}, 'handler'])('throws a TypeError for the handler %j', (bad) => {
    expect(() => onUncollected(bad as never)).toThrow(TypeError)
    expect(() => onUncollected(bad as never)).toThrow(/^Expected `handler` to be a function, got /)
  })
})

describe('A program', () => {
  let workshop: Workshop

  beforeAll(() => {
    workshop = openWorkshop()
  })

  afterAll(() => {
    workshop.remove()
  })

  it('R16 that starts early and collects late loses nothing, and ends well', async () => {
    const ended = await workshop.run(`
      import { setImmediate } from 'node:timers/promises'
      import { gather, sleep, task } from 'gatherly'

      const work = task(async (name) => {
        await sleep(1)
        throw new Error(name)
      })
      const futures = [work('a'), work('b')]
      while (!futures.every(({ done }) => done)) await setImmediate()
      console.log(futures.map(({ status }) => status).join())
      const [a, b] = await Promise.all(futures.map((future) => future.catch(({ message }) => message)))
      console.log(a, b)
      await gather(futures).catch(({ message }) => console.log(message))
    `)

    expect(ended).toEqual({ code: 0, stdout: 'rejected,rejected\na b\na\n', stderr: '' })
  })

  it('R16 that never collects a failure is told so once, with name, error and exit code 1', async () => {
    const { code, stdout, stderr } = await workshop.run(`
      import { spawn } from 'gatherly'

      function loadUser() {
        throw new RangeError('no such user')
      }
      const future = spawn(loadUser)
      setTimeout(() => console.log(future.status), 5)
    `)

    expect([code, stdout]).toEqual([1, 'rejected\n'])
    expect(stderr).toMatch(
      /^Task "loadUser" failed and nobody collected it: RangeError: no such user\n {4}at loadUser \(file:.*program-\d+\.mjs/,
    )
    expect(stderr.match(/no such user/g)).toHaveLength(1)
  })

  it('R16 is told of every one, in their order, whatever the reason and the name', async () => {
    const { code, stderr } = await workshop.run(`
      import { Future } from 'gatherly'

      const fail = (name, reason) => Future.withResolvers({ name }).reject(reason)
      fail('first', undefined)
      fail('100%c sure, %s %d %o %%', 'a string')
      fail('', null)
      fail('hostile', { [Symbol.for('nodejs.util.inspect.custom')]() { throw new Error('no') } })
      fail('two\\nlines', { answer: 42 })
      fail('symbol', Symbol('reason'))
    `)

    expect(code).toBe(1)
    const parts = [
      'Task "first" failed and nobody collected it: undefined\n',
      'Task "100%c sure, %s %d %o %%" failed and nobody collected it: a string\n',
      'Task "" failed and nobody collected it: null\n',
      'Task "hostile" failed and nobody collected it: ',
      'Task "two\\x0alines" failed and nobody collected it: { answer: 42 }\n',
      'Task "symbol" failed and nobody collected it: Symbol(reason)\n',
    ]
    const places = parts.map((part) => stderr.indexOf(part))
    expect(places).not.toContain(-1)
    expect(places).toEqual(places.toSorted((a, b) => a - b))
    expect(stderr.match(/^Task "/gm)).toHaveLength(parts.length)
  })

  it.each([0, 7])('R16 keeps the exit code %d that it had set', async (set) => {
    const { code, stderr } = await workshop.run(`
      import { Future } from 'gatherly'

      process.exitCode = ${set}
      Future.reject(new Error('boom'))
    `)

    expect(code).toBe(set)
    expect(stderr).toContain('Task "future" failed and nobody collected it: Error: boom')
  })

  it('R16 is told while it runs of futures that were garbage collected, each once', async () => {
    const { code, stderr } = await workshop.run(
      `
      import { setImmediate } from 'node:timers/promises'
      import { spawn } from 'gatherly'

      spawn(async () => { throw new Error('boom') }, { name: 'forgotten' })
      for (let i = 0; i < 50; i++) {
        await setImmediate()
        gc()
      }
      console.error('still running, exit code', process.exitCode)
    `,
      '--expose-gc',
    )

    expect(code).toBe(1)
    expect(stderr).toMatch(
      /^Task "forgotten" failed [^\n]*Error: boom\n.*still running, exit code 1\n$/s,
    )
    expect(stderr.match(/^Task "/gm)).toHaveLength(1)
  })

  it.each([
    ['no process at all', 'undefined'],
    ['the empty process of a bundler', '{ env: {} }'],
  ])('R16 on a host with %s is told while it runs', async (_, host) => {
    const { code, stderr } = await workshop.run(
      `
      globalThis.process = ${host}
      const { Future, task } = await import('gatherly')

      await task(() => 1)()
      Future.reject('boom')
      Future.reject('collected').catch(() => {})
      for (let i = 0; i < 50; i++) {
        await new Promise((resolve) => setImmediate(resolve))
        gc()
      }
    `,
      '--expose-gc',
    )

    expect([code, stderr]).toEqual([0, 'Task "future" failed and nobody collected it: boom\n'])
  })

  it('R16 with a handler gets it called in place of the report, and keeps its exit code', async () => {
    const ended = await workshop.run(`
      import { Future, onUncollected } from 'gatherly'

      onUncollected(({ name, reason }) => console.log(name, reason.message))
      onUncollected((failure) => console.log(Object.keys(failure).join()))
      const first = Future.withResolvers({ name: 'first' })
      first.reject(new Error('one'))
      Future.reject(new Error('two'))
      process.on('exit', (code) => console.log('exit', code, process.exitCode))
    `)

    expect(ended).toEqual({
      code: 0,
      stdout: 'first one\nname,reason\nfuture two\nname,reason\nexit 0 undefined\n',
      stderr: '',
    })
  })

  it('R16 with a handler that throws hears of that, and the others are called all the same', async () => {
    const { stdout, stderr } = await workshop.run(`
      import { Future, onUncollected } from 'gatherly'

      onUncollected(() => { throw new Error('handler broke') })
      onUncollected(({ reason }) => console.log(reason))
      Future.reject('one')
      Future.reject('two')
    `)

    expect(stdout).toBe('one\ntwo\n')
    expect(stderr).toContain('handler broke')
    // What it did not take is not lost with it.
    expect(stderr).toContain('Task "future" failed and nobody collected it: one\n')
  })

  it('R16 with hostile names forges no line of the report', async () => {
    const { stderr } = await workshop.run(`
      import { spawn } from 'gatherly'
      spawn(() => { throw 'no' }, { name: 'a\\nTask "b\\u001b[2J' })
    `)

    expect(stderr).toBe('Task "a\\x0aTask "b\\x1b[2J" failed and nobody collected it: no\n')
  })

  it('R16 is never told of cancelled futures, nor of what their bodies still throw', async () => {
    const ended = await workshop.run(
      `
      import { Future, gather, Scheduler, sleep, spawn } from 'gatherly'

      const running = spawn(async () => {
        await sleep(5)
        throw new Error('after the cancel')
      })
      const all = gather([running])
      const scheduler = new Scheduler({ concurrency: 1 })
      const queued = [scheduler.spawn(() => sleep(5)), scheduler.spawn(() => 1)]
      await null
      all.cancel(new Error('enough'))
      scheduler.cancel()
      const resolved = Future.withResolvers()
      resolved.future.cancel()
      resolved.resolve(Promise.reject(new Error('late')))
      console.log([all, running, ...queued].map(({ status }) => status).join())
    `,
      '--unhandled-rejections=strict',
    )

    expect(ended).toEqual({
      code: 0,
      stdout: 'cancelled,cancelled,cancelled,cancelled\n',
      stderr: '',
    })
  })

  it.each([
    ['process.exit()', 0],
    ['process.exit(3)', 3],
    ['process.exitCode = 4; process.exit()', 4],
  ])('R16 that ends itself by %s is not at its natural end', async (exit, code) => {
    const ended = await workshop.run(`
      import { Future } from 'gatherly'

      Future.reject(new Error('boom'))
      setTimeout(() => { ${exit} }, 5)
    `)

    expect(ended).toEqual({ code, stdout: '', stderr: '' })
  })

  it('R16 that crashes shows the crash, and no report', async () => {
    const { code, stderr } = await workshop.run(`
      import { Future } from 'gatherly'

      Future.reject(new Error('uncollected'))
      setTimeout(() => { throw new Error('crash') })
    `)

    expect(code).toBe(1)
    expect(stderr).toContain('Error: crash')
    expect(stderr).not.toContain('uncollected')
  })

  it('R16 that waits for ever at its top level is told of its failures, too', async () => {
    const { code, stderr } = await workshop.run(`
      import { Future } from 'gatherly'

      Future.reject(new Error('boom'))
      await new Promise(() => {})
    `)

    expect(code).toBe(13)
    expect(stderr).toContain('Task "future" failed and nobody collected it: Error: boom')
  })

  it('R16 may still collect a failure in beforeExit, at once or in what that sets going', async () => {
    const ended = await workshop.run(`
      import { Future, sleep } from 'gatherly'

      const first = Future.reject(new Error('first'))
      const second = Future.reject(new Error('second'))
      process.once('beforeExit', async () => {
        console.log(await first.catch(({ message }) => message))
        await sleep(10)
        console.log(await second.catch(({ message }) => message))
      })
    `)

    expect(ended).toEqual({ code: 0, stdout: 'first\nsecond\n', stderr: '' })
  })

  it('R16 that goes on after beforeExit is told of its failures at its real end, once', async () => {
    const { code, stdout, stderr } = await workshop.run(`
      import { Future, sleep } from 'gatherly'

      Future.reject('before')
      process.once('beforeExit', async () => {
        await sleep(10)
        console.log('went on')
        Future.reject('after')
      })
    `)

    expect([code, stdout]).toEqual([1, 'went on\n'])
    expect(stderr).toBe(
      'Task "future" failed and nobody collected it: before\n' +
        'Task "future" failed and nobody collected it: after\n',
    )
  })

  it('R16 is told of what fails only in beforeExit', async () => {
    const { code, stderr } = await workshop.run(`
      import { Future } from 'gatherly'

      process.once('beforeExit', () => Future.reject('in beforeExit'))
    `)

    expect(code).toBe(1)
    expect(stderr).toBe('Task "future" failed and nobody collected it: in beforeExit\n')
  })

  it('R16 that goes on after beforeExit and then ends itself is not at its natural end', async () => {
    const ended = await workshop.run(`
      import { Future } from 'gatherly'

      Future.reject('before')
      process.once('beforeExit', () => setTimeout(() => process.exit(3), 10))
    `)

    expect(ended).toEqual({ code: 3, stdout: '', stderr: '' })
  })

  it('R16 finds nothing on the process, and nothing kept alive, before a failure is held', async () => {
    const ended = await workshop.run(`
      import { EventEmitter } from 'node:events'

      const look = () => [
        process.eventNames().map((name) => [String(name), process.listenerCount(name)]).sort().join(),
        process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap').sort().join(),
        Object.getOwnPropertyNames(globalThis).length,
      ].join('; ')
      // The files of the program have to be closed.
      const settleDown = async () => {
        for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
      }
      await settleDown()
      const before = look()
      const { any, asCompleted, Future, gather, race, Scheduler, spawn, task } = await import('gatherly')
      const { VirtualClock } = await import('gatherly/testing')
      await settleDown()
      const imported = look()
      const clock = new VirtualClock()
      const scheduler = new Scheduler({ clock })
      const settled = [
        Future.resolve(1),
        Future.withResolvers().future,
        gather([1]),
        any([1]),
        race([]),
        scheduler.task(() => 1)(),
        scheduler.spawn(({ sleep }) => sleep(5), { timeout: 10 }),
      ]
      asCompleted([])
      await clock.run()
      settled[1].cancel()
      await settleDown()
      const used = look()
      const failed = Future.reject('boom')
      const held = look()
      failed.catch(() => {})
      await settleDown()
      const collected = look()
      console.log(imported === before, used === before, held === before, collected === before)
    `)

    expect(ended).toEqual({ code: 0, stdout: 'true true false true\n', stderr: '' })
  })
})

describe('A failure that nobody collected, of work that was dropped,', () => {
  it('R13 R16 is nobody’s: what a cancelled body throws reaches no one', async () => {
    const fail = task(async () => {
      await null
      throw boom
    })

    const errors = await strayErrorsDuring(async () => {
      const future = fail()
      await null
      future.cancel('enough')
    })

    expect(errors).toEqual([])
    expect(heldFailures()).toEqual([])
  })
})

// Each in a function of its own, so that no variable of a test still refers to the future.

function forget(reason: unknown): void {
  Future.withResolvers({ name: 'forgotten' }).reject(reason)
}

function throwNew(): never {
  throw new Error('unread')
}

/** Fails with an error whose stack has a frame that refers to the future. */
function failInReach(reasonOf: (error: Error) => unknown): void {
  const { future, reject } = Future.withResolvers()
  const makeError = () => new Error(`unread: ${future.name}`)
  reject(reasonOf(makeError()))
}

function followed(future: Future<never>): Future<never> {
  return new Future((resolve) => resolve(future))
}

async function awaitIt(future: Future<never>): Promise<void> {
  try {
    await future
  } catch {}
}

async function garbageCollection(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    await turn()
    globalThis.gc?.()
  }
}

async function garbageCollectionUntil(done: () => boolean): Promise<void> {
  for (let i = 0; i < 50 && !done(); i++) await garbageCollection()
}
