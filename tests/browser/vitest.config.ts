import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

// Apart from `pnpm test`, which needs no browser: `pnpm test:browser`.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['tests/browser/*.browser.ts'],
    root: new URL('../..', import.meta.url).pathname,
  },
});
