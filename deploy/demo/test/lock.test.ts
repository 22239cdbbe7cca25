import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { takeLock } from '../quickstart/lock.ts';
import { startMark } from '../quickstart/process-facts.ts';
import { ending, lineFrom, runModule, runStart, temporaryFolder } from './framework/quickstart.ts';

const LOCK = new URL('../quickstart/lock.ts', import.meta.url).href;
const describeHolder = ({ pid }: { pid: number }): string => `held by ${pid}`;

let folder: { path: string; remove: () => Promise<void> };
let path: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  path = join(folder.path, 'quickstart.lock');
});
afterEach(() => folder.remove());

/** Another process that takes the lock and holds it until it is killed. */
async function holder() {
  const child = runModule(
    `const { takeLock } = await import(${JSON.stringify(LOCK)});
     takeLock(${JSON.stringify(path)}, () => 'busy'); console.log('locked'); setInterval(() => {}, 1000);`,
  );
  await lineFrom(child, /^locked$/);
  return child;
}

describe('the lock on the data folder', () => {
  it('is refused while another process holds it, and free once it has ended', async () => {
    const other = await holder();
    expect(() => takeLock(path, describeHolder)).toThrow(`held by ${other.pid}`);
    const ended = ending(other);
    other.kill('SIGKILL');
    await ended;
    expect(existsSync(path)).toBe(true);
    takeLock(path, describeHolder).release();
    expect(readdirSync(folder.path)).toEqual([]);
  });

  it('is taken over when its number belongs to another process by now', () => {
    const lie = { pid: process.ppid, mark: `${startMark(process.ppid)}0`, since: 'then' };
    writeFileSync(path, JSON.stringify(lie));
    takeLock(path, describeHolder).release();
    writeFileSync(path, JSON.stringify({ ...lie, mark: startMark(process.ppid) }));
    expect(() => takeLock(path, describeHolder)).toThrow(`held by ${process.ppid}`);
  });

  it('is taken over when it is torn', () => {
    writeFileSync(path, '{"pid": 12');
    const lock = takeLock(path, describeHolder);
    expect(JSON.parse(readFileSync(path, 'utf8')).pid).toBe(process.pid);
    lock.release();
  });

  it('leaves a successor alone when released late', () => {
    const lock = takeLock(path, describeHolder);
    writeFileSync(path, 'someone else');
    lock.release();
    expect(readFileSync(path, 'utf8')).toBe('someone else');
  });

  it('goes to one of many that find the same stale lock at once', async () => {
    writeFileSync(path, JSON.stringify({ pid: 4_194_304, mark: 'gone', since: '' }));
    const script = `const { takeLock } = await import(${JSON.stringify(LOCK)});
      try { takeLock(${JSON.stringify(path)}, () => 'busy'); console.log('won'); setTimeout(() => {}, 3000); }
      catch { console.log('lost'); }`;
    const ends = await Promise.all(Array.from({ length: 5 }, () => ending(runModule(script))));
    expect(ends.map((each) => each.output.trim()).sort()).toEqual(['lost', 'lost', 'lost', 'lost', 'won']);
  });

  it('makes a second start say who runs and what to do', async () => {
    const other = await holder();
    const { code, output } = await runStart({ SALLYPORT_DATA_DIR: folder.path });
    const ended = ending(other);
    other.kill('SIGKILL');
    await ended;
    expect(code).toBe(1);
    expect(output).toContain(`process ${other.pid}`);
    expect(output).toContain('SALLYPORT_DATA_DIR');
    // The holder's lock is still there: the refused start has not removed it.
    expect(existsSync(path)).toBe(true);
  });
});
