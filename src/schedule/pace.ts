import { Burst } from '../internal/burst.ts'
import { yieldTurn } from '../internal/event-loop.ts'

/**
 * Keeps a flood of short bodies from freezing the program: when they have been starting for longer
 * than `slice` milliseconds, the event loop turns before the next one.
 */
export class Pace {
  /** Whether starts are held back, until the event loop has turned or whoever did so is done. */
  isHeld = false
  readonly #slice: number
  readonly #goOn: () => void
  readonly #burst = new Burst()
  // Whose body has started last. Not itself, which would keep all that the body refers to alive.
  #latest = 0

  /** @param goOn - Called when the event loop has turned. */
  constructor(slice: number, goOn: () => void) {
    this.#slice = slice
    this.#goOn = goOn
  }

  /** Whether another body may start; if not, goes on by itself. At first `few` always may. */
  allows(few: number): boolean {
    if (this.#burst.unseen > 0) {
      this.#burst.unseen -= 1
      return true
    }
    if (this.#slice === Infinity || !this.#burst.hasLasted(this.#slice, few)) return true
    this.isHeld = true
    yieldTurn(this.#release)
    return false
  }

  /** A body of this definition starts: how long others took says nothing of it. */
  note({ id }: { readonly id: number }): void {
    if (id === this.#latest) return
    this.#latest = id
    this.#burst.unseen = 0
  }

  /** Nothing runs and nothing waits, for now. */
  pause(): void {
    this.#burst.pause()
  }

  // Not a closure inside `allows`: it would cost every start a context of its own, a sixth of the
  // whole.
  readonly #release = (): void => {
    this.isHeld = false
    this.#goOn()
  }
}
