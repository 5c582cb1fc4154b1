import { CancelledError, Future, gather, gatherSettled } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { strayErrorsDuring } from '../support/stray-errors.ts'
import { failAfter, turn, valueAfter } from '../support/timed.ts'

describe('gather()', () => {
  it('R10 gather keeps argument order, whatever the order of completion', async () => {
    const clock = new VirtualClock()
    const all = gather(
      valueAfter(clock, 30, 'a'),
      valueAfter(clock, 10, 'b'),
      valueAfter(clock, 20, 'c'),
    )

    await clock.run()

    expect(all.value).toEqual(['a', 'b', 'c'])
    expect(clock.now()).toBe(30)
  })

  it('R8 is running until it settles, and is called `gather` unless it is given a name', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const plain = gather([future])
    const named = gather([future], { name: 'pages' })

    expect([plain.status, plain.value, plain.done]).toEqual(['running', undefined, false])
    resolve(1)

    expect([plain.status, plain.value, plain.done]).toEqual(['fulfilled', [1], true])
    expect([plain.name, named.name]).toEqual(['gather', 'pages'])
  })

  it('R10 settles synchronously with its last input, after the listeners that came before it', () => {
    const log: string[] = []
    const first = Future.withResolvers<number>()
    const last = Future.withResolvers<number>()
    last.future.onSettled(() => log.push(`before: ${all.status}`))
    const all = gather([first.future, last.future])
    last.future.onSettled(() => log.push(`after: ${all.status}`))
    all.onSettled(() => log.push('all'))

    first.resolve(1)
    last.resolve(2)
    log.push('returned')

    expect(log).toEqual(['before: running', 'all', 'after: fulfilled', 'returned'])
  })

  it('R10 is fulfilled at once over inputs that are already fulfilled futures', () => {
    const all = gather([Future.resolve(1), Future.resolve(2)])

    expect([all.status, all.value]).toEqual(['fulfilled', [1, 2]])
  })

  it('R10 gives the value of an input that was given twice at both positions', () => {
    const { future, resolve } = Future.withResolvers<string>()
    const all = gather(future, Future.resolve('b'), future)

    resolve('a')

    expect(all.value).toEqual(['a', 'b', 'a'])
  })

  it('gives values as they are: empty ones, functions, lists, holes', () => {
    const callback = (): void => {}
    const list = [[1], undefined, null, 0, '', Number.NaN, callback]
    const withHole = [0, 1, 2]
    delete withHole[1]

    expect(gather(list).value).toEqual([[1], undefined, null, 0, '', Number.NaN, callback])
    expect(gather(withHole).value).toEqual([0, undefined, 2])
  })

  it('gives a list of its own, and leaves the one it was given alone', () => {
    const inputs = [Future.resolve(1), 2]
    const all = gather(inputs)

    expect(all.value).not.toBe(inputs)
    expect(inputs).toEqual([expect.any(Future), 2])
  })

  it('follows native promises and foreign thenables', async () => {
    const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') }

    const values = await gather(Promise.resolve('promise'), thenable as PromiseLike<string>)

    expect(values).toEqual(['promise', 'thenable'])
  })

  it('R10 gathers 100 000 inputs', () => {
    const resolvers = Array.from({ length: 100_000 }, () => Future.withResolvers<number>())
    const all = gather(resolvers.map(({ future }) => future))

    for (const [index, { resolve }] of resolvers.entries()) resolve(index)

    expect(all.value).toEqual([...resolvers.keys()])
  })
})

