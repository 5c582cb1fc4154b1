/**
 * Waits by looking again and again, for a moment, where to sleep and be woken would take longer. It
 * pays only while another core is free for whoever is waited for, which nothing tells but its own
 * success: without that, a wait would only keep the other one from working.
 *
 * So it is tried several times in a row, since the system needs a moment to give each thread a core
 * of its own; and ever more rarely while that is in vain. Where it succeeds, one call after the other
 * takes 5 us, and 16 to 50 us where threads sleep in between.
 */
export class Spin {
  /** So many waits more may be in vain. */
  #credit = 0
  /** So many waits are left out before it is tried again, and how many the next time. */
  #refusals = FEWEST_REFUSALS
  #pause = FEWEST_REFUSALS

  /** Looks until there is something, for a moment at most. Gives whether there was. */
  until(isThere: () => boolean): boolean {
    if (this.#credit === 0) {
      if (this.#refusals-- > 0) return false
      this.#credit = TRIES
      this.#pause = Math.min(2 * this.#pause, MOST_REFUSALS)
      this.#refusals = this.#pause
    }
    const end = performance.now() + LONGEST
    do {
      if (!isThere()) continue
      this.#credit = TRIES
      this.#pause = FEWEST_REFUSALS
      return true
    } while (performance.now() < end)
    this.#credit -= 1
    return false
  }
}

/** In milliseconds: about as long as it takes to wake a thread. */
const LONGEST = 0.02
const TRIES = 8
const FEWEST_REFUSALS = 16
const MOST_REFUSALS = 256
