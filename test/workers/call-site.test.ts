import { afterEach, describe, expect, it } from 'vitest'
import { built } from '../support/built-package.ts'

const { gather } = (await import(built('index.js'))) as typeof import('gatherly')
const { WorkerPool } = (await import(
  built('workers/index.js')
)) as typeof import('gatherly/workers')

const module = new URL(
  `data:text/javascript,${encodeURIComponent(`
    export function fail() { throw new RangeError('no') }
    export function leave() { process.exit(3) }
    export function echo(value) { return value }
  `)}`,
)
interface Module {
  fail(): never
  leave(): never
  echo<T>(value: T): T
}

describe('R24 the stack of what a call of a pool fails with', () => {
  let pool: InstanceType<typeof WorkerPool<Module>>
  const open = () => {
    pool = new WorkerPool<Module>(module, { threads: 1, name: 'images' })
    return pool.tasks
  }
  afterEach(() => pool.close())

  it('names the thread, its task, and the line that called', async () => {
    const { fail } = open()

    async function caller(): Promise<string> {
      return await fail().then(String, ({ stack }: Error) => stack ?? '')
    }
    const lines = (await caller()).split('\n')

    expect(lines[0]).toBe('RangeError: no')
    expect(lines[1]).toMatch(/^ {4}at .*fail .*data:text\/javascript/)
    expect(lines.slice(2, 5)).toEqual([
      '    at <thread> task "fail"',
      'From the call of "fail":',
      expect.stringMatching(/^ {4}at caller .*call-site\.test\.ts/),
    ])
  })

  it('says where a call was made that was lost with its thread', async () => {
    const { leave } = open()

    const { stack } = await leave().catch((error: Error) => error)

    expect(stack).toMatch(/^WorkerLostError: .*"leave" has ended with exit code 3\n/)
    expect(stack).toMatch(/\nFrom the call of "leave":\n {4}at .*call-site\.test\.ts/)
  })

  it('leaves the place out in a flood of calls, where finding it would take half the time', async () => {
    const { fail, echo } = open()
    const flood = Array.from({ length: 100 }, (_, i) => echo(i))

    const { stack } = await fail().catch((error: Error) => error)
    await gather(flood)

    expect(stack).not.toContain('From the call of')
  })
})

describe('R24 a future among the arguments of a call', () => {
  it.each([
    ['itself', (future: unknown) => future, 'argument 1 is a future'],
    ['in an object', (later: unknown) => ({ later }), 'argument 1, later, is a future'],
    ['in a list', (future: unknown) => [1, future], 'argument 1, 1, is a future'],
  ])('%s is refused, and not sent as an empty object', async (_where, wrap, words) => {
    await using pool = new WorkerPool<Module>(module, { threads: 1 })
    const { echo } = pool.tasks

    const call = echo(wrap(echo(1)))

    await expect(call).rejects.toThrow(words)
    await expect(call).rejects.toMatchObject({ name: 'DataCloneError' })
  })
})
