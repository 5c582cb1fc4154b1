/** Makes a name safe to print: what would move the cursor, or forge a line, is spelled out. */
export function printable(name: string): string {
  return name.replace(
    /\p{Cc}/gu,
    (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`,
  )
}
