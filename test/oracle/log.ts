/** What was observed of a program, line by line. */
export class Log {
  readonly #lines: { readonly time: number; readonly about: string; readonly line: string }[] = []
  readonly #isCalm: boolean
  readonly #now: () => number
  readonly #counts: () => string

  /** @param counts - What is seen of the schedulers. */
  constructor(isCalm: boolean, now: () => number, counts: () => string) {
    this.#isCalm = isCalm
    this.#now = now
    this.#counts = counts
  }

  record(about: string, what: string): void {
    const time = this.#now()
    // How far the schedulers are in the middle of an instant is nothing that rests.
    const counts = this.#isCalm ? '' : ` [${this.#counts()}]`
    this.#lines.push({ time, about, line: `${time}${counts} ${about} ${what}` })
  }

  /** All lines; where the order within an instant does not matter, those about one thing together. */
  lines(): string[] {
    const lines = [...this.#lines]
    if (this.#isCalm) lines.sort((a, b) => a.time - b.time || compare(a.about, b.about))
    return lines.map(({ line }) => line)
  }
}

/** Orders texts as `sort` does. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b)
}
