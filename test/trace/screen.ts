import type { LiveStream } from 'gatherly/trace'

/** As much of a terminal as a live view uses: what it shows after all that was written to it. */
export class Screen implements LiveStream {
  readonly isTTY = true
  readonly columns: number
  readonly rows: number
  hasCursor = true
  /** The longest line that was ever shown. */
  longest = 0
  #lines: string[] = ['']
  #row = 0
  #column = 0

  constructor(columns = 80, rows = 24) {
    this.columns = columns
    this.rows = rows
  }

  /** What it shows, without empty lines at the end. */
  get lines(): readonly string[] {
    const shown = this.#lines.join('\n').trimEnd()
    // Which sign of the spinner it is does not matter.
    return shown.replace(/[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]/gu, '⠿').split('\n')
  }

  write(text: string): boolean {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: commands to a terminal
    for (const [token] of text.matchAll(/\u001b\[\??\d*[a-zA-Z]|./gsu)) this.#take(token)
    return true
  }

  #take(token: string): void {
    // biome-ignore lint/suspicious/noControlCharactersInRegex: commands to a terminal
    const [, count, command] = /^\u001b\[\??(\d*)([a-zA-Z])/.exec(token) ?? []
    const line = this.#lines[this.#row] ?? ''
    if (command === undefined) this.#print(token, line)
    else if (command === 'A') this.#row = Math.max(0, this.#row - Number(count))
    else if (command === 'K') this.#lines[this.#row] = line.slice(0, this.#column)
    else if (command === 'J') {
      this.#lines[this.#row] = line.slice(0, this.#column)
      this.#lines.length = this.#row + 1
    } else if (command === 'l' || command === 'h') this.hasCursor = command === 'h'
    else throw new Error(`The screen does not know ${JSON.stringify(token)}`)
  }

  #print(character: string, line: string): void {
    if (character === '\r') this.#column = 0
    else if (character === '\n') {
      this.#row += 1
      this.#column = 0
      this.#lines[this.#row] ??= ''
    } else {
      this.#lines[this.#row] =
        line.padEnd(this.#column).slice(0, this.#column) + character + line.slice(this.#column + 1)
      this.#column += 1
      this.longest = Math.max(this.longest, this.#column)
    }
  }
}
