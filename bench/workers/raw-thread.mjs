/** The thread of the plainest pool: a message for each call, and one for each result. */
import { parentPort } from 'node:worker_threads'
import * as tasks from './tasks.mjs'

const bodies = { ...tasks }

parentPort.on('message', ({ id, name, value }) => {
  parentPort.postMessage({ id, result: bodies[name](value) })
})
