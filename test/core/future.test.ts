import { CancelledError, Future, gather, InvalidStateError, type Status } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'
import { survivorsOf } from '../support/collected.ts'
import { revokedProxy } from '../support/hostile.ts'
import { strayErrorsDuring } from '../support/stray-errors.ts'

const boom = new Error('boom')

/** Every state that a future without a body can be in. The failures are collected. */
function oneOfEach(): Record<Exclude<Status, 'scheduled'>, Future<number>> {
  const rejected = Future.reject<number>(boom)
  rejected.catch(() => {})
  const cancelled = new Future<number>(() => {})
  cancelled.cancel('no longer needed')
  return { running: new Future(() => {}), fulfilled: Future.resolve(42), rejected, cancelled }
}

describe('new Future()', () => {
  it('calls the executor at once, with the functions that settle it', () => {
    const log: string[] = []

    const future = new Future<number>((resolve, reject) => {
      log.push(typeof resolve, typeof reject)
      resolve(1)
    })

    expect(log).toEqual(['function', 'function'])
    expect(future.value).toBe(1)
  })

  it('is rejected with what the executor throws', () => {
    const future = new Future(() => {
      throw boom
    })

    expect(() => future.result()).toThrow(boom)
  })

  it('ignores what the executor throws after it has settled the future', () => {
    const future = new Future<number>((resolve) => {
      resolve(1)
      throw boom
    })

    expect(future.result()).toBe(1)
  })

  it('ignores what the executor throws after it has resolved the future with a pending one', () => {
    const inner = Future.withResolvers<number>()
    const future = new Future<number>((resolve) => {
      resolve(inner.future)
      throw boom
    })

    inner.resolve(1)

    expect(future.result()).toBe(1)
  })

  it.each([undefined, null, {}, 'executor', 1])('throws a TypeError for the executor %j', (bad) => {
    expect(() => new Future(bad as never)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        message: expect.stringMatching(/^Expected `executor` to be a function, got /),
      }),
    )
  })

  it.each([
    ['options', null],
    ['options', 'name'],
    ['options', 3],
    ['name', { name: 1 }],
    ['name', { name: null }],
    ['onCancel', { onCancel: 'stop' }],
    ['onCancel', { onCancel: {} }],
  ])('throws a TypeError that names %s for the options %j', (option, bad) => {
    const log: string[] = []
    const message = new RegExp(`^Expected \`${option}\` to be `)

    expect(() => new Future(() => log.push('executor'), bad as never)).toThrow(TypeError)
    expect(() => new Future(() => log.push('executor'), bad as never)).toThrow(message)
    expect(() => Future.withResolvers(bad as never)).toThrow(TypeError)
    expect(() => Future.withResolvers(bad as never)).toThrow(message)
    expect(log).toEqual([])
  })

  it('takes options that are undefined for options that are absent', () => {
    const future = new Future(() => {}, { name: undefined, onCancel: undefined })

    expect(future.name).toBe('future')
    expect(future.cancel()).toBe(true)
  })
})

describe('Future.withResolvers()', () => {
  it('gives a future and the functions that settle it, usable on their own', () => {
    const { future, resolve } = Future.withResolvers<string>({ name: 'answer' })

    resolve('yes')

    expect(future).toBeInstanceOf(Future)
    expect([future.name, future.value]).toEqual(['answer', 'yes'])
  })

  it('gives a reject that takes the reason as it is', () => {
    const { future, reject } = Future.withResolvers<string>()

    reject(undefined)

    expect([future.status, future.reason]).toEqual(['rejected', undefined])
    future.catch(() => {})
  })
})

describe('Future.resolve()', () => {
  it('gives back a future as it is', () => {
    const future = new Future(() => {})

    expect(Future.resolve(future)).toBe(future)
  })

  it('gives a fulfilled future of a plain value at once', () => {
    const value = { then: 'not a function' }

    expect(Future.resolve(value).value).toBe(value)
    expect(Future.resolve().status).toBe('fulfilled')
    expect(Future.resolve(null).value).toBe(null)
  })

  it('follows a promise', async () => {
    const future = Future.resolve(Promise.resolve(1))

    expect(future.status).toBe('running')
    expect(await future).toBe(1)
    expect(future.status).toBe('fulfilled')
  })
})

