#!/usr/bin/env node
import { existsSync } from 'node:fs';
import process from 'node:process';

// The program is built from TypeScript; from a fresh checkout it is not there yet.
const program = new URL('../dist/verify/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write(
    'sallyport-verify: it has not been built yet. Run "pnpm build" in the workspace first.\n',
  );
  process.exitCode = 2;
}
