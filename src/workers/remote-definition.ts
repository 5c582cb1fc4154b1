import type { AnyFuture } from '../core/future.ts'
import { argsOf } from '../schedule/call.ts'
import type { Context } from '../schedule/context.ts'
import { Definition } from '../schedule/definition.ts'
import { callOf } from '../schedule/dispatcher.ts'
import type { TaskOptions } from '../schedule/task-options.ts'
import type { RemoteCall } from './remote-call.ts'
import type { Workforce } from './workforce.ts'

/** A function of a pool's module with its options: the driver of the futures of all its calls. */
export class RemoteDefinition extends Definition {
  readonly crew: Workforce
  readonly #function: string

  constructor(crew: Workforce, name: string, options: TaskOptions | undefined) {
    super(crew.dispatcher, runsElsewhere, options ?? {}, false, crew)
    this.crew = crew
    this.#function = name
    // Bodies there run in no async context of this thread.
    this.origin = { scope: undefined }
  }

  override get name(): string {
    return this.options.name ?? this.#function
  }

  call(values: readonly unknown[]): AnyFuture {
    return this.crew.submit(this, this.#function, values)
  }

  override demanded(future: AnyFuture, data: unknown): void {
    super.demanded(future, data)
    this.crew.demanded(remoteCallOf(data))
  }

  override withdrawn(future: AnyFuture, data: unknown): Context | undefined {
    const call = remoteCallOf(data)
    super.withdrawn(future, data)
    // Ahead of its turn a thread has begun it: its body counts until it has ended.
    if (this.crew.withdraw(call)) {
      call.run = this.crew.dispatcher.startOrphan(future, callOf(data))
    }
    return call as unknown as Context
  }

  override abort(reason: unknown, call: unknown): undefined {
    this.crew.cancel(call as RemoteCall, reason)
    super.abort(reason, undefined)
  }
}

function remoteCallOf(data: unknown): RemoteCall {
  return argsOf(callOf(data))[0] as RemoteCall
}

function runsElsewhere(): never {
  throw new Error('The body of this task runs on another thread')
}
