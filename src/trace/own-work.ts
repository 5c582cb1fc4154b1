import type { Bar, Stretch } from './bar.ts'

/** When a body worked itself: while it ran, without the time it waited for others. */
export class OwnWork {
  readonly stretches: readonly Stretch[]

  /** @param others - The calls and the waits that the body made. */
  constructor({ runs }: Bar, others: readonly Bar[]) {
    const waits = others.flatMap(({ span, called, collected, settled, to }) => {
      const from = span.kind === 'wait' ? called : collected
      return from === undefined ? [] : [{ from, to: settled ?? to }]
    })
    this.stretches = without(runs, waits)
  }

  get length(): number {
    return this.before(Infinity)
  }

  /** How much of it was done before that moment. */
  before(time: number): number {
    let sum = 0
    for (const { from, to } of this.stretches) sum += Math.max(0, Math.min(to, time) - from)
    return sum
  }
}

/** Gives what is left of some stretches. */
function without(stretches: readonly Stretch[], holes: readonly Stretch[]): readonly Stretch[] {
  const sorted = [...holes].sort((a, b) => a.from - b.from)
  const left: Stretch[] = []
  for (const { from, to } of stretches) {
    let begin = from
    for (const hole of sorted) {
      if (hole.to <= begin || hole.from >= to) continue
      if (hole.from > begin) left.push({ from: begin, to: hole.from })
      begin = Math.min(to, hole.to)
    }
    if (begin < to) left.push({ from: begin, to })
  }
  return left
}
