import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { runProgram } from '../cli/run-program.ts';
import { intent, outcome } from './draft.ts';
import { Exported, verify } from './exported.ts';

const BEFORE = 'before.hashes';
let api: RunningApi;
let folder: string;
let whole: Exported;
let part: Exported;
/** Seq of the first entry of the part: an outcome, whose intent is before it; no checkpoint ends right there. */
let from: number;
let first: string;

const run = (...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('auditor') }, cwd: folder });

async function exported(name: string, ...args: string[]): Promise<Exported> {
  const ended = await run('audit', 'export', '--out', name, ...args);
  expect(ended, ended.stderr).toMatchObject({ code: 0, stderr: '' });
  return new Exported(join(folder, name));
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-part-'));
  api = await startApi();
  const { audit } = api.rooms;
  for (let call = 0; call < 300; call += 1) {
    const body = Buffer.from(`{"n":${call % 10}}`);
    const request = { digest: createHash('sha256').update(body).digest('hex'), bytes: body.length };
    await audit.record(
      { ...intent(`cal_${call}`), request },
      { body, original: Buffer.from(`exact ${call}`) },
    );
    if (call === 200) from = audit.size();
    await audit.record(outcome(`cal_${call}`));
    if (call % 40 === 0) await audit.makeCheckpoint();
  }
  whole = await exported('whole');
  part = await exported('part', '--from', String(from));
  first = `entries/${String(from).padStart(12, '0')}.ndjson`;
}, 120_000);
afterAll(async () => {
  await api?.stop();
  rmSync(folder, { recursive: true });
});

test('a part is proven by the hashes of the tree before it, and says what it leaves open', async () => {
  const { code, stdout, stderr } = await verify(part.folder);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { size } = JSON.parse(part.read('MANIFEST.json'));
  expect(stdout).toContain(`${size - from} entries (${from} to ${size - 1} of the log), none missing`);
  expect(stdout).toContain('99 calls: 100 with an outcome, 0 indeterminate, 0 under way at the end');
  expect(stdout).toContain(`what entries 0 to ${from - 1} are: this export begins later.`);
  expect(stdout).toContain('the intents of 1 calls that began before this export');
  expect(part.read(first)).toBe(
    `${whole.lines('entries/000000000000.ndjson').slice(from).join('\n')}\n${part
      .lines(first)
      .slice(whole.lines('entries/000000000000.ndjson').length - from)
      .join('\n')}\n`,
  );
});

test('it is joined to an earlier export by that export’s checkpoints', async () => {
  const joined = await verify(part.folder, '--anchor', join(whole.folder, 'checkpoints.ndjson'));
  expect(joined).toMatchObject({ code: 0, stderr: '' });
  expect(joined.stdout).toMatch(/1 checkpoints kept elsewhere agree, up to entry \d+/);
  // What ended before the part began can't be compared, and that is said.
  const early = await exported('early', '--until', '10');
  const apart = await verify(part.folder, '--anchor', join(early.folder, 'checkpoints.ndjson'));
  expect(apart).toMatchObject({ code: 0, stderr: '' });
  expect(apart.stdout).not.toContain('kept elsewhere agree');
  expect(apart.stdout).toMatch(/anything by .*early\/checkpoints\.ndjson: this export begins later/);
});

test('a part ends with the first checkpoint that covers what was asked for', async () => {
  const middle = await exported('middle', '--from', '100', '--until', '150', '--bodies');
  const { size, firstCheckpoint } = JSON.parse(middle.read('MANIFEST.json'));
  expect(size).toBeGreaterThanOrEqual(150);
  expect(size).toBeLessThan(150 + 80);
  expect(firstCheckpoint).toBeGreaterThan(0);
  const { code, stdout } = await verify(middle.folder);
  expect(code).toBe(0);
  expect(stdout).toContain('10 bodies are the ones that entries name');
  const beginning = await exported('beginning', '--until', '5', '--bodies');
  expect((await verify(beginning.folder)).code).toBe(0);
  expect(beginning.lines('bodies/bodies.ndjson').length).toBeLessThan(10);
});

