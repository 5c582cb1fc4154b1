import type { Source } from './program.ts'

/** What a source needs of the program it belongs to. */
export interface SourceHost {
  record(what: string): void
  /** Gives an item, with the number of the pull. */
  item(index: number): unknown
  /** Resolves after so many milliseconds. */
  wait(ms: number): Promise<void>
  error(what: string): Error
}

/** Makes a source that notes what is done with it, and fails as it is told to. */
export function makeSource(source: Source, host: SourceHost): unknown {
  const all = Array.from(source.items, (_, index) => host.item(index))
  switch (source.is) {
    case 'array':
      return all
    case 'generator':
      return generate(source, host, all)
    case 'async generator':
      return generateAsync(source, host, all)
    default:
      return makeIterable(source, host, all)
  }
}

function* generate(source: Source, host: SourceHost, all: unknown[]): Generator<unknown> {
  try {
    for (const [index, item] of all.entries()) {
      host.record(`gives item ${index}`)
      yield item
    }
    if (source.end !== 'done') throw host.error('the end')
  } finally {
    close(source, host)
  }
}

async function* generateAsync(
  source: Source,
  host: SourceHost,
  all: unknown[],
): AsyncGenerator<unknown> {
  try {
    for (const [index, item] of all.entries()) {
      const { after } = source.items[index] ?? {}
      if (after !== undefined) await host.wait(after)
      host.record(`gives item ${index}`)
      // The generator awaits it: so what fails makes the source fail.
      yield item
    }
    if (source.end !== 'done') throw host.error('the end')
  } finally {
    if (typeof source.close === 'number') await host.wait(source.close)
    close(source, host)
  }
}

function makeIterable(source: Source, host: SourceHost, all: unknown[]): object {
  const { end } = source
  const isAsync = source.is === 'async iterator'
  let pulls = 0
  let pulling = 0

  const answer = (index: number): unknown => {
    if (index < all.length) return { done: false, value: all[index] }
    if (end === 'nonsense') return 'nonsense'
    if (end === 'done' || (end === 'rejects' && !isAsync)) return { done: true, value: 'ignored' }
    throw host.error('the end')
  }
  const answerLater = async (index: number): Promise<unknown> => {
    const { after } = source.items[index] ?? {}
    if (after !== undefined) await host.wait(after)
    pulling -= 1
    host.record(`answers pull ${index}`)
    return answer(index)
  }
  const iterator: Record<string, unknown> = {
    next() {
      const index = pulls
      pulls += 1
      pulling += 1
      host.record(`is pulled ${index}${pulling > 1 ? ' while it is pulled' : ''}`)
      if (index >= all.length && end === 'throws') {
        pulling -= 1
        return answer(index)
      }
      if (isAsync) return answerLater(index)
      pulling -= 1
      return answer(index)
    },
  }
  if (source.close !== 'missing') {
    iterator.return = () => {
      close(source, host)
      const closed = { done: true, value: undefined }
      return typeof source.close === 'number' && isAsync
        ? host.wait(source.close).then(() => closed)
        : closed
    }
  }
  const begin = (): unknown => {
    host.record('begins')
    if (end === 'never begins') throw host.error('beginning')
    return iterator
  }
  const never = (): never => {
    throw host.error('the other kind of iterator')
  }
  // Of an async source that is a synchronous one, too, the asynchronous side counts.
  return isAsync
    ? { [Symbol.asyncIterator]: begin, [Symbol.iterator]: never }
    : { [Symbol.iterator]: begin }
}

function close(source: Source, host: SourceHost): void {
  host.record('is closed')
  if (source.close === 'throws') throw host.error('closing')
}
