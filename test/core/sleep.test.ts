import { getEventListeners } from 'node:events'
import { type Clock, sleep } from 'gatherly'
import { VirtualClock } from 'gatherly/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

describe('sleep()', () => {
  it('R20 resolves to nothing after exactly so many milliseconds of its clock', async () => {
    const clock = new VirtualClock()
    const log: unknown[] = []
    void sleep(250, { clock }).then((value) => log.push(value, clock.now()))

    await clock.advance(249)
    expect(log).toEqual([])
    await clock.advance(1)

    expect(log).toEqual([undefined, 250])
  })

  it('gives a native promise', async () => {
    const clock = new VirtualClock()

    const promise = sleep(0, { clock })
    await clock.run()

    expect(Object.getPrototypeOf(promise)).toBe(Promise.prototype)
    await promise
  })

  it('waits for the clock also when that is for 0 milliseconds', async () => {
    const clock = new VirtualClock()
    const log: string[] = []
    void sleep(0, { clock }).then(() => log.push('awake'))

    await null
    expect(log).toEqual([])
    await clock.advance(0)

    expect(log).toEqual(['awake'])
  })

  it('takes options that are undefined for options that are absent', async () => {
    const clock = new VirtualClock()

    const promise = sleep(5, { clock, signal: undefined })
    await clock.run()

    expect(await promise).toBe(undefined)
  })

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('throws a RangeError for %d', (bad) => {
    expect(() => sleep(bad)).toThrow(RangeError)
    expect(() => sleep(bad)).toThrow(/^Expected `milliseconds` to be .* \(number\)$/)
  })

  it.each([undefined, null, '5', {}, 5n])('throws a TypeError for %o', (bad) => {
    expect(() => sleep(bad as never)).toThrow(TypeError)
    expect(() => sleep(bad as never)).toThrow(/^Expected `milliseconds` to be /)
  })

  it.each([
    ['options', null],
    ['options', 5],
    ['signal', { signal: {} }],
    ['signal', { signal: null }],
    ['signal', { signal: 'abort' }],
    ['signal', { signal: new AbortController() }],
    ['clock', { clock: {} }],
    ['clock', { clock: null }],
    ['clock', { clock: Date }],
  ])('throws a TypeError that names %s for the options %o', (option, bad) => {
    expect(() => sleep(5, bad as never)).toThrow(TypeError)
    expect(() => sleep(5, bad as never)).toThrow(new RegExp(`^Expected \`${option}\` to be `))
  })

  it('R15 rejects with the reason of a signal that has aborted, and sets no timer', async () => {
    const clock = new VirtualClock()
    const signal = AbortSignal.abort('enough')

    await expect(sleep(5, { clock, signal })).rejects.toBe('enough')

    expect(await clock.run()).toBe(0)
  })

  it('R15 rejects with the reason as soon as the signal aborts, and takes its timer back', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const promise = sleep(1000, { clock, signal: controller.signal })
    await clock.advance(10)

    controller.abort('enough')

    await expect(promise).rejects.toBe('enough')
    expect(await clock.run()).toBe(10)
  })

  it('R15 leaves no listener on the signal, however it ends', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const { signal } = controller
    const slept = sleep(5, { clock, signal })
    const during = getEventListeners(signal, 'abort').length

    await clock.run()
    await slept
    const afterwards = getEventListeners(signal, 'abort').length
    const broken = sleep(5, { clock, signal })
    controller.abort('enough')
    await expect(broken).rejects.toBe('enough')

    expect([during, afterwards]).toEqual([1, 0])
    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('R15 leaves no listener on the signal when the clock breaks', async () => {
    const { signal } = new AbortController()
    const broken: Clock = {
      now: () => 0,
      callLater: () => {
        throw new Error('broken')
      },
    }

    await expect((async () => sleep(5, { clock: broken, signal }))()).rejects.toThrow('broken')

    expect(getEventListeners(signal, 'abort')).toEqual([])
  })

  it('is over once the time is: a later abort does nothing', async () => {
    const clock = new VirtualClock()
    const controller = new AbortController()
    const promise = sleep(5, { clock, signal: controller.signal })
    await clock.run()

    controller.abort('enough')

    expect(await promise).toBe(undefined)
  })
})

describe('sleep() on the clock of the system', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })

  afterEach(() => {
    vi.useRealTimers()
  })

  it('waits on the platform’s timer when it is given no clock', async () => {
    const log: string[] = []
    void sleep(50).then(() => log.push('awake'))

    await vi.advanceTimersByTimeAsync(49)
    expect(log).toEqual([])
    await vi.advanceTimersByTimeAsync(1)

    expect(log).toEqual(['awake'])
  })

  it('R15 takes the platform’s timer back when its signal aborts', async () => {
    const controller = new AbortController()
    const promise = sleep(1000, { signal: controller.signal })
    const during = vi.getTimerCount()

    controller.abort('enough')

    await expect(promise).rejects.toBe('enough')
    expect([during, vi.getTimerCount()]).toEqual([1, 0])
  })
})
