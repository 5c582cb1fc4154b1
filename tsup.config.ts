import { defineConfig } from 'tsup'

export default defineConfig({
  // One config for every door: two would duplicate the core, and with it the class `Future`.
  entry: {
    index: 'src/index.ts',
    'testing/index': 'src/testing/index.ts',
    'workers/index': 'src/workers/index.ts',
    // The first module of every thread.
    'workers/entry': 'src/workers/entry.ts',
    'trace/index': 'src/trace/index.ts',
  },
  format: ['esm'],
  target: 'es2022',
  tsconfig: 'tsconfig.src.json',
  // Lets a program whose `lib` has no `Symbol.dispose` compile against the declarations.
  dts: { banner: '/// <reference lib="esnext.disposable" />' },
  splitting: true,
  treeshake: true,
  sourcemap: true,
  clean: true,
})
