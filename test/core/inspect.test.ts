import { inspect } from 'node:util'
import { Future, gather, task } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { describe, expect, it } from 'vitest'

describe('A future, in Node’s inspector,', () => {
  it('shows its name and its state while it is pending', async () => {
    const work = task(() => 1, { name: 'work' })
    const future = work()

    const scheduled = inspect(future)
    await future

    expect(scheduled).toBe('Future "work" { scheduled }')
    expect(inspect(new Future(() => {}))).toBe('Future "future" { running }')
  })

  it('shows its value', () => {
    expect(inspect(Future.resolve(42))).toBe('Future "future" { fulfilled: 42 }')
    expect(inspect(Future.resolve('text'))).toBe(`Future "future" { fulfilled: 'text' }`)
    expect(inspect(Future.resolve())).toBe('Future "future" { fulfilled: undefined }')
    expect(inspect(gather([1, 2]))).toBe('Future "gather" { fulfilled: [ 1, 2 ] }')
  })

  it('shows why it failed, with the stack of an error', () => {
    const rejected = Future.reject(new RangeError('boom'))
    const cancelled = new Future(() => {}, { name: 'load' })
    cancelled.cancel('enough')

    expect(inspect(rejected)).toMatch(/^Future "future" \{ rejected: RangeError: boom\n {4}at /)
    expect(inspect(cancelled)).toBe(`Future "load" { cancelled: 'enough' }`)
    rejected.catch(() => {})
  })

  it('shows no deeper than it is asked to', () => {
    const future = Future.resolve({ a: { b: { c: { d: 1 } } } })

    expect(inspect({ a: { b: future } }, { depth: 2 })).not.toContain('b: { c')
    expect(inspect({ future }, { depth: 0 })).not.toContain('a:')
    expect(inspect({ a: { b: future } }, { depth: null })).toContain('d: 1')
  })

  it('comes to an end when its value refers back to it', () => {
    const value: { future?: Future<unknown> } = {}
    const future = Future.resolve(value)
    value.future = future

    expect(inspect(future).length).toBeLessThan(1000)
    expect(inspect(value).length).toBeLessThan(1000)
    expect(inspect([future, future]).length).toBeLessThan(1000)
  })

  it('comes to an end when futures hold one another to any depth', () => {
    const future = Array.from({ length: 10_000 }).reduce<Future<unknown>>(
      (held) => Future.resolve({ held }),
      Future.resolve(1),
    )

    expect(inspect(future).length).toBeLessThan(1000)
  })

  it('takes over the options of the inspector', () => {
    const plain = inspect(42)
    const coloured = inspect(42, { colors: true })

    expect(coloured).not.toBe(plain)
    expect(inspect(Future.resolve(42), { colors: true })).toContain(coloured)
  })

  it('is not collected by being looked at', () => {
    const before = process.listenerCount('exit')
    const future = Future.reject('boom')

    inspect(future)
    String(future)

    expect(process.listenerCount('exit') - before).toBe(1)
    future.catch(() => {})
  })

  it('shows nothing of how it is made', () => {
    const future = new Future(() => {})

    expect(Object.keys(future)).toEqual([])
    expect(Object.getOwnPropertyNames(future)).toEqual([])
    expect(inspect(Future.prototype)).toContain('Future')
  })
})

describe('A future, in Deno’s inspector,', () => {
  it('shows the same', async () => {
    const clock = new VirtualClock()
    const future = Future.resolve(clock.sleep(5).then(() => 42))
    const pending = inspectAsDeno(future)
    await clock.run()

    expect(pending).toBe('Future "future" { running }')
    expect(inspectAsDeno(future)).toBe('Future "future" { fulfilled: 42 }')
  })
})

/**
 * Deno looks for its own symbol first, which gets `(inspect, options)`, and then for Node's, which gets what Node gives it.
 *
 * Source: `ext/console/01_console.js` of Deno.
 */
function inspectAsDeno(value: object): string {
  const options = { depth: 4 }
  const denoInspect = (each: unknown) => String(each)
  const own: unknown = Reflect.get(value, Symbol.for('Deno.customInspect'))
  const node: unknown = Reflect.get(value, Symbol.for('nodejs.util.inspect.custom'))
  return typeof own === 'function'
    ? own.call(value, denoInspect, options)
    : (node as (...args: unknown[]) => string).call(value, 4, options, denoInspect)
}
