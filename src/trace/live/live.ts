import type { Clock } from '../../core/clock.ts'
import { check, checkNumber, checkObject, checkOptions, has } from '../../internal/check.ts'
import type { Recorder, SpanListener } from '../recorder.ts'
import { LiveLines } from './live-lines.ts'
import { LiveScreen } from './live-screen.ts'
import type { LiveStream, View } from './live-stream.ts'
import { LiveTally } from './live-tally.ts'

/** How a live view looks. */
export interface LiveOptions {
  /** How many calls there will be, if that is known: then there is a bar. */
  total?: number | undefined
  /** How many of those that run are named at most, the longest first. Default 5. */
  lines?: number | undefined
  /** How often a terminal is drawn anew, in milliseconds. Default 100. */
  interval?: number | undefined
  /** How often there is a line at most where there is no terminal, in milliseconds. Default 10 000. */
  every?: number | undefined
  /** What calls back for the next picture. By default the platform, which that does not keep alive. */
  clock?: Clock | undefined
}

/** Shows what runs now, until the function it gives is called. */
export function showLive(recorder: Recorder, stream: LiveStream, options: LiveOptions): () => void {
  check(has(stream, 'write'), 'stream', 'a writable stream', stream)
  checkObject(options)
  checkOptions({ clock: options.clock })
  const { total, lines = 5, interval = 100, every = 10_000 } = options
  const isCount = (n: number): boolean => n >= 0 && Number.isInteger(n)
  if (total !== undefined) checkNumber('total', 'a whole number from 0 up', total, isCount)
  checkNumber('lines', 'a whole number from 0 up', lines, isCount)
  checkNumber('interval', 'milliseconds above 0', interval, (n) => n > 0 && n < Infinity)
  checkNumber('every', 'milliseconds above 0', every, (n) => n > 0 && n < Infinity)
  const tally = new LiveTally(total)
  const view: View = stream.isTTY
    ? new LiveScreen(stream, (isLast) => tally.picture(stream, lines, isLast))
    : new LiveLines(stream, tally)
  const listener: SpanListener = (span, event) => {
    tally.note(span, event)
    view.note(span, event)
  }
  recorder.listeners.add(listener)
  const stopTicking = repeat(() => view.tick(), stream.isTTY ? interval : every, options.clock)
  let hasEnded = false
  return () => {
    if (hasEnded) return
    hasEnded = true
    recorder.listeners.delete(listener)
    stopTicking()
    view.end()
  }
}

/** As little of a timer as is used here: in a browser it is a number. */
type Timer = number & { unref?(): void }

/** Calls back again and again; gives a function that ends it. */
function repeat(callback: () => void, interval: number, clock: Clock | undefined): () => void {
  if (clock === undefined) {
    // The view is no reason for the program to go on.
    const timer = setInterval(callback, interval) as unknown as Timer
    timer.unref?.()
    return () => clearInterval(timer)
  }
  let stop = clock.callLater(again, interval)
  function again(): void {
    callback()
    stop = (clock as Clock).callLater(again, interval)
  }
  return () => stop()
}
