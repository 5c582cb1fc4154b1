import { plain } from './plain-text.ts'

/** Makes a foreign text fit for XML: it stays text, whatever is in it. */
export function escapeXML(text: string): string {
  const entities: Record<string, string> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  }
  return plain(text)
    .replace(/[\ufffe\uffff]/g, '\u{fffd}')
    .replace(/[&<>"']/g, (character) => entities[character] ?? '')
}
