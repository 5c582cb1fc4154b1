import { type AnyCell, CANCELLED, conclude, contentOf, detach, driverOf } from './cell.ts'
import { CancelledError } from './errors.ts'
import { type Subscriber, tellNext, tellOf } from './subscriber.ts'

/** Cancels futures one after the other, and what their drivers name with them, to any depth. */
export function cancelAll(futures: readonly AnyCell[], reason: unknown): void {
  tellOf(new Canceller(reason), futures, detach)
}

/** Cancels every future it is told of, pending as they are. */
export class Canceller implements Subscriber<AnyCell> {
  readonly #reason: unknown

  constructor(reason: unknown = new CancelledError()) {
    this.#reason = reason
  }

  settled(future: AnyCell): AnyCell | undefined {
    const data = contentOf(future)
    const reason = this.#reason
    if (conclude(future, CANCELLED, reason) === undefined) return undefined
    const driver = driverOf(future)
    const withdrawn = driver.withdrawn?.(future, data)
    // Comes after the future's own subscribers, which are pushed above it.
    const settled = () => tellNext(this, driver.abort?.(reason, withdrawn) ?? [])
    tellNext({ settled }, [future])
    return future
  }
}
