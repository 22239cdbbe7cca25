import { createHash } from 'node:crypto';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DropOrder } from '../../../src/audit/index.ts';
import { type RunningApi, startApi } from '../../admin/running-api.ts';
import { runProgram } from '../../cli/run-program.ts';
import { intent, outcome } from '../draft.ts';
import { verify } from '../exported.ts';

const KEEP = { kind: 'Retention', name: 'all', spec: { kinds: ['*'], keep: '2y' } };
let api: RunningApi;
let owner: Client;
let folder: string;
const clock = { at: 0, now: () => clock.at, monotonicMs: systemClock.monotonicMs };
const body = Buffer.from('{"said":"long ago"}');
const request = { digest: createHash('sha256').update(body).digest('hex'), bytes: body.length };

const run = (role: 'administrator' | 'custodian' | 'auditor', ...args: string[]) =>
  runProgram(args, { env: { SALLYPORT_URL: api.url, SALLYPORT_TOKEN: api.token(role) }, cwd: folder });

async function json<T>(role: 'administrator' | 'custodian' | 'auditor', ...args: string[]): Promise<T> {
  const ended = await run(role, ...args, '--json');
  expect(ended, ended.stderr).toMatchObject({ code: 0 });
  return JSON.parse(ended.stdout);
}

interface Month {
  readonly name: string;
  readonly state: string;
  readonly from: number;
  readonly until: number;
  readonly exported?: { readonly location: string; readonly manifest: string };
}

async function month(name: string): Promise<Month> {
  const { items } = await json<{ items: Month[] }>('auditor', 'audit', 'retention', 'status');
  const found = items.find((each) => each.name === name);
  if (found === undefined) throw new Error(`there is no month ${name}`);
  return found;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-drop-'));
  clock.at = Date.parse('2020-01-15T00:00:00Z');
  const anchoring = {
    anchors: [{ name: 'share', folder }],
    refuses: false,
    outbound: { privateHosts: [] },
  };
  api = await startApi({ clock, anchoring });
  const { audit, registry } = api.rooms;
  // An anchor from before the months whose exports begin later: they must not name it.
  await audit.makeCheckpoint();
  await audit.anchors?.now();
  for (const at of ['2020-01-15', '2020-02-15', '2020-03-15']) {
    clock.at = Date.parse(`${at}T00:00:00Z`);
    for (let call = 0; call < 20; call += 1) {
      await audit.record({ ...intent(`cal_${at}_${call}`), request }, { body });
      await audit.record(outcome(`cal_${at}_${call}`));
    }
    await audit.makeCheckpoint();
  }
  clock.at = Date.now();
  await registry.apply(registry.plan([KEEP]), { kind: 'gateway', name: 'test' });
  await audit.makeCheckpoint();
  owner = new Client({ connectionString: api.databaseUrl });
  owner.on('error', () => undefined);
  await owner.connect();
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await api?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('a month goes when it was exported, verified, anchored and confirmed by another person, and the log says so first', async () => {
  const early = await run('administrator', 'audit', 'retention', 'run');
  expect(early).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('no anchored checkpoint covers it'),
  });
  await api.rooms.audit.anchors?.now();
  const dry = await run('administrator', 'audit', 'retention', 'run', '--dry-run');
  expect(dry.stdout).toContain('2020_01 would be exported');
  const proposal = await json<{ id: string; digest: string; payload: object }>(
    'administrator',
    'audit',
    'retention',
    'run',
  );
  const { exported, from, until } = await month('2020_01');
  expect(proposal.payload).toEqual({ partition: '2020_01', from, until, manifest: exported?.manifest });
  const { code, stdout } = await verify(exported?.location ?? '');
  expect(code).toBe(0);
  expect(stdout).toContain('none missing');
  const own = await run('administrator', 'proposal', 'confirm', proposal.id);
  expect(own).toMatchObject({ code: 1, stderr: expect.stringContaining('second person') });
  const done = await json<{ state: string; outcome: string }>(
    'custodian',
    'proposal',
    'confirm',
    proposal.id,
  );
  expect(done).toMatchObject({ state: 'executed', outcome: expect.stringContaining('2020_01 is gone') });
  const [entry] = await api.entries({ kind: 'retention.dropped', limit: 2 });
  expect(entry?.fields).toMatchObject({
    partition: '2020_01',
    from,
    until,
    manifest: exported?.manifest,
    anchor: 'share',
    by: 'test-administrator and test-custodian',
    proposal: proposal.id,
    classes: ['all 2y'],
  });
  expect((await owner.query("SELECT to_regclass('audit_entries_2020_01') AS gone")).rows[0].gone).toBeNull();

  // The log is exported and verified from the first entry that is left.
  expect(await run('auditor', 'audit', 'export', '--out', 'rest')).toMatchObject({ code: 0 });
  const rest = await verify(
    join(folder, 'rest'),
    '--anchor',
    join(exported?.location ?? '', 'checkpoints.ndjson'),
  );
  expect(rest, rest.stderr).toMatchObject({ code: 0 });
  expect(rest.stdout).toContain(`(${until} to `);
  const gone = await run('auditor', 'audit', 'export', '--from', '0', '--out', 'none');
  expect(gone).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`The entries before ${until} are gone`),
  });
  const status = await run('auditor', 'audit', 'retention', 'status');
  expect((await run('auditor', 'audit', 'status')).stdout).toContain(`those before ${until} are gone`);
  expect(status.stdout).toContain(`its export was ${exported?.location}`);
}, 60_000);

