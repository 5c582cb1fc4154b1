/** A promise that stays pending until the gate is opened: a test decides when a body ends. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
  /** Opened with a failure. */
  fail(reason: unknown): void
}

export function gate(): Gate {
  let open = (): void => {}
  let fail = (_reason: unknown): void => {}
  const opened = new Promise<void>((resolve, reject) => {
    open = resolve
    fail = reject
  })
  return { opened, open, fail }
}