test('a part is asked for by time, too, and as events', async () => {
  const ts = (n: number) => JSON.parse(whole.lines('entries/000000000000.ndjson')[n] ?? '').ts;
  const timed = await exported('timed', '--from', ts(from), '--until', '2999-01-01T00:00:00Z');
  const begins = JSON.parse(timed.read('MANIFEST.json')).from;
  expect(begins).toBeLessThanOrEqual(from);
  expect(ts(begins)).toBe(ts(from));
  expect((await verify(timed.folder)).code).toBe(0);
  const events = await run(
    'audit',
    'export',
    '--format',
    'ocsf',
    '--from',
    '590',
    '--until',
    '600',
    '--out',
    'e',
  );
  expect(events.code).toBe(0);
  expect(events.stdout).toMatch(/^\d+ events are in/);
});

test.each([
  [['--from', '99999999'], /there are none from 99999999/],
  [['--from', '20', '--until', '10'], /there are none from 20 to before 10/],
  [['--until', '99999999'], /there are none from 0 to before 99999999/],
  [['--from', 'yesterday'], /"yesterday" is neither the seq of an entry nor a time/],
])('what the log has not is refused: %s', async (args, says) => {
  const ended = await run('audit', 'export', '--out', 'nothing', ...args);
  expect(ended.code).not.toBe(0);
  expect(ended.stderr).toMatch(says);
});

const lineAt = (lines: readonly string[], n: number): string => lines[n] ?? '';
const attacks: Record<string, [(files: Exported) => void, RegExp]> = {
  'a hash of what is before is changed': [
    (files) => files.edit(BEFORE, (all) => all.with(0, 'a'.repeat(64))),
    /NOT PROVEN: .*not what checkpoint \d+ has signed/,
  ],
  'a hash of what is before is left out': [
    (files) => files.edit(BEFORE, (all) => all.slice(1)),
    /NOT PROVEN: before\.hashes: there are \d+ hashes, too few for \d+ entries/,
  ],
  'a hash of what is before is too many': [
    (files) => files.edit(BEFORE, (all) => [...all, 'a'.repeat(64)]),
    /NOT PROVEN: before\.hashes: there are \d+ hashes, too many/,
  ],
  'what is before is not written in hashes': [
    (files) => files.edit(BEFORE, (all) => all.with(0, 'x')),
    /NOT PROVEN: before\.hashes: it holds a line that is not a hash/,
  ],
  'the first entries are cut off': [
    (files) => {
      files.edit(first, (all) => all.slice(2));
      files.edit(first.replace('ndjson', 'hashes'), (all) => all.slice(2));
    },
    /NOT PROVEN: entries\/\d+\.ndjson: entry \d+: here stands the entry with seq \d+/,
  ],
  'an entry is edited': [
    (files) => {
      files.edit(first, (all) => all.with(9, lineAt(all, 9).replace('"robot"', '"ghost"')));
      files.edit(first.replace('ndjson', 'hashes'), () =>
        files.lines(first).map((leaf) => createHash('sha256').update(`\0${leaf}`).digest('hex')),
      );
    },
    /NOT PROVEN: entries\/\d+\.ndjson: entry \d+: one of the entries \d+ to \d+ is not what checkpoint/,
  ],
  'the checkpoint before it is left out': [
    (files) => {
      files.edit('checkpoints.ndjson', (all) => all.slice(1));
      const manifest = JSON.parse(files.read('MANIFEST.json'));
      files.write(
        'MANIFEST.json',
        JSON.stringify({ ...manifest, firstCheckpoint: manifest.firstCheckpoint + 1 }),
      );
    },
    /NOT PROVEN: checkpoints\.ndjson: the checkpoint before \d+ is missing/,
  ],
  'it says that it begins with the first entry': [
    (files) =>
      files.write('MANIFEST.json', files.read('MANIFEST.json').replace(/"from": \d+,/, '"from": 0,')),
    /NOT PROVEN: before\.hashes: it belongs to an export that begins behind entry 0/,
  ],
};

test.each(Object.entries(attacks))(
  '%s: not proven, and the verifier says where',
  async (_, [attack, says]) => {
    const files = part.copy();
    try {
      attack(files);
      files.fixManifest();
      expect(await verify(files.folder)).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(says),
      });
    } finally {
      files.remove();
    }
  },
);
