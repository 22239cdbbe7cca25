#!/usr/bin/env -S node --max-semi-space-size=16
import { existsSync } from 'node:fs';
import process from 'node:process';

// The program is built from TypeScript; from a fresh checkout it is not there yet.
const program = new URL('../dist/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    'sallyport-gateway: it has not been built yet. Run "pnpm build" in the workspace first.\n',
  );
  process.exitCode = 1;
}
