import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cefLine } from '@sallyport/shared/audit-events';
import fc from 'fast-check';
import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunningApi, startApi } from '../admin/running-api.ts';
import { intent, outcome } from '../audit/draft.ts';
import { runProgram } from './run-program.ts';

let api: RunningApi;
let folder: string;
const run = (...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token('auditor') }, cwd: folder });
const linesOf = (name: string) => readFileSync(join(folder, name), 'utf8').trimEnd().split('\n');

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-events-'));
  api = await startApi();
  await api.rooms.audit.record(intent('cal_1'));
  await api.rooms.audit.record(outcome('cal_1'));
  await api.rooms.audit.record({
    kind: 'decision.deny',
    actor: { kind: 'user', name: 'eve' },
    source: { ip: '192.0.2.7' },
    decision: { effect: 'deny', reasons: ['not_permitted'], policies: [], policyVersion: 'b'.repeat(64) },
  });
}, 60_000);

afterAll(async () => {
  await api.stop();
  rmSync(folder, { recursive: true });
});

test('OCSF: each entry is an event with all that API Activity requires', async () => {
  const said = await run('audit', 'export', '--format', 'ocsf', '--out', 'events.ndjson', '--json');
  expect(said).toMatchObject({ code: 0, stderr: '' });
  const events = linesOf('events.ndjson').map((line) => JSON.parse(line));
  expect(JSON.parse(said.stdout).events).toBe(events.length);
  expect(events.map((event) => event.metadata.sequence)).toEqual(events.map((_, seq) => seq));
  for (const event of events) {
    expect(event).toMatchObject({
      class_uid: 6003,
      category_uid: 6,
      activity_id: 99,
      type_uid: 600399,
      time: expect.any(Number),
      severity_id: expect.any(Number),
      metadata: {
        version: expect.any(String),
        product: { vendor_name: 'Sallyport' },
        uid: expect.stringMatching(/./),
      },
      actor: { user: { name: expect.stringMatching(/./) } },
      api: { operation: expect.stringMatching(/./) },
    });
    expect(event.src_endpoint.ip ?? event.src_endpoint.name).toMatch(/./);
  }
  const status = (kind: string) => events.find((event) => event.activity_name === kind)?.status;
  expect(status('call.outcome')).toBe('Success');
  expect(status('decision.deny')).toBe('Failure');
});

test('CEF: a line each, and the export records itself', async () => {
  expect(await run('audit', 'export', '--format', 'cef', '--out', 'events.cef')).toMatchObject({ code: 0 });
  const lines = linesOf('events.cef');
  expect(lines.find((line) => line.includes('|decision.deny|'))).toMatch(
    /^CEF:0\|Sallyport\|Gateway\|1\|decision\.deny\|decision\.deny\|6\|rt=\d{13} .*suser=eve src=192\.0\.2\.7 act=deny/,
  );
  expect(lines.at(-1)).toContain('|log.export|');
});

test('a file that is there is kept, and nothing half done stays', async () => {
  await run('audit', 'export', '--format', 'cef', '--out', 'kept.cef');
  const before = linesOf('kept.cef');
  const again = await run('audit', 'export', '--format', 'cef', '--out', 'kept.cef');
  expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/is there already/) });
  expect(linesOf('kept.cef')).toEqual(before);
  expect(readdirSync(folder).filter((name) => name.includes('unfinished'))).toEqual([]);
});

test('no name can begin another line or member of a CEF event', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('\n', '\r', ' src=1', '|', '\u2028', '\\'),
      (name, sly) => {
        const leaf = {
          seq: 1,
          ts: '2026-01-31T08:00:00.000Z',
          kind: 'auth.failure',
          id: 'ent_1',
          origin: 'o',
        };
        const line = cefLine({ ...leaf, actor: { kind: 'anonymous', name: `${name}${sly}${name}` } }, 'f');
        expect(line).not.toMatch(/[\r\n\u0085\u2028\u2029]/);
        // An "=" that no backslash escapes stands only behind the members' own names.
        const names = [...line.matchAll(/(?<!\\)(?:\\\\)*(\w*)=/g)].map(([, found]) => found);
        expect(names).toEqual([
          'rt',
          'externalId',
          'suser',
          'cn1',
          'cn1Label',
          'cs1',
          'cs1Label',
          'cs2',
          'cs2Label',
        ]);
      },
    ),
  );
});

test('Parquet: a row for each entry, with its exact text; another reader reads it', async () => {
  const said = await run('audit', 'export', '--format', 'parquet', '--out', 'events.parquet', '--json');
  expect(said).toMatchObject({ code: 0, stderr: '' });
  const rows = await parquetReadObjects({ file: await asyncBufferFromFile(join(folder, 'events.parquet')) });
  expect(rows.length).toBe(JSON.parse(said.stdout).events);
  for (const [seq, row] of rows.entries()) {
    const entry = JSON.parse(row.leaf);
    expect(row).toMatchObject({ seq: BigInt(seq), kind: entry.kind, id: entry.id, ts: new Date(entry.ts) });
    expect(createHash('sha256').update(`\0${row.leaf}`).digest('hex')).toBe(row.leaf_hash);
  }
  const denied = rows.find((row) => row.kind === 'decision.deny');
  expect(denied).toMatchObject({ actor: 'eve', effect: 'deny', source_ip: '192.0.2.7', policies: [] });
  expect(denied?.call ?? undefined).toBeUndefined();
  expect(await run('audit', 'export', '--format', 'parquet', '--out', 'events.parquet')).toMatchObject({
    code: 1,
  });
});
