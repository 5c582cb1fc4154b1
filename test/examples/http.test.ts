import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { root } from '../support/built-package.ts'

it('the example that fetches keeps to the limit, loses no failure, ends requests, and ends itself', async () => {
  // A program of its own: that it comes to its end, with exit code 0, is part of the claim. It runs from the sources.
  const file = pathToFileURL(join(root, 'examples/http.ts')).href
  const program = `
    import { main } from '${file}'
    const lines = []
    const report = await main((line) => lines.push(line))
    console.log(JSON.stringify({ report, lines }))`

  const { stdout, stderr } = await promisify(execFile)(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '--eval', program],
    { cwd: root, env: { ...process.env, TSX_TSCONFIG_PATH: join(root, 'tsconfig.json') } },
  )

  expect(stderr).toBe('')
  expect(JSON.parse(stdout)).toEqual({
    report: {
      pages: [1, 2, 3, 4, 5, 6, 7, 8].map((n) => `This is /pages/${n}`),
      mostAtOnce: 3,
      lateStatus: 'rejected',
      lateFailure: 'Error: /missing: 404 no such page',
      cancelledWith: 'AbortError',
      timedOutWith: 'TimeoutError',
      abandoned: ['/slow?cancel', '/slow?timeout'],
      running: 0,
      queued: 0,
    },
    lines: [
      'gathered 8 pages, at most 3 at once',
      'the request that was started first is rejected with Error: /missing: 404 no such page',
      'cancelled: AbortError; the server saw the connection close',
      'timed out: TimeoutError; the server saw the connection close',
      'finished: 0 running, 0 queued',
    ],
  })
})
