/** The part of a terminal's stream that is used here. */
export interface Terminal {
  write?(text: string): unknown
  readonly isTTY?: boolean | undefined
  readonly columns?: number | undefined
  readonly rows?: number | undefined
  hasColors?(): boolean
}

/** What Node, Deno and Bun have of it; a browser has none. */
export interface Process {
  readonly stdout?: Terminal
  readonly env?: Record<string, string | undefined>
  readonly pid?: number
  readonly platform?: string
  on?(event: string, listener: (...args: never[]) => void): unknown
  off?(event: string, listener: (...args: never[]) => void): unknown
  listenerCount?(event: string): number
  kill?(pid: number, signal: string): unknown
}

/** The process, where there is one. */
export function hostProcess(): Process {
  return (globalThis as unknown as { process?: Process }).process ?? {}
}

/** Whether a stream shows colours, and nobody has asked for none (https://no-color.org). */
export function showsColor(stream: Terminal | undefined): boolean {
  const { env = {} } = hostProcess()
  if (env.NO_COLOR) return false
  if (env.FORCE_COLOR !== undefined) return env.FORCE_COLOR !== '0' && env.FORCE_COLOR !== 'false'
  return stream?.isTTY === true && (stream.hasColors?.() ?? true)
}

/** Whether a terminal can be expected to show more than ASCII. */
export function showsUnicode(): boolean {
  const { env = {}, platform } = hostProcess()
  if (env.TERM === 'dumb' || env.TERM === 'linux') return false
  if (platform === 'win32') return true
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG
  // Where nothing is said, as under most services and in containers, UTF-8 is the rule.
  return locale === undefined || /utf-?8$/i.test(locale)
}
