import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, it } from 'vitest'

interface Outcome {
  readonly title: string
  readonly status: 'passed' | 'failed'
  readonly failureMessages: readonly string[]
}

describe('the guard around every test', () => {
  let outcomes: readonly Outcome[]

  beforeAll(async () => {
    outcomes = await runLeakingTests()
  })

  it('passes the tests that leave nothing behind', () => {
    const clean = outcomes.filter(({ title }) => title.startsWith('clean'))

    expect(clean.length).toBe(3)
    expect(clean.map(({ status }) => status)).toEqual(clean.map(() => 'passed'))
  })

  it('runs over exactly these leaks', () => {
    const leaks = outcomes.map(({ title }) => title).filter((title) => title.startsWith('leaks'))

    expect(leaks).toEqual(expected.map(([title]) => title))
  })

  const expected = [
    ['leaks a timer', /a timer: setTimeout at .*leaks\.test\.ts/],
    ['leaks a timer that keeps nothing alive', /a timer: setInterval at .*leaks\.test\.ts/],
    ['leaks a sleep', /a timer: setTimeout at .*clock\.ts/],
    ['leaks a listener', /a listener for 'unhandledRejection' on the process/],
    ['leaks a failure that nobody collected', /as while a failed future is uncollected/],
    ['leaks a failure that was reported', /exit code 1/],
    ['leaks a running body', /unfinished futures: 1 running and 0 queued in "default"/],
    ['leaks a queued call', /unfinished futures: 0 running and 1 queued in "halted"/],
  ] as const

  it.each(expected)('fails a test that %s', (title, message) => {
    const outcome = outcomes.find((one) => one.title === title)

    expect(outcome?.status).toBe('failed')
    expect(outcome?.failureMessages.join()).toMatch(message)
  })
})

/** Runs vitest with the project's configuration over `fixtures/leaks`, in a process of its own. */
function runLeakingTests(): Promise<readonly Outcome[]> {
  const root = fileURLToPath(new URL('..', import.meta.url))
  const vitest = fileURLToPath(new URL('../node_modules/vitest/vitest.mjs', import.meta.url))
  const config = 'test/fixtures/leaks/vitest.config.ts'
  const args = [vitest, 'run', '--config', config, '--reporter', 'json']
  return new Promise((resolve, reject) => {
    // Exits with 1, since tests fail: the report is what counts.
    execFile(process.execPath, args, { cwd: root }, (_error, stdout, stderr) => {
      try {
        const report = JSON.parse(stdout.slice(stdout.indexOf('{')))
        resolve(
          report.testResults.flatMap(
            (file: { assertionResults: Outcome[] }) => file.assertionResults,
          ),
        )
      } catch {
        reject(new Error(`vitest gave no report:\n${stdout}\n${stderr}`))
      }
    })
  })
}
