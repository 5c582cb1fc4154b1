import type { RemoteCall } from './remote-call.ts'

/** Calls in the order in which they were added, each of which can leave at once. One list holds a call. */
export class CallList {
  #last: RemoteCall | undefined

  get last(): RemoteCall | undefined {
    return this.#last
  }

  push(call: RemoteCall): void {
    call.before = this.#last
    if (this.#last !== undefined) this.#last.after = call
    this.#last = call
  }

  /** Takes a call out that may be in the list. */
  remove(call: RemoteCall): void {
    const { before, after } = call
    if (before !== undefined) before.after = after
    if (after !== undefined) after.before = before
    else if (this.#last === call) this.#last = before
    call.before = undefined
    call.after = undefined
  }
}
