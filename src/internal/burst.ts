import { turn } from './event-loop.ts'

/** How long the bodies of a scheduler have been starting since the event loop last turned. */
export class Burst {
  // In real milliseconds.
  #start = 0
  #end: number | undefined
  #looked = 0
  #starts = 0
  /** In which turn of the event loop it began. */
  #turn = -1
  /**
   * So many more starts need no look at the time, if the body stays the same: so far it has always
   * been over in next to no time. To look takes 40 ns, a third of what an instant call takes.
   *
   * Should the body become slow all the same, the event loop waits for `MOST_UNSEEN` of them and
   * not for one, but once: from then on the time is looked at before every start, until bodies are
   * instant again.
   */
  unseen = 0
  #trust = 0
  /** Whether there was a pause in between whose beginning was not looked at. */
  #hasPaused = false
  /**
   * How long bodies and such pauses took together in this turn, in milliseconds, where that was
   * long. It may have been the bodies after all, and must not add up: from `MOST_UNCOUNTED` on
   * every pause is looked at until the event loop has turned.
   */
  #uncounted = 0

  /**
   * Whether, now that another body would start, they have been starting for longer than `slice`
   * milliseconds.
   *
   * @param few - So many bodies are no flood, however long they took. Default 0.
   */
  hasLasted(slice: number, few = 0): boolean {
    const now = performance.now()
    if (this.#turn !== turns) {
      this.#turn = turns
      // A flood may be spread over many schedulers, each of them done after a few bodies.
      this.#start = paused ? now - paused.lasted - Math.min(now - paused.at, LONGEST_COUNTED) : now
      this.#starts = 0
      this.#uncounted = 0
      countTurn()
    } else if (this.#end !== undefined) {
      // A long pause is somebody else's time. Short ones count: a loop that awaits one instant body
      // after the other consists of them, and has to let the event loop turn, too.
      this.#start += Math.max(0, now - this.#end - LONGEST_COUNTED)
    } else if (this.#hasPaused) {
      // The bodies before it have been over in next to no time for so long that they still are.
      const uncounted = Math.max(0, now - this.#looked - LONGEST_COUNTED)
      this.#start += uncounted
      this.#uncounted += uncounted
    }
    this.#end = undefined
    this.#hasPaused = false
    this.#starts += 1
    const isInstant = now - this.#looked < INSTANT * (this.#trust + 1)
    this.#trust = isInstant ? Math.min(2 * this.#trust + 1, MOST_UNSEEN) : 0
    this.#looked = now
    this.unseen = this.#trust
    return now - this.#start > slice && this.#starts > few
  }

  /** Nothing runs and nothing waits, for now. */
  pause(): void {
    if (this.#turn !== turns || this.#end !== undefined) return
    this.#hasPaused = this.unseen > 0 && this.#uncounted < MOST_UNCOUNTED
    if (!this.#hasPaused) this.#end = performance.now()
    const at = this.#end ?? this.#looked
    const lasted = at - this.#start
    if (paused === undefined || paused.lasted < lasted) paused = { lasted, at }
  }
}

/** How often the event loop has turned while anybody counted. */
let turns = 0
let isCounting = false
/** The longest burst of this turn that has paused. */
let paused: { readonly lasted: number; readonly at: number } | undefined

function countTurn(): void {
  if (isCounting) return
  isCounting = true
  // Held by the loop: it would wait for I/O before a turn that nobody insists on, and the burst
  // would seem to last.
  turn(() => {
    turns += 1
    isCounting = false
    paused = undefined
  }, true)
}

/** How long a body may take, in milliseconds, to be taken for one that does next to nothing. */
const INSTANT = 0.002

const MOST_UNSEEN = 7

/** How much of a pause counts, in milliseconds. */
const LONGEST_COUNTED = 0.05

/** In milliseconds: little enough, and still some collections of garbage. */
const MOST_UNCOUNTED = 4
