import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ProcessLog } from '../quickstart/logs.ts';
import { isAlive } from '../quickstart/process-facts.ts';
import { Member, untilReady } from '../quickstart/processes.ts';
import { ending, lineFrom, runModule, temporaryFolder } from './framework/quickstart.ts';

const never = new AbortController().signal;
let folder: { path: string; remove: () => Promise<void> };
let log: ProcessLog;
beforeEach(async () => {
  folder = await temporaryFolder();
  log = new ProcessLog(join(folder.path, 'logs'), 'demo');
});
afterEach(async () => {
  log.close();
  await folder.remove();
});

function member(script: string): Member {
  return new Member('demo', log, () => ({
    args: ['-e', script],
    environment: { PATH: '/usr/bin:/bin' },
    cwd: folder.path,
  }));
}

async function until(holds: () => boolean): Promise<void> {
  for (let attempt = 0; !holds(); attempt += 1) {
    if (attempt > 1_000) throw new Error('what was waited for did not come');
    await sleep(10);
  }
}

describe('a process of the quick start', () => {
  it('that ends before it is ready is an error with its last words', async () => {
    const failing = member(`console.error('the key file is missing'); process.exit(3)`);
    const ready = untilReady(failing, failing.start(), new Promise(() => undefined), 20_000);
    await expect(ready).rejects.toThrow(/exit code 3[\s\S]*the key file is missing/);
  });

  it('that is never ready is an error too', async () => {
    const slow = member(`console.log('thinking'); setInterval(() => {}, 1000)`);
    await expect(untilReady(slow, slow.start(), new Promise(() => undefined), 300)).rejects.toThrow(
      /not ready within 0.3 s/,
    );
    await slow.stop(2_000, never);
  });

  it('is started again when it dies, and not after it has been stopped', async () => {
    const mortal = member('setInterval(() => {}, 1000)');
    const said: string[] = [];
    const started: (number | undefined)[] = [];
    const supervised = mortal.supervise(
      mortal.start(),
      (line) => said.push(line),
      () => started.push(mortal.pid),
    );
    const first = mortal.pid ?? 0;
    process.kill(first, 'SIGKILL');
    await until(() => started.length === 1);
    expect(started[0]).not.toBe(first);
    expect(said[0]).toMatch(/killed by SIGKILL.*starting it again in 1 s/);
    await mortal.stop(5_000, never);
    await supervised;
    expect(isAlive(started[0] ?? 0)).toBe(false);
    expect(() => mortal.start()).toThrow(/being stopped/);
  });

  it('that ignores SIGTERM is killed with its whole group', async () => {
    const stubborn = member(`
      process.on('SIGTERM', () => {});
      const { spawn } = require('node:child_process');
      const child = spawn('/bin/sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'ignore' });
      process.send({ child: child.pid }); setInterval(() => {}, 1000);`);
    const ended = stubborn.start();
    const child = await stubborn.message((message) =>
      typeof message === 'object' && message !== null && 'child' in message
        ? Number(message.child)
        : undefined,
    );
    await stubborn.stop(300, never);
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
    await until(() => !isAlive(child));
  });

  it('is not waited for when a person hurries', async () => {
    const stubborn = member(
      `process.on('SIGTERM', () => {}); process.send({ up: 1 }); setInterval(() => {}, 1000)`,
    );
    const ended = stubborn.start();
    await stubborn.message((message) => message);
    const hurry = new AbortController();
    const stopped = stubborn.stop(600_000, hurry.signal);
    hurry.abort();
    await stopped;
    expect(await ended).toMatchObject({ signal: 'SIGKILL' });
  });

  it('sees its channel close when the quick start is killed', async () => {
    const processes = new URL('../quickstart/processes.ts', import.meta.url).href;
    const logs = new URL('../quickstart/logs.ts', import.meta.url).href;
    const parent = runModule(`
      const { Member } = await import(${JSON.stringify(processes)});
      const { ProcessLog } = await import(${JSON.stringify(logs)});
      const log = new ProcessLog(${JSON.stringify(folder.path)}, 'child');
      const script = "process.on('disconnect', () => { console.log('parent gone'); process.exit(0) }); process.send({up: 1}); setInterval(() => {}, 1000)";
      const child = new Member('child', log, () => ({ args: ['-e', script], environment: {}, cwd: '/' }));
      child.start();
      await child.message((message) => message);
      console.log('child ' + child.pid);`);
    const pid = Number((await lineFrom(parent, /^child \d+$/)).slice(6));
    const ended = ending(parent);
    parent.kill('SIGKILL');
    await ended;
    await until(() => !isAlive(pid));
    // It wrote its last words though the parent was dead: its log is a file, not a pipe.
    expect(readFileSync(join(folder.path, 'child.log'), 'utf8')).toContain('parent gone');
  });
});

describe('a log', () => {
  it('keeps one older part when it has grown too large', async () => {
    const talker = member(`for (let n = 0; n < 500; n++) console.log('line ' + n)`);
    await talker.start();
    expect(log.tail().split('\n').at(-1)).toBe('line 499');
    log.rotate(1_000);
    expect(readFileSync(log.path, 'utf8')).toBe('');
    expect(readFileSync(`${log.path}.1`, 'utf8')).toContain('line 499');
    await member(`console.log('after')`).start();
    expect(readFileSync(log.path, 'utf8')).toBe('after\n');
  });
});
