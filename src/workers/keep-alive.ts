import type { Port } from './host.ts'

/** Keeps the program alive, or not: threads and their ports never do. */
export class KeepAlive {
  #port: Port | undefined
  #isKept = false

  set(isKept: boolean): void {
    if (isKept === this.#isKept) return
    this.#isKept = isKept
    if (this.#port === undefined) {
      this.#port = new MessageChannel().port1 as unknown as Port
      // A port that nobody listens to keeps nothing alive.
      this.#port.onmessage = () => {}
    }
    if (isKept) this.#port.ref?.()
    else this.#port.unref?.()
  }

  /** Lets go of what it takes, until it is needed again: an open port is never garbage collected. */
  close(): void {
    this.#port?.close()
    this.#port = undefined
    this.#isKept = false
  }
}
