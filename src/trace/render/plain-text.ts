/** Makes a foreign text fit for a terminal: in one line, and without any command to it. */
export function plain(text: string): string {
  return text.replace(/[\p{Cf}]/gu, '').replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, '\u{fffd}')
}

/** How many columns of a terminal a plain text takes. */
export function widthOf(text: string): number {
  let width = 0
  for (const character of text) {
    if (!/\p{M}/u.test(character)) width += WIDE.test(character) ? 2 : 1
  }
  return width
}

/** Cuts a plain text to so many columns, or fills it up with spaces. */
export function toColumns(text: string, columns: number, ellipsis = '…'): string {
  if (widthOf(text) <= columns) return text + ' '.repeat(columns - widthOf(text))
  let cut = ''
  for (const character of text) {
    if (widthOf(cut + character) > columns - widthOf(ellipsis)) break
    cut += character
  }
  return toColumns(cut + ellipsis, columns)
}

/** Breaks a plain text into lines, between words. */
export function wrap(text: string, columns: number): readonly string[] {
  const lines = ['']
  // Not within a number, and not between a number and its unit.
  for (const word of text.split(/(?<!\d) | (?!\d{3}\b|m?s\b)/)) {
    const line = lines.at(-1) as string
    const longer = line === '' ? word : `${line} ${word}`
    if (widthOf(longer) <= columns || line === '') lines[lines.length - 1] = longer
    else lines.push(word)
  }
  return lines
}

// East Asian wide and fullwidth, and what is shown as a picture.
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}/u
