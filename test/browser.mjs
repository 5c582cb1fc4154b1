/**
 * The tour in a real browser: a bundle of Vite, on a page and in a worker, driven in Chromium. `.ci/run` runs it; by hand:
 * `npm run browser`. Needs Debian's Chromium, and installs it where it may.
 */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join } from 'node:path'
import { chromium } from 'playwright-core'
import { build } from 'vite'
import { everything, openApplication } from './support/places.ts'

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium'
if (!existsSync(executablePath)) {
  console.log('Installing Chromium')
  const options = { stdio: ['ignore', 'ignore', 'inherit'], timeout: 240_000 }
  execFileSync('apt-get', ['update', '-qq'], options)
  execFileSync('apt-get', ['install', '-qq', '-y', '--no-install-recommends', 'chromium'], options)
}

const types = { '.html': 'text/html', '.js': 'text/javascript' }
const isolation = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
}

const application = await openApplication()
await build({ root: application.folder, logLevel: 'error', worker: { format: 'es' } })
const server = createServer(async ({ url }, response) => {
  const { pathname, search } = new URL(url, 'http://localhost')
  try {
    const body = await readFile(join(application.folder, 'dist', pathname))
    const headers = search === '?open' ? {} : isolation
    response.writeHead(200, { 'content-type': types[extname(pathname)], ...headers })
    response.end(body)
  } catch {
    response.writeHead(404).end()
  }
})
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))

const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
  ],
})

/** What a page logs and throws, too, must be known. */
async function inPage(search, expression) {
  const page = await browser.newPage()
  const noise = []
  page.on('console', (message) => noise.push(message.text()))
  page.on('pageerror', (error) => noise.push(String(error)))
  await page.goto(`http://127.0.0.1:${server.address().port}/index.html${search}`)
  const value = await page.evaluate(expression)
  await page.close()
  assert.deepEqual(noise, [])
  return value
}

const mustNot =
  'InvalidStateError: The main thread of a browser must not block: await `gather` or `sleep` here, ' +
  'or call this on a worker thread'
const wouldBlock =
  'InvalidStateError: "gather" would block for ever: it waits for a future that only this thread can ' +
  'finish. Await `gather` instead, or have the work done by a task of a WorkerPool. In a browser, a ' +
  'thread that is blocked starts no threads and gets no messages: only plain values and short strings ' +
  'come without, from threads that have started.'
const failureOf = (code) =>
  `(() => { try { return ${code} } catch (error) { return String(error) } })()`

try {
  const blocking = wouldBlock
  const reports = [inPage('', 'tour()'), inPage('', 'tourInWorker()')]
  assert.deepEqual(await reports[0], { ...everything, blocking, blockingWarm: mustNot })
  assert.deepEqual(await reports[1], { ...everything, blocking })
  assert.equal(await inPage('', failureOf('sleepSync(1)')), mustNot)
  assert.match(
    await inPage('?open', failureOf('makePool()')),
    /^InvalidStateError: Threads need Shared/,
  )
  console.log('Chromium: the tour is as it should be')
} finally {
  await browser.close()
  server.close()
  application.remove()
}
