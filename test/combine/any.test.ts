import { any, CancelledError, Future } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { failAfter, valueAfter } from '../support/timed.ts'

describe('any()', () => {
  it('gives the value of the input that is fulfilled first in time, whatever failed before', async () => {
    const clock = new VirtualClock()
    const first = any([
      failAfter(clock, 5, 'failed'),
      valueAfter(clock, 30, 'slow'),
      valueAfter(clock, 10, 'fast'),
    ])

    await clock.run()

    expect([first.status, first.value]).toEqual(['fulfilled', 'fast'])
  })

  it('rejects once all have failed, with their reasons in the order of the list, not of time', async () => {
    const clock = new VirtualClock()
    const cancelled = Future.withResolvers<never>().future
    clock.callLater(() => cancelled.cancel('cancelled'), 20)
    const first = any([failAfter(clock, 30, 'last'), cancelled, failAfter(clock, 10, 'first')])
    first.catch(() => {})

    await clock.advance(29)
    expect(first.status).toBe('running')
    await clock.advance(1)

    expect(first.status).toBe('rejected')
    expect(first.reason).toBeInstanceOf(AggregateError)
    expect(first.reason).toHaveProperty('errors', ['last', 'cancelled', 'first'])
  })

  it('R12 rejects at once with an empty AggregateError over an empty list', () => {
    const first = any([])
    first.catch(() => {})

    expect(first.status).toBe('rejected')
    expect(first.reason).toBeInstanceOf(AggregateError)
    expect(first.reason).toHaveProperty('errors', [])
  })

  it('rejects at once over inputs that have all failed already', () => {
    const first = any([Future.reject('a'), Future.reject('b')])
    first.catch(() => {})

    expect(first.reason).toHaveProperty('errors', ['a', 'b'])
  })

  it('takes among inputs that are done already the one that was fulfilled first in time', () => {
    const early = Future.withResolvers<string>()
    const late = Future.withResolvers<string>()
    early.resolve('early')
    late.resolve('late')

    expect(any([Future.reject('failed'), late.future, early.future]).value).toBe('early')
  })

  it('takes a plain value over what is pending or failed, but not over what was fulfilled before', () => {
    const pending = Future.withResolvers<string>().future

    expect(any([pending, 'plain']).value).toBe('plain')
    expect(any([Future.reject('failed'), 'plain']).value).toBe('plain')
    expect(any([undefined]).status).toBe('fulfilled')
    expect(any(['plain', Future.resolve('done')]).value).toBe('done')
  })

  it('R11 counts a cancelled input as a failed one', () => {
    const { future } = Future.withResolvers<number>()
    const other = Future.withResolvers<number>()
    const first = any([future, other.future])

    future.cancel()
    expect(first.status).toBe('running')
    other.resolve(1)

    expect(first.value).toBe(1)
  })

  it('counts an input that was given twice twice', () => {
    const { future, reject } = Future.withResolvers()
    const first = any([future, future])
    first.catch(() => {})

    reject('failure')

    expect(first.reason).toHaveProperty('errors', ['failure', 'failure'])
  })

  it('R11 lets the others run on, and counts their failures as collected', async () => {
    const clock = new VirtualClock()
    const other = failAfter(clock, 20, 'other')
    any([valueAfter(clock, 10, 'first'), other])

    await clock.run()

    expect(other.status).toBe('rejected')
    // What is uncollected would make the guard around every test fail this one.
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R11 with cancelRest cancels what is unfinished once it has a value, not before', () => {
    const failing = Future.withResolvers<number>()
    const winner = Future.withResolvers<number>()
    const rest = Future.withResolvers<number>().future
    any([failing.future, rest, winner.future], { cancelRest: true })

    failing.reject('failure')
    expect(rest.status).toBe('running')
    winner.resolve(1)

    expect(rest.status).toBe('cancelled')
    expect(rest.reason).toBeInstanceOf(CancelledError)
  })

  it('is called `any` unless it is given a name', () => {
    expect(any([1]).name).toBe('any')
    expect(any([1], { name: 'sources' }).name).toBe('sources')
  })
})
