import fc from 'fast-check'
import { Future, gather } from 'gatherly'
import { describe, expect, it } from 'vitest'

describe('A future, whatever is done to it and in whatever order', () => {
  it('R8 always settles once, as the first who settled it wanted', () => {
    const settling = fc.oneof(
      fc.record({ kind: fc.constant('resolve' as const), what: fc.anything() }),
      fc.record({ kind: fc.constant('reject' as const), what: fc.anything() }),
      fc.record({ kind: fc.constant('cancel' as const), what: fc.string() }),
    )

    fc.assert(
      fc.property(fc.array(settling, { minLength: 1, maxLength: 6 }), (steps) => {
        const { future, resolve, reject } = Future.withResolvers<unknown>()
        const log: unknown[] = []
        future.onSettled(({ status, value, reason }) => log.push([status, value, reason]))

        const returned = steps.map(({ kind, what }) =>
          ({ resolve, reject, cancel: (reason: unknown) => future.cancel(reason) })[kind](what),
        )

        expect(log).toEqual([settledBy[(steps[0] as Step).kind]((steps[0] as Step).what)])
        expect(returned).toEqual(
          steps.map(({ kind }, i) => (kind === 'cancel' ? i === 0 : undefined)),
        )
        future.catch(() => {})
      }),
    )
  })

  it('R8 always calls every listener once, in the order they were added, save those that stopped', () => {
    const step = fc.oneof(
      fc.constant({ kind: 'listen' as const, which: 0 }),
      fc.record({ kind: fc.constant('stop' as const), which: fc.nat(20) }),
    )

    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(40), (steps, settleAt) => {
        const { future, resolve } = Future.withResolvers<number>()
        const log: number[] = []
        const stops: (() => void)[] = []
        const expected = new ListenersModel()

        for (const [i, { kind, which }] of [...steps, { kind: 'end', which: 0 }].entries()) {
          if (i === settleAt) {
            resolve(1)
            expected.settle()
          }
          if (kind === 'listen') {
            const id = stops.length
            stops.push(future.onSettled(() => log.push(id)))
            expected.listen(id)
          }
          if (kind === 'stop') {
            stops[which]?.()
            expected.stop(which)
          }
        }

        expect(log).toEqual(expected.log)
      }),
    )
  })
})

describe('The subscribers of futures that settle one another', () => {
  it('D1 are always told depth first, in the order in which they came', () => {
    fc.assert(
      fc.property(trees(), (tree) => {
        const { future, resolve } = Future.withResolvers<number>()
        const log: string[] = []
        plant(future, tree, '', log)

        resolve(1)

        expect(log).toEqual(preorder(tree, ''))
      }),
    )
  })

  it('D1 are always told depth first of a cancel, too', () => {
    fc.assert(
      fc.property(trees(), (tree) => {
        const future = new Future<number>(() => {})
        const log: string[] = []
        plant(future, tree, '', log)

        future.cancel()

        expect(log).toEqual(preorder(tree, ''))
      }),
    )
  })
})

type Step = { kind: 'resolve' | 'reject' | 'cancel'; what: unknown }

const settledBy = {
  resolve: (value: unknown) => ['fulfilled', value, undefined],
  reject: (reason: unknown) => ['rejected', undefined, reason],
  cancel: (reason: unknown) => ['cancelled', undefined, reason],
}

/** Who listens to a future and whom it has called, as plainly as can be. */
class ListenersModel {
  readonly log: number[] = []
  #listening: number[] = []
  #settled = false

  listen(id: number): void {
    if (this.#settled) this.log.push(id)
    else this.#listening.push(id)
  }

  stop(id: number): void {
    this.#listening = this.#listening.filter((other) => other !== id)
  }

  settle(): void {
    this.#settled = true
    this.log.push(...this.#listening)
  }
}

/** What hangs on a future: a listener, or a future of another kind that it settles, with what hangs on that. */
type Tree = readonly Branch[]
type Branch = { kind: 'listener' | 'follower' | 'gather'; on: Tree }

function trees(): fc.Arbitrary<Tree> {
  const { tree } = fc.letrec<{ tree: Tree; branch: Branch }>((tie) => ({
    tree: fc.array(tie('branch'), { maxLength: 4, depthIdentifier: 'tree' }),
    branch: fc.oneof(
      { depthIdentifier: 'tree', depthSize: 'medium' },
      fc.constant<Branch>({ kind: 'listener', on: [] }),
      fc.record({ kind: fc.constantFrom('follower', 'gather'), on: tie('tree') }),
    ),
  }))
  return tree
}

function plant(future: Future<unknown>, tree: Tree, path: string, log: string[]): void {
  for (const [i, { kind, on }] of tree.entries()) {
    const here = `${path}/${i}`
    if (kind === 'listener') future.onSettled(() => log.push(here))
    if (kind === 'gather') plant(gather([future]), on, here, log)
    if (kind === 'follower') plant(new Future((resolve) => resolve(future)), on, here, log)
  }
}

function preorder(tree: Tree, path: string): readonly string[] {
  return tree.flatMap(({ kind, on }, i) =>
    kind === 'listener' ? [`${path}/${i}`] : preorder(on, `${path}/${i}`),
  )
}
