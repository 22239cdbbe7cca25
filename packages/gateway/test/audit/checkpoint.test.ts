import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Frontier } from '@sallyport/shared/merkle';
import type { Client } from 'pg';
import { expect, test } from 'vitest';
import type { Audit } from '../../src/audit/index.ts';
import { eventually, freshDatabase, intent, outcome, ownerClient, soundLog, storeOn } from './fixture.ts';
import { opened, signedAudit, signerFolder } from './signed.ts';

async function rootOf(owner: Client, size: number): Promise<string> {
  const { rows } = await owner.query<{ leaf_hash: Buffer }>(
    'SELECT leaf_hash FROM audit_entries WHERE slot = 0 AND seq < $1 ORDER BY seq',
    [size],
  );
  const tree = new Frontier();
  for (const row of rows) tree.append(row.leaf_hash);
  return tree.root().toString('hex');
}

const keysOf = (audit: Audit): readonly string[] => audit.signing()?.keys ?? [];

/** As a superuser of the database: past the triggers. */
async function superuser(url: string): Promise<Client> {
  const owner = await ownerClient(url);
  for (const table of ['audit_entries', 'audit_subtrees', 'audit_checkpoints'])
    await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER ALL`);
  return owner;
}

test('a change is signed by itself, with its time, and can be verified with the key alone', async () => {
  const url = await freshDatabase();
  const audit = await signedAudit(await storeOn(url), await signerFolder());
  const { seq, ts } = await audit.record(intent('cal_1'));
  await eventually(() => (audit.newestCheckpoint()?.size ?? 0) > seq);
  const newest = audit.newestCheckpoint();
  const checkpoint = opened(newest?.note ?? '', keysOf(audit));
  expect(checkpoint).toMatchObject({ origin: 'test/log/0', size: newest?.size, signatures: 2 });
  expect(checkpoint.root.toString('hex')).toBe(await rootOf(await ownerClient(url), checkpoint.size));
  expect(checkpoint.timeSeconds[0]).toBeGreaterThanOrEqual(Math.floor(Date.parse(ts) / 1_000));
  expect(audit.signing()).toMatchObject({ ok: true });
  expect((await soundLog(url))[0]?.leaf.fields).toMatchObject({ keys: keysOf(audit) });
});

test('checkpoints are dense, the last covers the stop, and the next run goes on with the same key', async () => {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  const first = await signedAudit(store, folder);
  await Promise.all(Array.from({ length: 600 }, (_, index) => first.record(intent(`cal_${index}`))));
  await first.makeCheckpoint();
  await first.record(outcome('cal_1'));
  await first.close();
  const { length } = await soundLog(url);
  const kept = await first.checkpoints(0, 100);
  expect(kept.map(({ number }) => number)).toEqual(kept.map((_, index) => index));
  expect(kept.at(-1)?.size).toBe(length);
  const second = await signedAudit(store, folder);
  expect(keysOf(second)).toEqual(keysOf(first));
  const made = await second.makeCheckpoint();
  expect(opened(made.note, keysOf(first)).size).toBe(made.size);
});

const ATTACKS: Record<string, (owner: Client) => Promise<unknown>> = {
  'the tail is cut': (owner) => owner.query('DELETE FROM audit_entries WHERE seq >= 8'),
  'an entry is edited with its hash': (owner) =>
    owner.query(`UPDATE audit_entries SET leaf_hash = sha256('x') WHERE seq = 3`),
  'two entries change places': (owner) =>
    owner
      .query(
        'UPDATE audit_entries SET seq = CASE seq WHEN 3 THEN 1000003 WHEN 4 THEN 3 END WHERE seq IN (3, 4)',
      )
      .then(() => owner.query('UPDATE audit_entries SET seq = 4 WHERE seq = 1000003')),
  'the database is put back to an earlier state, checkpoints and all': async (owner) => {
    await owner.query('DELETE FROM audit_entries WHERE seq >= 8');
    await owner.query('DELETE FROM audit_checkpoints WHERE size > 8');
  },
};

for (const [what, attack] of Object.entries(ATTACKS)) {
  test(`${what} while the gateway is down: nothing more is signed, and after the grace calls are refused`, async () => {
    const url = await freshDatabase();
    const [store, folder] = [await storeOn(url), await signerFolder()];
    const before = await signedAudit(store, folder);
    for (let call = 0; call < 5; call += 1) {
      await before.record(intent(`cal_${call}`));
      await before.record(outcome(`cal_${call}`));
      if (call === 2) await before.makeCheckpoint();
    }
    await before.close();
    await attack(await superuser(url));
    const audit = await signedAudit(store, folder, { graceMs: 1_000 });
    await audit.record(intent('cal_within_grace'));
    await eventually(() => audit.signing()?.ok === false);
    await eventually(() => !audit.healthy());
    expect(audit.signing()).toMatchObject({ callsRefused: true, reason: expect.stringContaining('signed') });
    await expect(audit.record(intent('cal_late'))).rejects.toMatchObject({ code: 'unavailable' });
    await expect(audit.makeCheckpoint()).rejects.toMatchObject({ code: 'signer_refused' });
    // What was sent is still settled, and what happened is in the log.
    await audit.record(outcome('cal_within_grace'));
    const refused = await audit.search({ kind: 'checkpoint.refused', limit: 9 });
    expect(refused.map(({ leaf }) => JSON.parse(leaf).fields)).toMatchObject([
      { reason: expect.stringContaining('signed'), signedRoot: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
  });
}

test('a checkpoint that the signer made but the database lost is kept at the next start', async () => {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  const first = await signedAudit(store, folder);
  await first.close();
  const lost = (await first.checkpoints(0, 100)).at(-1);
  const owner = await superuser(url);
  await owner.query('DELETE FROM audit_checkpoints WHERE number = $1', [lost?.number]);
  const second = await signedAudit(store, folder);
  expect(await second.checkpoints(lost?.number ?? 0, 1)).toEqual([lost]);
});

test('on a machine that is new the database tells the signer its last', async () => {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  await (await signedAudit(store, folder)).close();
  await rm(join(folder, 'audit-signer-0.checkpoint'));
  await (await superuser(url)).query(`UPDATE audit_entries SET leaf_hash = sha256('x') WHERE seq = 0`);
  const audit = await signedAudit(store, folder);
  await expect(audit.makeCheckpoint()).rejects.toMatchObject({ code: 'signer_refused' });
});

test('a record of the signer that its key did not sign stops the start', async () => {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  await (await signedAudit(store, folder)).close();
  const file = join(folder, 'audit-signer-0.checkpoint');
  await writeFile(file, (await readFile(file, 'utf8')).replace(/\n\d+\n/, '\n1\n'));
  await expect(signedAudit(store, folder)).rejects.toMatchObject({ code: 'signer_state' });
});

test('another master key stops the start and names the one that is needed', async () => {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  await (await signedAudit(store, folder)).close();
  await expect(signedAudit(store, folder, { masterKey: 'other.key' })).rejects.toMatchObject({
    code: 'key_mismatch',
    message: expect.stringMatching(/was sealed with master key [0-9a-f]{16}/),
  });
  // The slot was let go.
  await (await signedAudit(store, folder)).close();
});

test('signed time never goes back, a silence is recorded, and entries are not before what was signed', async () => {
  const url = await freshDatabase();
  const [store, folder] = [await storeOn(url), await signerFolder()];
  let nowMs = 1_800_000_000_000;
  const clock = { now: () => nowMs, monotonicMs: () => performance.now() };
  const first = await signedAudit(store, folder, { clock });
  await first.close();
  nowMs += 3_600_000;
  const second = await signedAudit(store, folder, { clock });
  await eventually(async () => (await second.search({ kind: 'checkpoint.gap', limit: 9 })).length === 1);
  nowMs -= 1_800_000;
  await second.record(intent('cal_1'));
  await second.close();
  const gap = (await soundLog(url)).find(({ kind }) => kind === 'checkpoint.gap');
  expect(gap?.leaf.fields).toMatchObject({ silentSeconds: 3_600 });
  const kept = await second.checkpoints(0, 100);
  const times = kept.map(({ note }) => opened(note, keysOf(second)).timeSeconds[0] ?? 0);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(times.at(-1)).toBe(1_800_003_600);
});
