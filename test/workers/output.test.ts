import { describe, expect, it } from 'vitest'
import { runBuilt } from '../support/run-built.ts'

const fine = { code: 0, stderr: '' }

describe('what a thread prints', () => {
  it('R27 appears when it prints it, also while the main thread is blocked', async () => {
    // Blocked until the parent answers to the line that it has read.
    const ended = await runBuilt(
      `
      import { readSync } from 'node:fs'
      open().tasks.print('from the thread')
      readSync(0, Buffer.alloc(1))
      console.log('from main')
      `,
      {
        watch: (child) => {
          child.stdout?.once('data', (text: string) => child.stdin?.end(text === '' ? '' : '!'))
        },
      },
    )

    expect(ended).toEqual({ ...fine, stdout: 'from the thread\nfrom main\n' })
  })

  it('R27 is in order with what the main thread prints', async () => {
    const { stdout } = await runBuilt(`
      const { print } = open({ threads: 1 }).tasks
      for (let i = 0; i < 20; i++) {
        console.log('main', i)
        if (i % 2) gatherSync([print('thread ' + i)])
        else await print('thread ' + i)
      }
    `)

    const pairs = Array.from({ length: 20 }, (_, i) => `main ${i}\nthread ${i}\n`)
    expect(stdout).toBe(pairs.join(''))
  })

  it('R27 is whole when the thread exits right after, and when the program does', async () => {
    const lines = Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join('')

    const exited = await runBuilt(
      `await open().tasks.printThenExit(500).then(undefined, ({ name }) => console.log(name))`,
    )
    const ended = await runBuilt(
      `gatherSync([open().tasks.print(...Array.from({ length: 500 }, (_, i) => 'line ' + i))])
       process.exit()`,
    )

    expect(exited).toEqual({ ...fine, stdout: `${lines}WorkerLostError\n` })
    expect(ended).toEqual({ ...fine, stdout: lines })
  })

  it('R27 is whole through a pipe whose reader is slow', async () => {
    const length = 1_000_000
    const ended = await runBuilt(`gatherSync([open().tasks.writeMuch(${length})])`, {
      watch: (child) => {
        // As slow as a reader that now and then does something else.
        child.stdout?.on('data', () => {
          child.stdout?.pause()
          setImmediate(() => setImmediate(() => child.stdout?.resume()))
        })
      },
    })

    expect({ ...ended, stdout: ended.stdout.length }).toEqual({ ...fine, stdout: length + 1 })
    expect(ended.stdout).toBe(`${'0123456789'.repeat(length / 10)}\n`)
  })

  it('R27 goes to where it is meant to go', async () => {
    const ended = await runBuilt(`
      const { print, printError } = open().tasks
      await gather(print('good'), printError('bad'))
    `)

    expect(ended).toEqual({ code: 0, stdout: 'good\n', stderr: 'bad\n' })
  })

  it('R27 may be written in every form that a stream takes, with callbacks', async () => {
    const ended = await runBuilt(`console.log(await open().tasks.write())`)

    const told = "[ 'hex: written', 'bytes: written', 'latin1: written' ]\n"
    // The last character is one byte, which is none in UTF-8.
    expect(ended).toEqual({ ...fine, stdout: `text|hi|€|\uFFFD\n${told}` })
  })

  it('R27 S12 tasks that block overlap each other and a main program that blocks', async () => {
    const { stdout } = await runBuilt(`
      const { work } = open().tasks
      const timed = (body) => { const start = performance.now(); body(); return performance.now() - start }
      const listing = () => {
        const one = work('one', 500)
        const two = work('two', 500)
        sleepSync(150)
        console.log('main ends')
        gatherSync(one, two)
      }
      // One after the other, as on a single thread.
      const alone = timed(() => { sleepSync(500); sleepSync(500); sleepSync(150) })
      gatherSync(work('a', 1), work('b', 1))
      console.log('---')
      const together = timed(listing)
      console.log(together / alone)
    `)

    const lines = stdout.slice(stdout.indexOf('---\n') + 4).split('\n')
    expect(lines.slice(0, 2).sort()).toEqual(['one begins', 'two begins'])
    expect(lines[2]).toBe('main ends')
    expect(lines.slice(3, 5).sort()).toEqual(['one ends', 'two ends'])
    // 500 ms of 1150.
    expect(Number(lines[5])).toBeLessThan(0.8)
  })
})
