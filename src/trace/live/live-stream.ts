import type { SpanListener } from '../recorder.ts'

/** Where a live view is written to: `process.stderr`, for one. */
export interface LiveStream {
  write(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** One way to show what is going on. */
export interface View {
  note(...event: Parameters<SpanListener>): void
  tick(): void
  end(): void
}
