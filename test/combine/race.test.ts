import { CancelledError, Future, race } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { failAfter, turn, valueAfter } from '../support/timed.ts'

describe('race()', () => {
  it('takes over the value of the input that settles first in time', async () => {
    const clock = new VirtualClock()
    const first = race([valueAfter(clock, 30, 'slow'), valueAfter(clock, 10, 'fast')])

    await clock.run()

    expect([first.status, first.value]).toEqual(['fulfilled', 'fast'])
  })

  it('takes over a failure, as it is', async () => {
    const clock = new VirtualClock()
    const failure = new Error('boom')
    const first = race([valueAfter(clock, 30, 'slow'), failAfter(clock, 10, failure)])
    first.catch(() => {})

    await clock.run()

    expect(first.reason).toBe(failure)
  })

  it('R11 takes over a cancel, with the same reason', () => {
    const { future } = Future.withResolvers()
    const first = race([Future.withResolvers().future, future])

    future.cancel('enough')

    expect([first.status, first.reason]).toEqual(['cancelled', 'enough'])
  })

  it('takes among inputs that are done already the one that settled first in time', () => {
    const early = Future.withResolvers<string>()
    const late = Future.withResolvers<string>()
    early.resolve('early')
    late.resolve('late')

    expect(race([Future.withResolvers().future, late.future, early.future]).value).toBe('early')
  })

  it('takes a plain value over what is pending, but not over what settled before', () => {
    const pending = Future.withResolvers<string>().future

    expect(race([pending, 'plain', 'another']).value).toBe('plain')
    expect(race([pending, undefined]).status).toBe('fulfilled')
    expect(race(['plain', Future.resolve('done')]).value).toBe('done')
  })

  it('settles synchronously with the first of its inputs', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const first = race([future, Future.withResolvers<number>().future])

    resolve(1)

    expect([first.status, first.value]).toEqual(['fulfilled', 1])
  })

  it('R12 stays pending over an empty list, and can be cancelled', async () => {
    const first = race([])
    await turn()

    expect(first.status).toBe('running')
    expect(first.cancel('enough')).toBe(true)
  })

  it('R11 lets the losers run on, and counts their failures as collected', async () => {
    const clock = new VirtualClock()
    const loser = failAfter(clock, 20, 'loser')
    race([valueAfter(clock, 10, 'winner'), loser])

    await clock.run()

    expect(loser.status).toBe('rejected')
    // What is uncollected would make the guard around every test fail this one.
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R11 with cancelRest cancels the losers once its own listeners have run', () => {
    const log: string[] = []
    const { future, resolve } = Future.withResolvers<number>({ name: 'winner' })
    const losers = ['a', 'b'].map((name) => Future.withResolvers<number>({ name }).future)
    const first = race([losers[0], future, losers[1]], { cancelRest: true })
    for (const each of [...losers, first]) {
      each?.onSettled(({ name, status }) => log.push(`${name}: ${status}`))
    }

    resolve(1)

    expect(log).toEqual(['race: fulfilled', 'a: cancelled', 'b: cancelled'])
    expect(losers[0]?.reason).toEqual(new CancelledError('"race" has its outcome without it'))
  })

  it('R11 with cancelRest tells the losers of the failure that ended it', () => {
    const loser = Future.withResolvers().future

    race([loser, Future.reject('failure')], { cancelRest: true }).catch(() => {})

    expect(loser.reason).toHaveProperty('cause', 'failure')
  })

  it('is called `race` unless it is given a name', () => {
    expect(race([1]).name).toBe('race')
    expect(race([1], { name: 'mirrors' }).name).toBe('mirrors')
  })

  it('follows native promises and foreign thenables', async () => {
    const thenable = { then: (resolve: (value: string) => void) => resolve('thenable') }

    expect(await race([new Promise<string>(() => {}), thenable as PromiseLike<string>])).toBe(
      'thenable',
    )
  })
})