describe('Future.reject()', () => {
  it('gives a future that failed with the reason, and follows nothing', () => {
    const reason = Promise.resolve(1)

    const future = Future.reject(reason)

    expect([future.status, future.reason]).toEqual(['rejected', reason])
    future.catch(() => {})
  })
})

describe('A future', () => {
  it('R8 is running until it settles, and then says how', () => {
    const { running, fulfilled, rejected, cancelled } = oneOfEach()
    const look = ({ status, done, value, reason }: Future<number>) => [status, done, value, reason]

    expect(look(running)).toEqual(['running', false, undefined, undefined])
    expect(look(fulfilled)).toEqual(['fulfilled', true, 42, undefined])
    expect(look(rejected)).toEqual(['rejected', true, undefined, boom])
    expect(look(cancelled)).toEqual(['cancelled', true, undefined, 'no longer needed'])
  })

  it('R8 settles once: what comes later changes nothing', () => {
    const log: string[] = []
    const { future, resolve, reject } = Future.withResolvers<number>({
      onCancel: () => log.push('onCancel'),
    })
    future.onSettled(({ status }) => log.push(status))

    resolve(1)
    resolve(2)
    reject(boom)
    const cancelled = future.cancel()

    expect(cancelled).toBe(false)
    expect(log).toEqual(['fulfilled'])
    expect(future.result()).toBe(1)
  })

  it('R8 that was resolved with a pending promise is no longer open to others, but to a cancel', () => {
    const { future, resolve, reject } = Future.withResolvers<number>()
    resolve(new Promise(() => {}))

    resolve(2)
    reject(boom)

    expect(future.status).toBe('running')
    expect(future.cancel('stop')).toBe(true)
    expect(future.reason).toBe('stop')
  })

  it('cannot be written to', () => {
    const future = Future.resolve(1)

    expect(() => Object.assign(future, { value: 2 })).toThrow(TypeError)
    expect(() => Object.assign(future, { status: 'running' })).toThrow(TypeError)
    expect(future.value).toBe(1)
  })

  it('says that it is a Future', () => {
    expect(Object.prototype.toString.call(Future.resolve(1))).toBe('[object Future]')
  })
})

describe('name', () => {
  it('is `future` by default', () => {
    expect(new Future(() => {}).name).toBe('future')
    expect(Future.withResolvers().future.name).toBe('future')
    expect(Future.resolve(1).name).toBe('future')
  })

  it('is the option, also an empty one', () => {
    expect(new Future(() => {}, { name: 'load' }).name).toBe('load')
    expect(new Future(() => {}, { name: '' }).name).toBe('')
  })
})

describe('result()', () => {
  it('gives the value', () => {
    expect(Future.resolve(42).result()).toBe(42)
  })

  it('throws the reason itself, whatever it is', () => {
    const { rejected, cancelled } = oneOfEach()
    const falsy = Future.reject(0)

    expect(() => rejected.result()).toThrow(boom)
    expect(catchFrom(() => cancelled.result())).toBe('no longer needed')
    expect(catchFrom(() => falsy.result())).toBe(0)
  })

  it('throws an InvalidStateError that names the future while it is not done', () => {
    const future = new Future(() => {}, { name: 'load' })

    expect(() => future.result()).toThrow(InvalidStateError)
    expect(() => future.result()).toThrow(/"load".*running/)
  })
})