test('an export that was changed behind its verification keeps its month, and the entry is not made', async () => {
  const proposal = await json<{ id: string }>('administrator', 'audit', 'retention', 'run');
  const { exported } = await month('2020_02');
  appendFileSync(join(exported?.location ?? '', 'checkpoints.ndjson'), '{}\n');
  const done = await json<{ state: string; outcome: string }>(
    'custodian',
    'proposal',
    'confirm',
    proposal.id,
  );
  expect(done).toMatchObject({ state: 'failed', outcome: expect.stringContaining('is not proven') });
  expect((await month('2020_02')).state).toBe('due');
  expect(await api.entries({ kind: 'retention.dropped', limit: 5 })).toHaveLength(1);
});

test('a hold between proposal and confirmation keeps the month', async () => {
  const proposal = await json<{ id: string }>('administrator', 'audit', 'retention', 'run');
  const { from } = await month('2020_02');
  await owner.query(
    `INSERT INTO audit_holds (id, reason, scope, placed_at, placed_by) VALUES ('hld_1', 'case 77', $1, now(), 'legal')`,
    [JSON.stringify({ from, until: from + 1 })],
  );
  const done = await json<{ state: string; outcome: string }>(
    'custodian',
    'proposal',
    'confirm',
    proposal.id,
  );
  expect(done).toMatchObject({ state: 'failed', outcome: expect.stringContaining('hld_1') });
  await owner.query("UPDATE audit_holds SET released_at = now() WHERE id = 'hld_1'");
  expect((await month('2020_02')).state).toBe('due');
});

test('a drop that fails behind its entry is told of; one that a crash cut off is finished, and told of once', async () => {
  const revoke = 'REVOKE EXECUTE ON FUNCTION audit_drop_month(text, integer, bigint) FROM sallyport_app';
  const grant = 'GRANT EXECUTE ON FUNCTION audit_drop_month(text, integer, bigint) TO sallyport_app';
  await owner.query(revoke);
  const proposal = await json<{ id: string; payload: DropOrder }>(
    'administrator',
    'audit',
    'retention',
    'run',
  );
  const done = await json<{ state: string; outcome: string }>(
    'custodian',
    'proposal',
    'confirm',
    proposal.id,
  );
  expect(done).toMatchObject({ state: 'failed', outcome: expect.stringContaining('permission denied') });
  const [failed] = await api.entries({ kind: 'retention.drop_failed', limit: 1 });
  expect(failed?.fields).toMatchObject({ partition: '2020_02', proposal: proposal.id });
  expect((await month('2020_02')).state).toBe('due');
  await owner.query(grant);
  // As after a crash between the entry and the drop: what is confirmed is carried out again, under the same proposal.
  const by = { people: 'two', proposal: proposal.id };
  await api.rooms.audit.retention.drop(proposal.payload, by);
  await api.rooms.audit.retention.drop(proposal.payload, by);
  expect((await month('2020_02')).state).toBe('dropped');
  const entries = await api.entries({ kind: 'retention.dropped', limit: 10 });
  expect(entries.filter(({ fields }) => fields?.partition === '2020_02')).toHaveLength(1);
}, 60_000);
