import mermaid from 'mermaid'
import { describe, expect, it } from 'vitest'
import { stopRealTime } from '../support/real-time.ts'
import {
  gathered,
  grouped,
  oneAfterAnother,
  record,
  throughALimit,
  troubled,
} from './recordings.ts'

// Looked at in a terminal and in a browser. After a change that is meant, `npx vitest -u test/trace` writes them anew:
// look at them again.
describe.each([
  ['gathered', gathered],
  ['one-after-another', oneAfterAnother],
  ['through-a-limit', throughALimit],
  ['troubled', troubled],
  ['grouped', grouped],
] as const)('the recording %s', (name, program) => {
  stopRealTime()

  it('S8 is drawn as text as it was reviewed, in 80 columns', async () => {
    const timeline = await record(program)

    const text = timeline.toText({ width: 80, color: false, unicode: true })

    await expect(`${text}\n`).toMatchFileSnapshot(`golden/${name}.txt`)
  })

  it('S8 is drawn as SVG as it was reviewed', async () => {
    const timeline = await record(program)

    // They are the pictures of the documentation.
    const picture = `../../docs/images/timeline-${name}.svg`
    await expect(timeline.toSVG({ title: name })).toMatchFileSnapshot(picture)
  })

  it('S8 is written for Mermaid as it was reviewed, and Mermaid accepts it', async () => {
    const timeline = await record(program)

    const diagram = timeline.toMermaid()

    await expect(diagram).toMatchFileSnapshot(`golden/${name}.mmd`)
    expect(await mermaid.parse(diagram)).toMatchObject({ diagramType: 'sequence' })
  })

  it('is written for Perfetto as it was reviewed', async () => {
    const timeline = await record(program)

    const json = JSON.stringify(timeline.toChromeTrace(), undefined, 2)

    await expect(`${json}\n`).toMatchFileSnapshot(`golden/${name}.trace.json`)
  })
})

describe('the recording troubled', () => {
  stopRealTime()

  it('is drawn in colour, and in ASCII, as it was reviewed', async () => {
    const timeline = await record(troubled)

    const colored = timeline.toText({ width: 80, color: true, unicode: true })
    const ascii = timeline.toText({ width: 120, color: false, unicode: false })

    await expect(`${colored}\n`).toMatchFileSnapshot('golden/troubled.ansi')
    await expect(`${ascii}\n`).toMatchFileSnapshot('golden/troubled.ascii')
  })
})
