import type { SpanListener } from '../recorder.ts'
import { plain } from '../render/plain-text.ts'
import type { SpanRecord } from '../span.ts'
import { milliseconds } from '../words.ts'
import type { LiveStream, View } from './live-stream.ts'
import type { LiveTally } from './live-tally.ts'

/** For files and pipes: a line now and then, and one for every failure. */
export class LiveLines implements View {
  readonly #stream: LiveStream
  readonly #tally: LiveTally
  #last = ''

  constructor(stream: LiveStream, tally: LiveTally) {
    this.#stream = stream
    this.#tally = tally
  }

  note(span: SpanRecord, event: Parameters<SpanListener>[1]): void {
    if (event !== 'settled' || span.status !== 'rejected') return
    const { name, start, settled, scheduled } = span
    const after = milliseconds((settled ?? scheduled) - (start ?? scheduled))
    this.#stream.write(`${plain(name)} failed after ${after}\n`)
  }

  tick(): void {
    const { line, elapsed } = this.#tally
    if (line === this.#last) return
    this.#last = line
    this.#stream.write(`${line}, ${elapsed}\n`)
  }

  end(): void {
    this.tick()
  }
}
