import type { Bar } from '../bar.ts'
import type { Span, SpanRecord } from '../span.ts'

/** A line of a diagram: one participant, or as many calls of one name as do not overlap. */
export interface Lifeline {
  /** Numbered, if there are several of that name. */
  readonly name: string
  readonly kind: Span['kind']
  /** How deep its calls are nested in the calls of others. */
  readonly depth: number
  /** In the order of time; they do not overlap. */
  readonly bars: readonly Bar[]
}

/**
 * Puts calls on as few lifelines as possible: main first, then in the order of the calls, those
 * that a body made below it.
 *
 * @param most - Above so many, the time in the queue is not shown: a lifeline is a slot then.
 */
export function lifelinesOf(bars: readonly Bar[], most: number): readonly Lifeline[] {
  const all = arrange(bars, ({ called }) => called)
  return all.length <= most ? all : arrange(bars, ({ called, runs }) => runs[0]?.from ?? called)
}

/** A lifeline that is being made. */
class Draft {
  readonly bars: Bar[] = []
  readonly below: Draft[] = []
  end = Number.NEGATIVE_INFINITY
  readonly name: string
  readonly kind: Span['kind']

  constructor(name: string, kind: Span['kind']) {
    this.name = name
    this.kind = kind
  }
}

function arrange(bars: readonly Bar[], begin: (bar: Bar) => number): readonly Lifeline[] {
  const roots: Draft[] = []
  const draftOf = new Map<SpanRecord, Draft>()
  // By their beginning, so that the first lifeline that is free is the best; callers first.
  const sorted = [...bars].sort((a, b) => begin(a) - begin(b) || a.span.id - b.span.id)
  for (const bar of sorted) {
    const { span, to } = bar
    const siblings = (span.by && draftOf.get(span.by))?.below ?? roots
    const isFree = (draft: Draft): boolean =>
      draft.name === span.name && draft.kind === span.kind && draft.end <= begin(bar)
    let draft = siblings.find(isFree)
    if (draft === undefined) {
      draft = new Draft(span.name, span.kind)
      siblings.push(draft)
    }
    draft.bars.push(bar)
    draft.end = Math.max(to, begin(bar) + Number.MIN_VALUE)
    draftOf.set(span, draft)
  }
  roots.sort((a, b) => Number(b.kind === 'main') - Number(a.kind === 'main'))
  return flatten(roots, 0)
}

function flatten(drafts: readonly Draft[], depth: number): readonly Lifeline[] {
  const numbers = new Map<string, number>()
  const isSame = (a: Draft, b: Draft): boolean => a.name === b.name && a.kind === b.kind
  return drafts.flatMap((draft) => {
    const key = `${draft.kind} ${draft.name}`
    const number = (numbers.get(key) ?? 0) + 1
    numbers.set(key, number)
    const isOne = drafts.filter((other) => isSame(draft, other)).length === 1
    const name = isOne ? draft.name : `${draft.name} ${number}`
    const { kind, bars } = draft
    return [{ name, kind, depth, bars }, ...flatten(draft.below, depth + 1)]
  })
}
