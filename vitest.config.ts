import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const fromRoot = (path: string) => fileURLToPath(new URL(path, import.meta.url))

export default defineConfig({
  resolve: {
    // Tests read the sources. What must hold for the built package is in test/package.
    alias: [
      { find: /^gatherly$/, replacement: fromRoot('./src/index.ts') },
      { find: /^gatherly\/trace$/, replacement: fromRoot('./src/trace/index.ts') },
      { find: /^gatherly\/workers$/, replacement: fromRoot('./src/workers/index.ts') },
      { find: /^gatherly\/testing$/, replacement: fromRoot('./src/testing/index.ts') },
    ],
  },
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/fixtures/**'],
    setupFiles: ['test/setup.ts'],
    pool: 'forks',
    // For the tests that wait until a future has been garbage collected.
    execArgv: ['--expose-gc'],
    testTimeout: 20_000,
    typecheck: {
      enabled: true,
      include: ['test/types/**/*.test-d.ts'],
      tsconfig: 'tsconfig.json',
      // `npm run types` checks the rest, with a message of its own.
      ignoreSourceErrors: true,
    },
  },
})
