/**
 * Where a moment is on a vertical axis. In proportion to time, but that arrows keep a distance: of
 * several at one moment each has a row of its own, and what follows moves down.
 */
export class TimeScale {
  readonly height: number
  readonly #times: readonly number[]
  readonly #rows: number[] = []
  readonly #end: number

  /**
   * @param times - Those of the arrows, in order.
   * @param end - The last moment there is.
   * @param length - In pixels, if no arrow needs room.
   * @param row - The least distance of two arrows.
   */
  constructor(times: readonly number[], end: number, length: number, row: number) {
    this.#times = times
    this.#end = end
    let y = 0
    let last = 0
    for (const [i, time] of times.entries()) {
      const distance = ((time - last) / (end || 1)) * length
      y += i === 0 ? distance : Math.max(row, distance)
      this.#rows.push(y)
      last = time
    }
    this.height = Math.max(y + ((end - last) / (end || 1)) * length, row)
  }

  /** Where the arrow of that number is. */
  row(index: number): number {
    return this.#rows[index] as number
  }

  /** Where a moment is: of several rows that it has, the first or the last. */
  at(time: number, edge: 'first' | 'last'): number {
    const times = this.#times
    const exact = edge === 'first' ? times.indexOf(time) : times.lastIndexOf(time)
    if (exact >= 0) return this.row(exact)
    const after = times.findIndex((one) => one > time)
    const next = after < 0 ? times.length : after
    const [fromTime, fromY] = next > 0 ? [times[next - 1] as number, this.row(next - 1)] : [0, 0]
    const [toTime, toY] =
      next < times.length ? [times[next] as number, this.row(next)] : [this.#end, this.height]
    if (toTime <= fromTime) return fromY
    return fromY + ((time - fromTime) / (toTime - fromTime)) * (toY - fromY)
  }
}
