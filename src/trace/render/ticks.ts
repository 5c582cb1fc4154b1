/** Gives round moments from 0 to `end`, as many as there can be up to `most`, 0 included. */
export function ticks(end: number, most: number): readonly number[] {
  if (end <= 0) return [0]
  const countOf = (step: number): number => Math.floor(end / step + 1e-9) + 1
  let power = 10 ** Math.floor(Math.log10(end / most))
  for (; ; power *= 10) {
    const step = [1, 2, 2.5, 5].map((factor) => factor * power).find((one) => countOf(one) <= most)
    if (step === undefined) continue
    // Multiplied, not added up: no error grows.
    return Array.from({ length: countOf(step) }, (_, i) => Number((i * step).toPrecision(12)))
  }
}
