import { builtin } from './host.ts'
import { serveModule } from './serve.ts'
import type { Bodies } from './server.ts'

// The first module of every thread that a pool starts by itself.
serveModule(async (module) => {
  try {
    return (await import(/* @vite-ignore */ module)) as Bodies
  } catch (error) {
    // Node 20 hands the loader of tsx to no thread.
    const isTypeScript = (error as { code?: unknown }).code === 'ERR_UNKNOWN_FILE_EXTENSION'
    const load = isTypeScript ? await tsImport(module) : undefined
    if (load === undefined) throw error
    return (await load(module, import.meta.url)) as Bodies
  }
})

type TsImport = (module: string, parent: string) => Promise<unknown>

/** The loader of tsx, if the application that owns the module has it. */
async function tsImport(module: string): Promise<TsImport | undefined> {
  try {
    const nodeModule = builtin<{
      createRequire(from: string): { resolve(name: string): string }
    }>('module')
    const url = builtin<{ pathToFileURL(path: string): URL }>('url')
    const path = nodeModule?.createRequire(module).resolve('tsx/esm/api')
    if (path === undefined || url === undefined) return undefined
    const api = (await import(/* @vite-ignore */ url.pathToFileURL(path).href)) as {
      tsImport: TsImport
    }
    return api.tsImport
  } catch {
    return undefined
  }
}
