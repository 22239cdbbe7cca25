import { defineConfig } from 'vitest/config';

// Tests read the packages' sources, not their builds; only tests that spawn the real programs need `pnpm build`.
const conditions = ['sallyport-source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/test/**/*.test.ts', 'tests/**/*.test.ts', 'deploy/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // In CI a failed test is tried once more and shown as such. One that needs it is a bug to be mended.
    retry: process.env.CI === 'true' ? 1 : 0,
  },
});