describe('then(), catch() and finally()', () => {
  it('give native promises', () => {
    const future = Future.resolve(1)

    const promises = [future.then(), future.catch(), future.finally()]

    expect(promises.map((promise) => Object.getPrototypeOf(promise))).toEqual([
      Promise.prototype,
      Promise.prototype,
      Promise.prototype,
    ])
  })

  it('hand on the value', async () => {
    const future = Future.resolve(1)

    expect(await future.then((value) => value + 1)).toBe(2)
    expect(await future.then(null)).toBe(1)
    expect(await future.catch(() => 'caught')).toBe(1)
    expect(await future.finally(() => 'ignored')).toBe(1)
    expect(await future).toBe(1)
  })

  it('hand on the reason of a failure', async () => {
    const { rejected } = oneOfEach()

    expect(await rejected.then(null, (reason) => reason)).toBe(boom)
    expect(await rejected.catch((reason) => reason)).toBe(boom)
    await expect(rejected.finally(() => {})).rejects.toBe(boom)
    await expect(rejected).rejects.toBe(boom)
  })

  it('R13 reject with the very reason of a cancel', async () => {
    const { cancelled } = oneOfEach()

    await expect(cancelled.then()).rejects.toBe('no longer needed')
    expect(await cancelled.catch((reason) => reason)).toBe('no longer needed')
    await expect(cancelled).rejects.toBe('no longer needed')
  })

  it('never call back inside the call, nor inside what settles the future', async () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: string[] = []

    const before = future.then(() => log.push('then, added before'))
    resolve(1)
    const later = future.then(() => log.push('then, added after'))
    log.push('end of the synchronous part')
    await Promise.all([before, later])

    expect(log).toEqual(['end of the synchronous part', 'then, added before', 'then, added after'])
  })

  it('go with whatever takes a promise', async () => {
    const { fulfilled } = oneOfEach()

    expect(await Promise.all([fulfilled, fulfilled])).toEqual([42, 42])
    expect(await Promise.race([fulfilled])).toBe(42)
    expect(await Promise.resolve(fulfilled)).toBe(42)
    expect(await (async () => fulfilled)()).toBe(42)
  })

  it('leave an unhandled rejection of what they gave to the platform', async () => {
    const { rejected } = oneOfEach()

    const errors = await strayErrorsDuring(() => {
      void rejected.then(() => 'never')
    })

    expect(errors).toEqual([boom])
  })
})

