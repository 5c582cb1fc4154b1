import { hostProcess } from '../render/terminal.ts'
import type { LiveStream, View } from './live-stream.ts'

/**
 * Some lines at the bottom of a terminal that are drawn over and over. What else the program writes
 * to the same stream comes above them. The cursor is hidden, and comes back however the program
 * ends.
 *
 * Of its own, and not a library: those that are well kept import Node's modules, which a browser
 * could not load with this door.
 */
export class LiveScreen implements View {
  readonly #stream: LiveStream
  readonly #picture: (isLast: boolean) => readonly string[]
  readonly #write: (...args: never[]) => unknown
  /** How many lines are drawn now. */
  #height = 0

  constructor(stream: LiveStream, picture: (isLast: boolean) => readonly string[]) {
    this.#stream = stream
    this.#picture = picture
    this.#write = stream.write
    stream.write = this.#writeAbove
    const { on } = hostProcess()
    for (const [event, listener] of this.#listeners) on?.call(hostProcess(), event, listener)
    this.#put(HIDE_CURSOR)
    this.tick()
  }

  note(): void {}

  tick(): void {
    this.#draw(false)
  }

  #draw(isLast: boolean): void {
    const lines = this.#picture(isLast).slice(0, Math.max(1, (this.#stream.rows || 24) - 1))
    const text = lines.map((line) => `${line}${CLEAR_LINE}\n`).join('')
    this.#put(`${this.#back}${text}${CLEAR_BELOW}`)
    this.#height = lines.length
  }

  end(): void {
    this.#draw(true)
    this.#restore()
  }

  /** Moves up to where the picture begins. */
  get #back(): string {
    return this.#height > 0 ? `\r\u001b[${this.#height}A` : ''
  }

  #put(text: string): void {
    Reflect.apply(this.#write, this.#stream, [text])
  }

  readonly #writeAbove = (text: string, ...rest: unknown[]): unknown => {
    if (this.#height > 0) this.#put(`${this.#back}${CLEAR_BELOW}`)
    this.#height = 0
    const written = Reflect.apply(this.#write, this.#stream, [text, ...rest])
    // The next picture begins on a line of its own.
    if (typeof text === 'string' && !text.endsWith('\n')) this.#put('\n')
    return written
  }

  #restore(): void {
    if (this.#stream.write === this.#writeAbove) this.#stream.write = this.#write
    const { off } = hostProcess()
    for (const [event, listener] of this.#listeners) off?.call(hostProcess(), event, listener)
    this.#put(SHOW_CURSOR)
  }

  readonly #interrupted = (signal: string): void => {
    const process = hostProcess()
    // Somebody else decides what becomes of the program, and may let it go on.
    if ((process.listenerCount?.(signal) ?? 0) > 1) return
    this.#restore()
    process.kill?.(process.pid as number, signal)
  }

  readonly #listeners: readonly (readonly [event: string, (...args: never[]) => void])[] = [
    ['exit', () => this.end()],
    ['SIGINT', this.#interrupted],
    ['SIGTERM', this.#interrupted],
  ]
}

const HIDE_CURSOR = '\u001b[?25l'
const SHOW_CURSOR = '\u001b[?25h'
const CLEAR_LINE = '\u001b[K'
const CLEAR_BELOW = '\u001b[J'
