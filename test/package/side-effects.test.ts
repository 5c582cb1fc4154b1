import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { built } from '../support/built-package.ts'

it.each(['index.js', 'testing/index.js', 'workers/index.js', 'trace/index.js'])(
  'importing %s does nothing that can be observed',
  async (door) => {
    const program = `
    const observe = () => JSON.stringify({
      listeners: process.eventNames().map(String),
      active: process.getActiveResourcesInfo().filter((it) => /Timeout|Immediate|Port|Worker/.test(it)),
      globals: Reflect.ownKeys(globalThis).map(String),
      prototypes: [Object, Promise, Error, AbortSignal].map((c) => Reflect.ownKeys(c.prototype).length),
    })
    const before = observe()
    import(${JSON.stringify(built(door))}).then(() => {
      process.stdout.write(JSON.stringify([before, observe()]))
    })`

    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', program])

    const [before, after] = JSON.parse(stdout)
    expect(after).toBe(before)
    expect(stderr).toBe('')
  },
)
