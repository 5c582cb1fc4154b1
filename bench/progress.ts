let heading = ''

/** Says on a terminal what is going on, in the last line; an empty text clears it. */
export function showProgress(text: string): void {
  if (!process.stderr.isTTY) return
  process.stderr.write(`\r\x1b[K${text && `${process.env.BENCH_STEP ?? ''}${heading}${text}`}`)
}

/** What the next texts are about. */
export function headProgress(text: string): void {
  heading = `${text}: `
}
