/** What is wrong with a document that is to be XML, in words; `undefined` if it is well-formed. */
export function xmlErrorOf(text: string): string | undefined {
  const open: string[] = []
  let rest = text
  while (rest !== '') {
    const tag = /^<(\/?)([a-zA-Z]+)((?:\s+[a-zA-Z:-]+\d?="[^"<]*")*)\s*(\/?)>/.exec(rest)
    const [, slash, name = '', attributes = '', isEmpty] = tag ?? []
    const words = /^[^<]+/.exec(rest)?.[0]
    if (tag === null && words === undefined) return `no tag at ${rest.slice(0, 40)}`
    const foreign = words ?? attributes
    if (/&(?!(?:amp|lt|gt|quot|#\d+);)/.test(foreign)) return `no entity in ${foreign}`
    // biome-ignore lint/suspicious/noControlCharactersInRegex: XML has no way to write them
    if (/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Cs}/u.test(foreign)) {
      return `a forbidden character in ${JSON.stringify(foreign)}`
    }
    if (slash && open.pop() !== name) return `${name} is closed and was not open`
    if (tag && !slash && !isEmpty) open.push(name)
    rest = rest.slice(tag?.[0].length ?? words?.length)
  }
  return open.length > 0 ? `${open.join(', ')} not closed` : undefined
}
