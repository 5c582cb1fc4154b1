// As much of the peers as is used here: types are checked without them, too.

declare module 'piscina' {
  interface RunOptions {
    name: string
    transferList?: readonly ArrayBuffer[]
  }
  interface PoolOptions {
    filename: string
    minThreads: number
    maxThreads: number
  }
  export class Piscina {
    constructor(options: PoolOptions)
    run(value: unknown, options: RunOptions): Promise<unknown>
    destroy(): Promise<void>
  }
}

declare module 'tinypool' {
  export { Piscina as default } from 'piscina'
}

declare module 'workerpool' {
  interface Pool {
    exec(name: string, args: unknown[], options?: { transfer: ArrayBuffer[] }): Promise<unknown>
    terminate(): Promise<void>
  }
  const workerpool: {
    pool(file: string, options: { minWorkers: number; maxWorkers: number }): Pool
  }
  export default workerpool
}