describe('onSettled()', () => {
  it('R8 calls listeners synchronously, with the future, in the order they were added', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: unknown[] = []
    future.onSettled((settled) => log.push('first', settled === future, settled.status))
    future.onSettled(() => log.push('second'))
    future.onSettled(() => log.push('third'))

    log.push('before')
    resolve(1)
    log.push('after')

    expect(log).toEqual(['before', 'first', true, 'fulfilled', 'second', 'third', 'after'])
  })

  it('R8 calls a listener at once that is added after settling', () => {
    const log: string[] = []

    Future.resolve(1).onSettled(({ status }) => log.push(status))
    oneOfEach().rejected.onSettled(({ status }) => log.push(status))
    oneOfEach().cancelled.onSettled(({ status }) => log.push(status))

    expect(log).toEqual(['fulfilled', 'rejected', 'cancelled'])
  })

  it('R8 calls a listener at once that is added by another one, before those that still wait', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: string[] = []
    future.onSettled(() => {
      future.onSettled(() => log.push('added by the first'))
      log.push('first')
    })
    future.onSettled(() => log.push('second'))

    resolve(1)

    expect(log).toEqual(['added by the first', 'first', 'second'])
  })

  it('R8 runs the other listeners when one throws, and its error surfaces as uncaught', async () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: string[] = []
    future.onSettled(() => {
      throw boom
    })
    future.onSettled(() => log.push('second'))

    const errors = await strayErrorsDuring(() => {
      resolve(1)
      log.push('after resolve')
    })

    expect(log).toEqual(['second', 'after resolve'])
    expect(errors).toEqual([boom])
    expect(future.status).toBe('fulfilled')
  })

  it('R8 lets the error surface as uncaught also of a listener that is called at once', async () => {
    const errors = await strayErrorsDuring(() => {
      Future.resolve(1).onSettled(() => {
        throw boom
      })
    })

    expect(errors).toEqual([boom])
  })

  it('drops the promise of an async listener, whose failure is the platform’s matter', async () => {
    const errors = await strayErrorsDuring(() => {
      Future.resolve(1).onSettled(async () => {
        throw boom
      })
    })

    expect(errors).toEqual([boom])
  })

  it('calls a listener twice that was added twice, and removes one at a time', () => {
    const first = Future.withResolvers<number>()
    const second = Future.withResolvers<number>()
    const log: string[] = []
    const listener = ({ name }: { name: string }) => log.push(name)
    first.future.onSettled(listener)
    first.future.onSettled(listener)
    second.future.onSettled(listener)
    const stop = second.future.onSettled(listener)

    stop()
    stop()
    first.resolve(1)
    second.resolve(2)

    expect(log).toEqual(['future', 'future', 'future'])
  })

  it('calls nobody who stopped listening', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: string[] = []
    const stopFirst = future.onSettled(() => log.push('first'))
    future.onSettled(() => log.push('second'))
    const stopThird = future.onSettled(() => log.push('third'))

    stopFirst()
    stopThird()
    resolve(1)
    stopFirst()

    expect(log).toEqual(['second'])
  })

  it('calls nobody who stopped listening while the listeners were being called', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: string[] = []
    future.onSettled(() => {
      log.push('first')
      stopSecond()
    })
    const stopSecond = future.onSettled(() => log.push('second'))
    future.onSettled(() => log.push('third'))

    resolve(1)

    expect(log).toEqual(['first', 'third'])
  })

  it('lets go of a listener that stopped, while the future lives on', async () => {
    const future = new Future<number>(() => {})
    const listeners = [stoppedListenerOf(future), stoppedListenerOf(future)]

    expect(await survivorsOf(listeners)).toBe(0)
    expect(future.status).toBe('running')
  })

  it('keeps nothing of listeners that come and go, while the future lives on', async () => {
    const future = new Future<number>(() => {})
    const comeAndGo = () => {
      for (let i = 0; i < 100_000; i++) future.onSettled(() => {})()
    }
    comeAndGo()
    const before = usedMemory()

    comeAndGo()

    // What is left of each would be at least a reference in a list.
    expect(usedMemory() - before).toBeLessThan(400_000)
  })

  it('is not disturbed by a listener that stops itself', () => {
    const { future, resolve } = Future.withResolvers<number>()
    const log: string[] = []
    const stop = future.onSettled(() => {
      stop()
      log.push('first')
    })
    future.onSettled(() => log.push('second'))

    resolve(1)

    expect(log).toEqual(['first', 'second'])
  })

  it('drops what a listener tries to change about the outcome', () => {
    const { future, resolve, reject } = Future.withResolvers<number>()
    const log: unknown[] = []
    future.onSettled(() => {
      resolve(2)
      reject(boom)
      log.push(future.cancel())
    })
    future.onSettled(({ value }) => log.push(value))

    resolve(1)

    expect(log).toEqual([false, 1])
  })

  it('has run every listener of another future by the time the call that settles it returns', () => {
    const outer = Future.withResolvers<string>()
    const inner = Future.withResolvers<string>()
    const log: string[] = []
    outer.future.onSettled(() => {
      log.push('outer, first')
      inner.resolve('inner')
      log.push('inner is settled')
    })
    outer.future.onSettled(() => log.push('outer, second'))
    inner.future.onSettled(() => log.push('inner, first'))
    inner.future.onSettled(() => log.push('inner, second'))

    outer.resolve('outer')

    expect(log).toEqual([
      'outer, first',
      'inner, first',
      'inner, second',
      'inner is settled',
      'outer, second',
    ])
  })

  it.each([undefined, null, {}, 'listener'])('throws a TypeError for the listener %j', (bad) => {
    const { running, fulfilled } = oneOfEach()

    expect(() => running.onSettled(bad as never)).toThrow(/^Expected `listener` to be a function/)
    expect(() => fulfilled.onSettled(bad as never)).toThrow(TypeError)
  })

  it('takes twenty thousand listeners, and stops them all again', () => {
    const { future, resolve } = Future.withResolvers<number>()
    let calls = 0
    const listen = () =>
      future.onSettled(() => {
        calls += 1
      })
    const stops = Array.from({ length: 20_000 }, listen)
    Array.from({ length: 100 }, listen)

    for (const stop of stops.reverse()) stop()
    resolve(1)

    expect(calls).toBe(100)
  })
})