describe('gather(), with a failure', () => {
  it('R11 fails with the first failure in time, as it is, without waiting for the rest', async () => {
    const clock = new VirtualClock()
    const failure = { not: 'even an Error' }
    const all = gather(
      valueAfter(clock, 1, 'a'),
      failAfter(clock, 30, new Error('later')),
      failAfter(clock, 20, failure),
      valueAfter(clock, 60, 'b'),
    )

    await clock.advance(20)

    expect(all.status).toBe('rejected')
    expect(() => all.result()).toThrow()
    expect(all.reason).toBe(failure)
    await clock.run()
  })

  it('R11 takes among inputs that have failed already the one that failed first in time', () => {
    const early = Future.withResolvers<never>()
    const late = Future.withResolvers<never>()
    early.reject('early')
    late.reject('late')

    const all = gather([Future.withResolvers().future, late.future, early.future])

    expect(() => all.result()).toThrow('early')
    expect(() => late.future.result()).toThrow('late')
  })

  it('R11 fails with `undefined` when that is what an input failed with', () => {
    const all = gather([Future.reject(undefined)])

    all.catch(() => {})

    expect([all.status, all.reason]).toEqual(['rejected', undefined])
  })

  it('R11 lets the others run on, and counts their later failures as collected', async () => {
    const clock = new VirtualClock()
    const others = [failAfter(clock, 20, 'second'), valueAfter(clock, 30, 'third')]
    const native = clock.sleep(40).then(() => Promise.reject(new Error('fourth')))

    const strays = await strayErrorsDuring(async () => {
      const all = gather([failAfter(clock, 10, 'first'), ...others, native])
      all.catch(() => {})
      await clock.run()
    })

    expect(others.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
    expect(strays).toEqual([])
    // What is uncollected would make the guard around every test fail this one.
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R11 over a cancelled input becomes cancelled, with the same reason', () => {
    const reason = { why: 'enough' }
    const [before, after] = [Future.withResolvers().future, Future.withResolvers().future]
    before.cancel(reason)
    const all = [gather([before]), gather([after]), gather({ after })]

    after.cancel(reason)

    expect(all.map(({ status }) => status)).toEqual(['cancelled', 'cancelled', 'cancelled'])
    expect(all.map((each) => each.reason === reason)).toEqual([true, true, true])
  })

  it('R11 takes a cancel and a failure by their order in time', () => {
    const inputs = [Future.withResolvers(), Future.withResolvers()] as const
    const all = gather([inputs[0].future, inputs[1].future])

    inputs[1].future.cancel('cancelled first')
    inputs[0].reject('failed second')

    expect([all.status, all.reason]).toEqual(['cancelled', 'cancelled first'])
  })

  it('R11 with cancelRest first tells its own listeners, then cancels the rest in argument order', async () => {
    const log: string[] = []
    const failing = Future.withResolvers()
    const rest = ['a', 'b', 'c'].map((name) => {
      const onCancel = (): unknown => log.push(`${name}: onCancel`)
      return Future.withResolvers({ name, onCancel: () => void onCancel() }).future
    })
    const all = gather([rest[0], failing.future, rest[1], Future.resolve(0), rest[2]], {
      cancelRest: true,
    })
    for (const future of rest)
      future.onSettled(({ name, status }) => log.push(`${name}: ${status}`))
    all.onSettled(({ status }) => log.push(`all: ${status}`))
    all.catch(() => log.push('caught'))

    failing.reject('failure')
    log.push('returned')
    await turn()

    expect(log).toEqual([
      'all: rejected',
      ...['a: cancelled', 'a: onCancel'],
      ...['b: cancelled', 'b: onCancel'],
      ...['c: cancelled', 'c: onCancel'],
      'returned',
      'caught',
    ])
  })

  it('R11 with cancelRest gives the rest a CancelledError whose cause is the failure', () => {
    const failure = new Error('boom')
    const rest = [Future.withResolvers().future, Future.withResolvers().future]

    gather([...rest, Future.reject(failure)], { cancelRest: true }).catch(() => {})

    expect(rest.map(({ status }) => status)).toEqual(['cancelled', 'cancelled'])
    expect(rest[0]?.reason).toBeInstanceOf(CancelledError)
    expect(rest[0]?.reason).toHaveProperty('cause', failure)
    expect(rest[1]?.reason).toHaveProperty('cause', failure)
  })

  it('R11 with cancelRest cancels the rest also over a cancelled input', () => {
    const [cancelled, rest] = [Future.withResolvers().future, Future.withResolvers().future]
    const all = gather([rest, cancelled], { cancelRest: true })

    cancelled.cancel('enough')

    expect([all.status, all.reason]).toEqual(['cancelled', 'enough'])
    expect(rest.status).toBe('cancelled')
    expect(rest.reason).toHaveProperty('cause', 'enough')
  })

  it('R11 with cancelRest cancels what other gathers share, which become cancelled with it', () => {
    const shared = Future.withResolvers().future
    const failing = Future.withResolvers()
    const one = gather([failing.future, shared], { cancelRest: true })
    const other = gather([shared, Future.withResolvers().future])
    one.catch(() => {})

    failing.reject('failure')

    expect([shared.status, other.status]).toEqual(['cancelled', 'cancelled'])
    expect(other.reason).toBe(shared.reason)
  })

  it('R11 without cancelRest cancels nothing', () => {
    const rest = Future.withResolvers().future

    gather([Future.reject('failure'), rest], { cancelRest: false }).catch(() => {})

    expect(rest.status).toBe('running')
  })
})

describe('gather(), when listeners interfere', () => {
  it('stays cancelled when a listener of its last input cancels it while that settles', () => {
    const input = Future.withResolvers<number>()
    input.future.onSettled(() => all.cancel('inside'))
    const all = gather([input.future])

    input.resolve(1)

    expect([all.status, all.reason]).toEqual(['cancelled', 'inside'])
  })

  it.each([
    ['gather', gather],
    ['gatherSettled', gatherSettled],
  ])('%s stays cancelled when a listener of its own settles its last input', (_, combine) => {
    const { future, resolve } = Future.withResolvers<string>()
    const all = combine([future])
    all.onSettled(() => resolve('late'))

    expect(all.cancel()).toBe(true)

    expect([all.status, future.value]).toEqual(['cancelled', 'late'])
  })

  it('R11 fails with the first failure in time although a listener of it makes another input fail', () => {
    const log: string[] = []
    const [one, two] = [Future.withResolvers<number>(), Future.withResolvers<number>()]
    one.future.onSettled(() => two.reject('two'))
    const all = gather([one.future, two.future])
    all.onSettled(({ status }) => log.push(status))
    one.future.onSettled(() => log.push('one'))
    all.catch(() => {})

    one.reject('one')

    // The gather hears of the second failure before it hears of the first.
    expect(log).toEqual(['rejected', 'one'])
    expect(all.reason).toBe('one')
  })

  it('tells depth first: the listeners of a gather come before the next listener of its input', () => {
    const log: string[] = []
    const { future, resolve } = Future.withResolvers<number>({ name: 'input' })
    future.onSettled(() => log.push('input 1'))
    const inner = gather([future])
    const outer = gather([inner])
    future.onSettled(() => log.push('input 2'))
    inner.onSettled(() => log.push('inner'))
    outer.onSettled(() => log.push('outer'))

    resolve(1)

    expect(log).toEqual(['input 1', 'outer', 'inner', 'input 2'])
  })

  it('can be made again by its own listener', () => {
    const log: unknown[] = []
    const { future, resolve } = Future.withResolvers<number>()
    const all = gather([future])
    all.onSettled(() => log.push(gather([future, all]).value))

    resolve(1)

    expect(log).toEqual([[1, [1]]])
  })

  it('R8 settles although a listener before it throws, which is reported as uncaught', async () => {
    const { future, resolve } = Future.withResolvers<number>()
    const error = new Error('from a listener')
    future.onSettled(() => {
      throw error
    })
    const all = gather([future])

    const strays = await strayErrorsDuring(() => resolve(1))

    expect(all.value).toEqual([1])
    expect(strays).toEqual([error])
  })

  it('cancels the rest although its own listener has settled a part of it', () => {
    const [failing, one, two] = [1, 2, 3].map(() => Future.withResolvers<number>())
    const all = gather([failing?.future, one?.future, two?.future], { cancelRest: true })
    all.onSettled(() => one?.resolve(1))
    all.catch(() => {})

    failing?.reject('failure')

    expect([one?.future.status, two?.future.status]).toEqual(['fulfilled', 'cancelled'])
  })
})
