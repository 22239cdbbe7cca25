import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isPackageManager } from '../quickstart/launcher.ts';
import { ending, lineFrom, temporaryFolder } from './framework/quickstart.ts';

const LAUNCHER = new URL('../quickstart/launcher.ts', import.meta.url).href;

let folder: { path: string; remove: () => Promise<void> };
beforeEach(async () => {
  folder = await temporaryFolder();
});
afterEach(() => folder.remove());

/** A program that starts the next one and waits, under the given file name; the innermost one watches its launchers. */
async function chain(...names: string[]) {
  const watcher = join(folder.path, 'watcher.mjs');
  await writeFile(
    watcher,
    `const { watchLaunchers } = await import(${JSON.stringify(LAUNCHER)});
     watchLaunchers(() => { console.log('launcher gone'); process.exit(0); });
     console.log('watching'); setInterval(() => {}, 1000); setTimeout(() => process.exit(1), 20000);`,
  );
  let next = watcher;
  for (const name of names.toReversed()) {
    const file = join(folder.path, name);
    // The pids on the way down are printed, outermost first.
    await writeFile(
      file,
      `console.log('pid ${name} ' + process.pid);
       require('node:child_process').spawn(process.execPath, [${JSON.stringify(next)}], { stdio: 'inherit' }).once('exit', (code) => process.exit(code ?? 1));`,
    );
    next = file;
  }
  return spawn(process.execPath, [next], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  });
}

describe('the package manager above the quick start', () => {
  it('ends it, also when the topmost of two is killed and passes nothing on', async () => {
    const top = await chain('npx-cli.js', 'pnpm.cjs');
    const output = ending(top);
    await lineFrom(top, /^watching$/);
    top.kill('SIGKILL');
    // stdout closes when the last of the chain has ended.
    expect((await output).output).toContain('launcher gone');
  });

  it('is not looked for beyond itself: what started it may end', async () => {
    const top = await chain('script.cjs', 'pnpm.cjs');
    const output = ending(top);
    const pnpm = Number((await lineFrom(top, /^pid pnpm.cjs \d+$/)).split(' ').at(-1));
    await lineFrom(top, /^watching$/);
    top.kill('SIGKILL');
    const early = await Promise.race([
      output.then(() => 'ended'),
      new Promise((resolve) => setTimeout(resolve, 1_500, 'lives')),
    ]);
    expect(early).toBe('lives');
    process.kill(pnpm, 'SIGKILL');
    expect((await output).output).toContain('launcher gone');
  });

  it('is recognised by its command line, and programs in its folders are not', () => {
    const managers = [
      ['npm exec pnpm@12.21.0 start                '],
      ['/usr/bin/pnpm', 'start'],
      ['node', '/usr/lib/node_modules/npm/bin/npx-cli.js', '--yes', 'pnpm@12.21.0', 'start'],
      ['/usr/bin/node', '/home/x/.npm/_npx/ab/node_modules/pnpm/bin/pnpm.cjs', 'start'],
    ];
    for (const words of managers) expect(isPackageManager(words), words.join(' ')).toBe(true);
    const others = [
      ['node', '/w/node_modules/.pnpm/vitest@5/node_modules/vitest/vitest.mjs', 'run'],
      ['bash', '-c', 'npx --yes pnpm start &'],
      ['sh', '-c', 'node deploy/demo/quickstart/start.ts'],
    ];
    for (const words of others) expect(isPackageManager(words), words.join(' ')).toBe(false);
  });
});
