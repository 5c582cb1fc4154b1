import { Future, gatherSettled } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { failAfter, valueAfter } from '../support/timed.ts'

describe('gatherSettled()', () => {
  it('R10 gives one outcome per input, in argument order, together with the last of them', async () => {
    const clock = new VirtualClock()
    const failure = new Error('boom')
    const cancelled = Future.withResolvers<never>().future
    clock.callLater(() => cancelled.cancel('enough'), 5)
    const all = gatherSettled([
      valueAfter(clock, 30, 'a'),
      failAfter(clock, 10, failure),
      cancelled,
      'plain',
    ])

    await clock.advance(29)
    expect(all.status).toBe('running')
    await clock.advance(1)

    expect(all.value).toEqual([
      { status: 'fulfilled', value: 'a' },
      { status: 'rejected', reason: failure },
      { status: 'rejected', reason: 'enough' },
      { status: 'fulfilled', value: 'plain' },
    ])
  })

  it('R12 takes the forms of gather: one by one, iterables, records, nothing', async () => {
    const one = { status: 'fulfilled', value: 1 }

    expect(await gatherSettled(Future.resolve(1), Promise.resolve(1))).toEqual([one, one])
    expect(gatherSettled(new Set([1])).value).toEqual([one])
    expect(gatherSettled({ a: 1, b: Future.resolve(1) }).value).toEqual({ a: one, b: one })
    expect([gatherSettled().value, gatherSettled([]).value, gatherSettled({}).value]).toEqual([
      [],
      [],
      {},
    ])
  })

  it('R10 is fulfilled at once over inputs that are done, failed ones included', () => {
    const all = gatherSettled([Future.reject('failure')])

    expect(all.value).toEqual([{ status: 'rejected', reason: 'failure' }])
  })

  it('R8 collects every failure', () => {
    gatherSettled([Future.reject('one'), Future.reject('two')])

    // What is uncollected would make the guard around every test fail this one.
    expect(process.listenerCount('beforeExit')).toBe(0)
  })

  it('R11 cancels nothing when an input fails, under cancelRest neither', () => {
    const other = Future.withResolvers().future

    gatherSettled([Future.reject('failure'), other], { cancelRest: true })

    expect(other.status).toBe('running')
  })

  it('is called `gatherSettled` unless it is given a name', () => {
    expect(gatherSettled([]).name).toBe('gatherSettled')
    expect(gatherSettled([], { name: 'pages' }).name).toBe('pages')
  })

  it('gives an outcome for an input given twice at both positions', () => {
    const { future, reject } = Future.withResolvers()
    const all = gatherSettled([future, future])

    reject('failure')

    expect(all.value).toEqual([
      { status: 'rejected', reason: 'failure' },
      { status: 'rejected', reason: 'failure' },
    ])
  })
})
