import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

// Apart from `pnpm test`, which needs no Redis: `pnpm test:redis`.
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['tests/redis/*.redis.ts'],
    root: new URL('../..', import.meta.url).pathname,
  },
});