describe('cancel()', () => {
  it('R13 settles at once, then runs the listeners, then calls onCancel with the reason', () => {
    const log: unknown[] = []
    const future = new Future(() => {}, { onCancel: (reason) => log.push('onCancel', reason) })
    future.onSettled(({ status }) => log.push('first listener', status))
    future.onSettled(({ reason }) => log.push('second listener', reason))

    const settled = future.cancel('enough')
    log.push('returned', settled)

    expect(log).toEqual([
      'first listener',
      'cancelled',
      'second listener',
      'enough',
      'onCancel',
      'enough',
      'returned',
      true,
    ])
  })

  it('R13 gives a CancelledError as the reason when there is none', async () => {
    const reasons: unknown[] = []
    const future = new Future(() => {}, { onCancel: (reason) => reasons.push(reason) })

    future.cancel()

    expect(future.reason).toBeInstanceOf(CancelledError)
    expect(future.reason).toMatchObject({ name: 'AbortError', code: 20 })
    expect(reasons).toEqual([future.reason])
    await expect(future).rejects.toBe(future.reason)
  })

  it.each([null, 0, '', false, Number.NaN])('R13 takes the reason %j as it is', (reason) => {
    const future = new Future(() => {})

    future.cancel(reason)

    expect(future.reason).toBe(reason)
    expect(catchFrom(() => future.result())).toBe(reason)
  })

  it('R13 does nothing to a future that is done', () => {
    const log: string[] = []
    const { future, resolve } = Future.withResolvers<number>({
      onCancel: () => log.push('onCancel'),
    })
    resolve(1)

    expect(future.cancel()).toBe(false)
    expect([future.status, future.value, log]).toEqual(['fulfilled', 1, []])
  })

  it('R13 settles only once: a second cancel, from anywhere, does nothing', () => {
    const log: unknown[] = []
    const future: Future<never> = new Future(() => {}, {
      onCancel: (reason) => log.push('onCancel', reason, future.cancel('third')),
    })
    future.onSettled(() => log.push('listener', future.cancel('second')))

    future.cancel('first')

    expect(log).toEqual(['listener', false, 'onCancel', 'first', false])
    expect(future.cancel('fourth')).toBe(false)
    expect(future.reason).toBe('first')
  })

  it('R13 lets what onCancel throws surface as uncaught', async () => {
    const future = new Future(() => {}, {
      onCancel: () => {
        throw boom
      },
    })

    const errors = await strayErrorsDuring(() => {
      expect(future.cancel()).toBe(true)
    })

    expect(errors).toEqual([boom])
    expect(future.status).toBe('cancelled')
  })

  it('R13 drops what still comes: a value, a failure, a promise that fails', async () => {
    const settlers: ((future: ReturnType<typeof Future.withResolvers<number>>) => void)[] = [
      ({ resolve }) => resolve(1),
      ({ reject }) => reject(boom),
      ({ resolve }) => resolve(Promise.reject(boom)),
      ({ resolve }) => resolve(Future.reject(boom)),
      ({ resolve }) => resolve({ then: (_, reject) => reject?.(boom) as never }),
    ]
    const futures = settlers.map(() => Future.withResolvers<number>())

    const errors = await strayErrorsDuring(() => {
      for (const [i, one] of futures.entries()) {
        one.future.cancel('enough')
        settlers[i]?.(one)
      }
    })

    expect(errors).toEqual([])
    expect(futures.map(({ future }) => future.reason)).toEqual(futures.map(() => 'enough'))
  })

  it('R13 drops the failure of a promise that the future was resolved with before', async () => {
    const { future, resolve } = Future.withResolvers<number>()

    const errors = await strayErrorsDuring(() => {
      resolve(Promise.resolve().then(throwIt))
      future.cancel('enough')
    })

    expect(errors).toEqual([])
    expect(future.reason).toBe('enough')
  })

  it('wakes those who await the future', async () => {
    const future = new Future(() => {})
    const awaiting = future.then(
      () => 'value',
      (reason) => reason,
    )

    future.cancel('enough')

    expect(await awaiting).toBe('enough')
  })
})

describe('[Symbol.dispose]()', () => {
  it('cancels a future that is not done when its block ends', () => {
    const reasons: unknown[] = []

    {
      using future = new Future(() => {}, { onCancel: (reason) => reasons.push(reason) })
      reasons.push(future.status)
    }

    expect(reasons).toEqual(['running', expect.any(CancelledError)])
  })

  it('leaves a future alone that is done', () => {
    const future = Future.resolve(1)

    future[Symbol.dispose]()

    expect(future.status).toBe('fulfilled')
  })
})

