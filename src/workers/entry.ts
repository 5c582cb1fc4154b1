import { builtin, hostProcess } from './host.ts'
import type { Bodies } from './repertoire.ts'
import { serveModule } from './serve.ts'

// The first module of every thread that a pool starts by itself.
serveModule(async (module) => {
  // Node 20 hands the loader of tsx to no thread. Beforehand: a module that failed stays failed.
  if (!hostProcess?.features?.typescript && TYPESCRIPT.test(module)) {
    await registerTsx(module)
  }
  return (await import(/* @vite-ignore */ module)) as Bodies
})

const TYPESCRIPT = /\.[cm]?tsx?($|[?#])/

/** Has this thread load TypeScript, if the application that owns the module has tsx. */
async function registerTsx(module: string): Promise<void> {
  try {
    const nodeModule = builtin<{
      createRequire(from: string): { resolve(name: string): string }
    }>('module')
    const url = builtin<{ pathToFileURL(path: string): URL }>('url')
    const path = nodeModule?.createRequire(module).resolve('tsx/esm/api')
    if (path === undefined || url === undefined) return
    // `require` finds the CommonJS twin, which looks for its loader in a place where it is not.
    const { href } = url.pathToFileURL(path.replace(/\.cjs$/, '.mjs'))
    const { register } = (await import(/* @vite-ignore */ href)) as { register(): unknown }
    register()
  } catch {
    // Loading it says what is wrong.
  }
}
