import type { Bar } from '../bar.ts'
import { overlapsOf } from './overlaps.ts'

/**
 * Draws the legend, of what there is in the picture.
 *
 * @param least - Shorter waits cannot be seen.
 */
export function svgLegend(y: number, bars: readonly Bar[], least: number): string {
  const has = (test: (bar: Bar) => boolean): boolean => bars.some(test)
  const entries = [
    ['lit main', 'main', has(({ span }) => span.kind === 'main')],
    ['lit task', 'active', true],
    ['queued', 'waits to start', has(({ span, runs }) => span.queued > least || runs.length > 1)],
    ['wait', 'waits for others', has(({ span }) => span.kind === 'wait')],
    [
      'late',
      'runs on, cancelled',
      has(({ span, settled, to }) => span.status === 'cancelled' && (settled ?? to) < to),
    ],
    ['overlap', 'overlap', overlapsOf(bars.filter(({ span }) => span.kind !== 'wait')).length > 0],
  ] as const
  let x = 16
  const shown = entries
    .filter(([, , isThere]) => isThere)
    .map(([style, label]) => {
      const at = x
      x += 26 + label.length * CHARACTER
      return `<rect class="${style}" x="${at}" y="${y - 9}" width="10" height="10" rx="2"/><text x="${at + 15}" y="${y}">${label}</text>`
    })
  return `<g class="legend" aria-hidden="true">${shown.join('')}</g>`
}

/** The width of an average one, in pixels. */
const CHARACTER = 6
