import { readFile, rm, stat, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { type Clock, systemClock } from '@sallyport/shared/clock';
import { consistencyProof, Frontier, leafHash } from '@sallyport/shared/merkle';
import { expect, test } from 'vitest';
import { RemoteSigner } from '../../src/audit/checkpoint/remote-signer.ts';
import { type Audit, serveSigner } from '../../src/audit/index.ts';
import { openSealer, type Store } from '../../src/store/index.ts';
import { quietLogger as logger } from '../store/postgres.ts';
import {
  afterTest,
  auditOn,
  eventually,
  freshDatabase,
  intent,
  outcome,
  ownerClient,
  storeOn,
} from './fixture.ts';
import { opened, signerFolder } from './signed.ts';

const origin = 'test/log/0';

async function place() {
  const folder = await signerFolder();
  return { folder, socket: join(folder, 'run', 'signer.sock'), url: await freshDatabase() };
}

async function signerIn(folder: string, socket: string, clock: Clock = systemClock) {
  const signer = await serveSigner({ socket, folder: join(folder, 'signer'), origin, clock, logger });
  afterTest(() => signer.stop());
  return signer;
}

async function auditWith(store: Store, folder: string, socket: string, graceMs = 60_000): Promise<Audit> {
  const sealer = await openSealer(join(folder, 'master.key'), { createIfMissing: true });
  return await auditOn(store, { signer: { sealer, folder, socket, graceMs } });
}

/** Says something to the signer as whoever has taken over the gateway could. */
function say(socketPath: string, path: string, body: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method: 'POST', path, agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

test('a signer of its own signs; its key is not in the database nor under the master key, and stays', async () => {
  const { folder, socket, url } = await place();
  const signer = await signerIn(folder, socket);
  const store = await storeOn(url);
  const audit = await auditWith(store, folder, socket);
  await audit.record(intent('cal_1'));
  const made = await audit.makeCheckpoint();
  expect(opened(made.note, signer.keys)).toMatchObject({ origin, size: made.size, signatures: 2 });
  const { rows } = await (await ownerClient(url)).query(
    `SELECT name FROM sealed_keys WHERE name LIKE 'audit-signer%'`,
  );
  expect(rows).toEqual([]);
  expect((await stat(socket)).mode & 0o007).toBe(0);
  expect((await stat(join(folder, 'signer', 'audit-signer.key'))).mode & 0o077).toBe(0);
  await audit.close();
  await signer.stop();
  const again = await signerIn(folder, socket);
  expect(again.keys).toEqual(signer.keys);
  const next = await auditWith(store, folder, socket);
  expect((await next.makeCheckpoint()).size).toBeGreaterThan(made.size);
});

test('a signer that was killed: the log goes on for a time, then calls are refused, and it recovers by itself', async () => {
  const { folder, socket, url } = await place();
  const signer = await signerIn(folder, socket);
  const audit = await auditWith(await storeOn(url), folder, socket, 300);
  await audit.makeCheckpoint();
  await signer.stop();
  await audit.record(intent('cal_within_grace'));
  await eventually(() => audit.signing()?.ok === false);
  await eventually(() => !audit.healthy());
  await expect(audit.record(intent('cal_late'))).rejects.toMatchObject({ code: 'unavailable' });
  // What was sent is still settled.
  await audit.record(outcome('cal_within_grace'));
  await signerIn(folder, socket);
  await audit.makeCheckpoint();
  expect(audit.healthy()).toBe(true);
  await audit.record(intent('cal_again'));
});

test('a log that was rewritten is refused by the signer, also when the database forgot every checkpoint', async () => {
  const { folder, socket, url } = await place();
  await signerIn(folder, socket);
  const store = await storeOn(url);
  const before = await auditWith(store, folder, socket);
  await before.record(intent('cal_1'));
  await before.close();
  const owner = await ownerClient(url);
  for (const table of ['audit_entries', 'audit_checkpoints'])
    await owner.query(`ALTER TABLE ${table} DISABLE TRIGGER USER`);
  await owner.query(`UPDATE audit_entries SET leaf_hash = sha256('x') WHERE seq = 1`);
  await owner.query('DELETE FROM audit_checkpoints');
  const after = await auditWith(store, folder, socket, 1);
  await expect(after.makeCheckpoint()).rejects.toMatchObject({ code: 'signer_refused' });
  await eventually(() => !after.healthy());
  // Calls are refused before the entry that says why is durable.
  const refusals = () => after.search({ kind: 'checkpoint.refused', limit: 1 });
  await eventually(async () => (await refusals()).length > 0);
  const [entry] = await refusals();
  expect(JSON.parse(entry?.leaf ?? '{}').fields.reason).toContain(
    'does not extend what its signer has signed',
  );
});

test('an answer that was lost between the signer and the gateway is caught up with, from what the signer holds', async () => {
  const { folder, socket, url } = await place();
  await signerIn(folder, socket);
  const log = { store: await storeOn(url), slot: 0, origin };
  // Two that ask one signer: what the one was answered is what the other never heard.
  const [heard, deaf] = [await RemoteSigner.open(socket, log), await RemoteSigner.open(socket, log)];
  const leaves = ['a', 'b', 'c'].map((text) => leafHash(Buffer.from(text)));
  const head = (size: number) => {
    const tree = new Frontier();
    for (const leaf of leaves.slice(0, size)) tree.append(leaf);
    return { size, root: tree.root() };
  };
  const asked: number[] = [];
  const prove = async (earlier: number, size: number) => {
    asked.push(earlier);
    return await consistencyProof(earlier, size, async (level, index) => {
      const tree = new Frontier();
      for (const leaf of leaves.slice(index * 2 ** level, (index + 1) * 2 ** level)) tree.append(leaf);
      return tree.root();
    });
  };
  await heard.sign(head(1), Date.now(), prove);
  await heard.sign(head(2), Date.now(), prove);
  expect(await deaf.sign(head(3), Date.now(), prove)).toMatchObject({ size: 3 });
  expect(asked).toEqual([1, 2]);
});

test('a signer whose record was lost is told what it has signed; one of another log or key stops the start', async () => {
  const { folder, socket, url } = await place();
  const signer = await signerIn(folder, socket);
  const store = await storeOn(url);
  const before = await auditWith(store, folder, socket);
  await before.close();
  await signer.stop();
  await rm(join(folder, 'signer', 'audit-signer-0.checkpoint'));
  const forgetful = await signerIn(folder, socket);
  await (await auditWith(store, folder, socket)).close();
  expect(await readFile(join(folder, 'signer', 'audit-signer-0.checkpoint'), 'utf8')).toContain(origin);
  await forgetful.stop();
  await rm(join(folder, 'signer', 'audit-signer.key'));
  await rm(join(folder, 'signer', 'audit-signer-0.checkpoint'));
  await signerIn(folder, socket);
  await expect(auditWith(store, folder, socket)).rejects.toMatchObject({ code: 'signer_state' });
});

test('nonsense, forged proofs and dates far off get no signature', async () => {
  const { folder, socket, url } = await place();
  await signerIn(folder, socket);
  const audit = await auditWith(await storeOn(url), folder, socket);
  const { size } = await audit.makeCheckpoint();
  const forged = { size: size + 5, root: 'ab'.repeat(32), nowMs: Date.now(), from: size, proof: [] };
  for (const [body, status] of [
    ['', 400],
    ['[]', 400],
    ['x'.repeat(70_000), 400],
    [JSON.stringify({ ...forged, root: 'ab' }), 400],
    [JSON.stringify({ ...forged, from: size - 1 }), 412],
    [JSON.stringify(forged), 409],
    [JSON.stringify({ ...forged, size: size - 1 }), 409],
    [JSON.stringify({ ...forged, size, root: 'cd'.repeat(32) }), 409],
    [JSON.stringify({ ...forged, nowMs: Date.now() - 3_600_000 }), 409],
  ] as const)
    expect({ body: body.slice(0, 120), status: await say(socket, '/sign', body) }).toEqual({
      body: body.slice(0, 120),
      status,
    });
  await audit.makeCheckpoint();
});

test('a damaged key or record stops the signer with a clear word', async () => {
  const { folder, socket } = await place();
  await (await signerIn(folder, socket)).stop();
  const key = join(folder, 'signer', 'audit-signer.key');
  const good = await readFile(key, 'utf8');
  await writeFile(key, 'nothing');
  await expect(signerIn(folder, socket)).rejects.toMatchObject({ code: 'signer_state' });
  await writeFile(key, good);
  await writeFile(join(folder, 'signer', 'audit-signer-0.checkpoint'), 'nothing');
  await expect(signerIn(folder, socket)).rejects.toMatchObject({ code: 'signer_state' });
});