describe('Resolving a future with another one', () => {
  it('R9 takes over its outcome, whatever it is, at once if it is done', () => {
    const { fulfilled, rejected, cancelled } = oneOfEach()

    const outer = [fulfilled, rejected, cancelled].map(
      (inner) => new Future<number>((resolve) => resolve(inner)),
    )

    expect(outer.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'cancelled'])
    expect(outer.map(({ value, reason }) => value ?? reason)).toEqual([
      42,
      boom,
      'no longer needed',
    ])
    outer[1]?.catch(() => {})
  })

  it('R9 takes over its outcome synchronously when it settles, between its other listeners', () => {
    const inner = Future.withResolvers<number>()
    const log: unknown[] = []
    inner.future.onSettled(() => log.push('inner, first'))
    const outer = new Future<number>((resolve) => resolve(inner.future))
    outer.onSettled(({ value }) => log.push('outer', value))
    inner.future.onSettled(() => log.push('inner, last'))

    inner.resolve(1)

    expect(log).toEqual(['inner, first', 'outer', 1, 'inner, last'])
  })

  it('R9 takes over a cancel, with its reason', () => {
    const inner = new Future<number>(() => {})
    const outer = new Future<number>((resolve) => resolve(inner))

    inner.cancel('enough')

    expect([outer.status, outer.reason]).toEqual(['cancelled', 'enough'])
  })

  it('R9 does not cancel the inner one when the outer one is cancelled', () => {
    const log: string[] = []
    const inner = Future.withResolvers<number>({ onCancel: () => log.push('inner cancelled') })
    const outer = new Future<number>((resolve) => resolve(inner.future))

    outer.cancel('enough')
    inner.resolve(1)

    expect(log).toEqual([])
    expect([inner.future.value, outer.reason]).toEqual([1, 'enough'])
  })

  it('R9 leaves nothing of the outer one on an inner one that lives much longer', async () => {
    const inner = new Future<number>(() => {})
    const outer = cancelledFollowerOf(inner)

    expect(await survivorsOf([outer])).toBe(0)
    expect(inner.status).toBe('running')
  })

  it('R9 collects the inner one: only the outer one may be reported', () => {
    const inner = Future.withResolvers<number>()
    const outer = new Future<number>((resolve) => resolve(inner.future))
    const before = process.listenerCount('exit')

    inner.reject(boom)
    const heldWithOuter = process.listenerCount('exit') - before
    outer.catch(() => {})

    expect(heldWithOuter).toBe(1)
    expect(process.listenerCount('exit') - before).toBe(0)
  })

  it('R9 rejects with a TypeError when that is the future itself', () => {
    const { future, resolve } = Future.withResolvers<unknown>()

    resolve(future)

    expect(future.status).toBe('rejected')
    expect(() => future.result()).toThrow(TypeError)
  })

  it('R9 stays pending in a circle, from which a cancel breaks', () => {
    const a = Future.withResolvers<unknown>()
    const b = Future.withResolvers<unknown>()
    a.resolve(b.future)
    b.resolve(a.future)

    expect([a.future.status, b.future.status]).toEqual(['running', 'running'])
    a.future.cancel('enough')

    expect([a.future.reason, b.future.reason]).toEqual(['enough', 'enough'])
  })

  it.each(['first to last', 'last to first'])(
    'R10 settles a chain of twenty thousand, linked from %s, without growing the stack',
    (direction) => {
      const length = 20_000
      const chain = Array.from({ length }, () => Future.withResolvers<number>())
      const links = Array.from({ length: length - 1 }, (_, i) => i)

      for (const i of direction === 'first to last' ? links : links.reverse()) {
        chain[i]?.resolve(chain[i + 1]?.future as Future<number>)
      }
      chain[length - 1]?.resolve(7)

      expect(chain.every(({ future }) => future.value === 7)).toBe(true)
    },
  )

  it('R10 takes a cancel over along a chain of any length', () => {
    const length = 20_000
    const last = new Future<number>(() => {})
    let first = last
    for (let i = 1; i < length; i++) {
      const next = first
      first = new Future((resolve) => resolve(next))
    }

    last.cancel('enough')

    expect([first.status, first.reason]).toEqual(['cancelled', 'enough'])
  })
})

