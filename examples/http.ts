/**
 * An application's own function, wrapped as a task: `fetch` against a server, with a limit, a failure that is collected
 * late, a cancel and a timeout that really end the request, and a clean finish.
 * Run it with `npm run build && npx tsx examples/http.ts`.
 */
import { once } from 'node:events'
import { realpathSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { context, gather, Scheduler } from 'gatherly'

/** What happened, as the application and the server saw it. */
export interface HttpReport {
  readonly pages: readonly string[]
  readonly mostAtOnce: number
  /** What became of the request that failed, before anybody looked. */
  readonly lateStatus: string
  readonly lateFailure: string
  readonly cancelledWith: string
  readonly timedOutWith: string
  /** The requests whose connection the client closed before the answer. */
  readonly abandoned: readonly string[]
  readonly running: number
  readonly queued: number
}

export async function main(print: (line: string) => void = console.log): Promise<HttpReport> {
  const server = await startServer()
  const scheduler = new Scheduler({ name: 'http', concurrency: 3 })

  /** The application's own function. Only its signal is new: a cancel ends the request. */
  async function get(path: string): Promise<string> {
    const response = await fetch(server.url + path, { signal: context().signal })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`)
    return text
  }
  const getPage = scheduler.task(get)

  // Start early: this fails long before anybody looks. The failure waits in the future.
  const early = getPage('/missing')

  const pages = await gather([1, 2, 3, 4, 5, 6, 7, 8].map((n) => getPage(`/pages/${n}`)))
  print(`gathered ${pages.length} pages, at most ${server.mostAtOnce} at once`)

  // Collect late: nothing is lost.
  const lateStatus = early.status
  const lateFailure = await early.catch(String)
  print(`the request that was started first is ${lateStatus} with ${lateFailure}`)

  const unwanted = getPage('/slow?cancel')
  await server.arrived('/slow?cancel')
  unwanted.cancel()
  const cancelledWith = await unwanted.catch(nameOf)
  await server.closed('/slow?cancel')
  print(`cancelled: ${cancelledWith}; the server saw the connection close`)

  const tooSlow = getPage.with({ timeout: 250 })('/slow?timeout')
  const timedOutWith = await tooSlow.catch(nameOf)
  await server.closed('/slow?timeout')
  print(`timed out: ${timedOutWith}; the server saw the connection close`)

  // Takes no more calls, and waits until every body has really ended.
  await scheduler.close()
  await server.stop()
  const { running, queued } = scheduler
  print(`finished: ${running} running, ${queued} queued`)

  const { mostAtOnce, abandoned } = server
  return {
    pages,
    mostAtOnce,
    lateStatus,
    lateFailure,
    cancelledWith,
    timedOutWith,
    abandoned,
    running,
    queued,
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : String(error)
}

/** Stands in for the world outside. It answers `/pages/*` after a while, `/slow` never, all else with 404. */
async function startServer() {
  const abandoned: string[] = []
  let open = 0
  let mostAtOnce = 0

  const server = createServer(async (request, response) => {
    const { url = '' } = request
    mostAtOnce = Math.max(mostAtOnce, ++open)
    response.once('close', () => {
      if (response.writableEnded) return
      open -= 1
      abandoned.push(url)
      server.emit(`closed ${url}`)
    })
    server.emit(`arrived ${url}`)
    if (url.startsWith('/slow')) return
    await wait(20)
    open -= 1
    if (url.startsWith('/pages/')) response.end(`This is ${url}`)
    else response.writeHead(404).end('no such page')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    abandoned: abandoned as readonly string[],
    get mostAtOnce() {
      return mostAtOnce
    },
    arrived: (url: string) => once(server, `arrived ${url}`),
    async closed(url: string) {
      if (!abandoned.includes(url)) await once(server, `closed ${url}`)
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

const program = process.argv[1]
if (program && realpathSync(program) === fileURLToPath(import.meta.url)) await main()
