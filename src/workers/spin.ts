/**
 * Waits by looking again and again, for a moment, where to sleep and be woken would take longer. It
 * pays only while another core is free for whoever is waited for, which nothing tells but its own
 * success: without that, a wait would only keep the other one from working.
 */
export class Spin {
  #credit = 0
  #refusals = 0

  /** Looks until there is something, for a moment at most. Gives whether there was. */
  until(isThere: () => boolean): boolean {
    if (this.#credit === 0) {
      this.#refusals = (this.#refusals + 1) % TRY_ONE_IN
      if (this.#refusals !== 0) return false
    }
    const end = performance.now() + LONGEST
    do {
      if (!isThere()) continue
      this.#credit = Math.min(this.#credit + 1, MOST_CREDIT)
      return true
    } while (performance.now() < end)
    this.#credit = Math.max(0, this.#credit - 1)
    return false
  }
}

/** In milliseconds: less than it takes to wake a thread, so that it never pays to wait for one. */
const LONGEST = 0.01
const TRY_ONE_IN = 16
const MOST_CREDIT = 8