describe('Resolving a future with a promise', () => {
  it('D8 follows it with one `then`: no tick more than its own listeners', async () => {
    const promise = Promise.resolve(1)
    const log: string[] = []
    void promise.then(() => log.push('a listener added before'))
    Future.resolve(promise).onSettled(() => log.push('the future'))
    void promise.then(() => log.push('a listener added after'))

    await promise
    await null

    expect(log).toEqual(['a listener added before', 'the future', 'a listener added after'])
  })

  it('R9 fails with its reason, of any kind', async () => {
    const future = Future.resolve(Promise.reject(null))

    await expect(future).rejects.toBe(null)
    expect(future.status).toBe('rejected')
  })

  it('R9 calls the `then` of a subclass, or one that was put on the promise', async () => {
    class Traced extends Promise<number> {
      override then<A, B>(
        fulfilled?: ((value: number) => A | PromiseLike<A>) | null,
        rejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        log.push('then of the subclass')
        return super.then(fulfilled, rejected)
      }
    }
    const log: string[] = []
    const patched = Object.assign(Promise.resolve(1), {
      then: (fulfilled: (value: number) => void) => fulfilled(2),
    })

    expect(await Future.resolve(new Traced((resolve) => resolve(1)))).toBe(1)
    expect(await Future.resolve(patched as unknown as Promise<number>)).toBe(2)
    expect(log).toContain('then of the subclass')
  })
})

describe('Resolving a future with a foreign thenable', () => {
  it('D8 calls its `then` in a microtask of its own, as a method', async () => {
    const log: unknown[] = []
    const thenable = {
      then(resolve: (value: string) => void) {
        log.push('then', this === thenable)
        resolve('value')
      },
    }

    const future = Future.resolve(thenable)
    log.push('resolved')
    await null
    log.push('a microtask later')

    expect(log).toEqual(['resolved', 'then', true, 'a microtask later'])
    expect(await future).toBe('value')
  })

  it('R9 reads its `then` once', async () => {
    const log: string[] = []
    const thenable = {
      get then() {
        log.push('read')
        return (resolve: (value: number) => void) => resolve(1)
      },
    }

    await Future.resolve(thenable)

    expect(log).toEqual(['read'])
  })

  it('R9 takes a function that is thenable for one', async () => {
    const thenable = Object.assign(() => {}, {
      then: (resolve: (value: number) => void) => resolve(1),
    })

    expect(await Future.resolve(thenable)).toBe(1)
  })

  it('R9 takes a primitive as a value, whatever its prototype has', () => {
    Object.defineProperty(Number.prototype, 'then', { configurable: true, value: () => {} })
    try {
      expect(Future.resolve(1).value).toBe(1)
    } finally {
      Reflect.deleteProperty(Number.prototype, 'then')
    }
  })

  it.each<[string, object, Status, unknown]>([
    ['whose getter throws', throwingGetter(), 'rejected', boom],
    ['that throws', { then: throwIt }, 'rejected', boom],
    ['that fulfils and throws', thenable((f) => [f(1), throwIt()]), 'fulfilled', 1],
    ['that fails and throws', thenable((_, r) => [r(1), throwIt()]), 'rejected', 1],
    ['that fulfils twice', thenable((f) => [f(1), f(2)]), 'fulfilled', 1],
    ['that fulfils and fails', thenable((f, r) => [f(1), r(2)]), 'fulfilled', 1],
    ['that fails and fulfils', thenable((f, r) => [r(1), f(2)]), 'rejected', 1],
    ['that fails twice', thenable((_, r) => [r(1), r(2)]), 'rejected', 1],
    [
      'that fulfils with a thenable that throws',
      thenable((f) => f({ then: throwIt })),
      'rejected',
      boom,
    ],
    ['that fulfils with a future', thenable((f) => f(Future.resolve(3))), 'fulfilled', 3],
    ['that fails with a future', thenable((_, r) => r(FAILURE)), 'rejected', FAILURE],
    [
      'that only looks like a promise',
      Object.create(Promise.prototype),
      'rejected',
      expect.any(TypeError),
    ],
    [
      'that only looks like a future',
      Object.create(Future.prototype),
      'rejected',
      expect.any(TypeError),
    ],
    [
      'that is a proxy of a future',
      new Proxy(Future.resolve(1), {}),
      'rejected',
      expect.any(TypeError),
    ],
    ['that is a revoked proxy', revokedProxy(), 'rejected', expect.any(TypeError)],
  ])('R9 settles once with one %s', async (_, hostile, status, outcome) => {
    const log: unknown[] = []
    const { future, resolve } = Future.withResolvers<unknown>()
    future.onSettled(({ value, reason }) => log.push(value ?? reason))

    const errors = await strayErrorsDuring(() => resolve(hostile))

    expect(errors).toEqual([])
    expect(log).toEqual([outcome])
    expect(future.status).toBe(status)
    future.catch(() => {})
  })

  it('R9 settles once with one that calls back late, again and after a cancel', async () => {
    const clock = new VirtualClock()
    const late = thenable((fulfil, reject) => {
      clock.callLater(() => fulfil('late'), 10)
      clock.callLater(() => reject(boom), 20)
    })
    const first = Future.resolve(late)
    const second = Future.resolve(late)
    await clock.advance(5)
    second.cancel('enough')

    await clock.run()

    expect([first.status, await first]).toEqual(['fulfilled', 'late'])
    expect([second.status, second.reason]).toEqual(['cancelled', 'enough'])
  })

  it('R9 stays pending with one that never calls back', async () => {
    const future = Future.resolve(thenable(() => {}))

    await new VirtualClock().run()

    expect(future.status).toBe('running')
  })
})

