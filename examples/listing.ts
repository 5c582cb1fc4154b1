/**
 * The program of a textbook chapter about asynchronous calls: two tasks of 1 s each, and a main with 0.5 s of work of its
 * own. Here it runs one after another, then gathered, then gathered with eager calls. Run it with `npm start`.
 */
import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  type Clock,
  gather,
  Scheduler,
  type StartMode,
  sleep,
  systemClock,
  type Task,
} from 'gatherly'

/** Each is awaited before the next is called: only one is ever active. */
async function oneAfterAnother({ work }: Stage): Promise<number[]> {
  const result1 = await work('Task 1', 1000)
  const result2 = await work('Task 2', 1000)
  const result3 = await work('Main', 500)
  return [result1, result2, result3]
}

/** Main calls both tasks, does its own work, then gathers. Every call returns a future at once, and runs no body yet. */
async function gathered({ call }: Stage): Promise<number[]> {
  const task1 = call('Task 1', 1000)
  const task2 = call('Task 2', 1000)
  const main = call('Main', 500)
  return await gather(task1, task2, main)
}

/** Main's own work stays inline. A call has to run its body up to the first await, or main would come first. */
async function gatheredInline({ call, work }: Stage): Promise<number[]> {
  const task1 = call('Task 1', 1000)
  const task2 = call('Task 2', 1000)
  const result3 = await work('Main', 500)
  return [...(await gather(task1, task2)), result3]
}

/** What a participant does: it tells that it starts, waits without holding the thread, tells that it is complete. */
type Work = (name: string, milliseconds: number) => Promise<number>

interface Stage {
  readonly work: Work
  /** The same as a task: a call returns its future. */
  readonly call: Task<Parameters<Work>, Promise<number>>
}

/** Where the time comes from and where the lines go. A test gives a virtual clock. */
export interface ListingOptions {
  readonly clock?: Clock
  readonly print?: (line: string) => void
}

/** Wall times, in milliseconds on the clock. */
export interface ListingReport {
  readonly sequential: number
  readonly gathered: number
  readonly inline: number
  readonly speedUp: number
}

/** Runs the program in its three forms and prints what happens as it happens. */
export async function listing({
  clock = systemClock,
  print = console.log,
}: ListingOptions = {}): Promise<ListingReport> {
  async function perform(
    program: (stage: Stage) => Promise<number[]>,
    start: StartMode = 'deferred',
  ): Promise<number> {
    const begin = clock.now()
    const tell = (event: string): void => print(`${seconds(clock.now() - begin)}  ${event}`)
    const work: Work = async (name, milliseconds) => {
      tell(`${name} Start`)
      await sleep(milliseconds, { clock })
      tell(`${name} Complete`)
      return milliseconds
    }

    const results = await program({ work, call: new Scheduler({ start, clock }).task(work) })

    const wall = clock.now() - begin
    print(`${seconds(wall)}  was the wall time; the results are ${results.join(', ')}`)
    return wall
  }

  print('ONE AFTER ANOTHER: each is awaited before the next is called\n')
  const sequential = await perform(oneAfterAnother)

  print('\nGATHERED: main calls both tasks, does its own work, then gathers\n')
  const together = await perform(gathered)

  print('\nGATHERED, main inline: under start: "eager" a call runs to its first await\n')
  const inline = await perform(gatheredInline, 'eager')

  const speedUp = sequential / together
  print(`
                        measured     ideal   overhead
  one after another   ${row(sequential, 2500)}   the sum
  gathered            ${row(together, 1000)}   the longest
  gathered, inline    ${row(inline, 1000)}   the longest
  speed-up              ${speedUp.toFixed(3)}x    2.500x

A plain call is deferred: it returns a future and runs none of the body. So the
statements of main that follow it come first, and "Main Start" with them. The
six events come in the chapter's order when main's own work is a participant
too, called like the tasks, or when calls are eager, as in the third run.

All three wait without holding the thread. A body that blocks (a long loop, a
synchronous read) holds the one thread, and nothing overlaps it.`)
  return { sequential, gathered: together, inline, speedUp }
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(3).padStart(7)} s`
}

function row(measured: number, ideal: number): string {
  const overhead = `${(measured - ideal).toFixed(1)} ms`
  return `${seconds(measured)} ${seconds(ideal)} ${overhead.padStart(10)}`
}

const program = process.argv[1]
if (program && realpathSync(program) === fileURLToPath(import.meta.url)) await listing()