describe('A failure whose reason is hostile', () => {
  it.each<[string, unknown]>([
    ['a revoked proxy', revokedProxy()],
    ['an error whose stack cannot be read', throwingProperty('stack')],
    ['an error whose cause cannot be read', throwingProperty('cause')],
    ['an error whose errors are no list', Object.assign(new Error('many'), { errors: 3 })],
    ['an error that is its own cause', ownCause()],
    ['a future', Future.resolve(1)],
    ['an object without a prototype', Object.create(null)],
    ['a symbol', Symbol('reason')],
  ])('R16 is held, and settles the future like every other: %s', async (_, reason) => {
    const log: unknown[] = []
    const { future, reject } = Future.withResolvers<number>()
    future.onSettled(({ status }) => log.push(status))

    reject(reason)

    expect(log).toEqual(['rejected'])
    expect(await future.catch((caught) => caught === reason)).toBe(true)
  })
})

describe('A subclass of Future', () => {
  it('is a future like any other', async () => {
    class Answer extends Future<number> {
      double(): number {
        return 2 * this.result()
      }
    }

    const answer = new Answer((resolve) => resolve(21), { name: 'answer' })

    expect([answer.double(), answer.name, await answer]).toEqual([42, 'answer', 21])
    expect(gather([answer]).value).toEqual([21])
  })
})

const FAILURE = Future.resolve('a reason that is a future')

type Settle = (outcome: unknown) => unknown

function thenable(then: (fulfil: Settle, reject: Settle) => unknown): object {
  return { then }
}

function throwIt(): never {
  throw boom
}

function throwingGetter(): object {
  return Object.defineProperty({}, 'then', { get: throwIt })
}

function throwingProperty(name: string): Error {
  return Object.defineProperty(new Error('hostile'), name, { get: throwIt })
}

function ownCause(): Error {
  const error = new Error('circle')
  error.cause = error
  return error
}

function usedMemory(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

// Each in a function of its own, so that no variable of a test still refers to the object.

function stoppedListenerOf(future: Future<number>): WeakRef<object> {
  const listener = () => {}
  future.onSettled(listener)()
  return new WeakRef(listener)
}

function cancelledFollowerOf(inner: Future<number>): WeakRef<Future<number>> {
  const outer = new Future<number>((resolve) => resolve(inner))
  outer.cancel()
  return new WeakRef(outer)
}

function catchFrom(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown')
}
