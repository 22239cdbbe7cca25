import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runner } from 'node-pg-migrate';
import { Client } from 'pg';
import { expect, test } from 'vitest';
import { migrate } from '../../../src/store/index.ts';
import { quietLogger, testPostgres } from '../../store/postgres.ts';
import { afterTest, intent, outcome, ownerClient, soundLog, storeOn } from '../fixture.ts';
import { signedAudit, signerFolder } from '../signed.ts';

const MIGRATIONS = fileURLToPath(new URL('../../../migrations', import.meta.url));

/** A database as a gateway from before the partitions has left it. */
async function databaseFromBefore(): Promise<string> {
  const postgres = await testPostgres();
  const admin = new Client({ connectionString: postgres.adminUrl });
  await admin.connect();
  const name = `before_${randomBytes(6).toString('hex')}`;
  await admin.query(`CREATE DATABASE ${name} OWNER sallyport`);
  afterTest(async () => {
    await admin.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await admin.end();
  });
  const dir = mkdtempSync(join(tmpdir(), 'sallyport-migrations-'));
  afterTest(async () => rmSync(dir, { recursive: true }));
  for (const file of readdirSync(MIGRATIONS).filter((each) => each < '0061'))
    cpSync(join(MIGRATIONS, file), join(dir, file));
  const url = postgres.url.replace('/sallyport?', `/${name}?`);
  const owner = await ownerClient(url);
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  await runner({
    dbClient: owner,
    dir,
    migrationsTable: 'migrations',
    direction: 'up',
    singleTransaction: true,
    logger,
  });
  await owner.query('GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO sallyport_app');
  return url;
}

test('a log from before keeps every byte, verifies, and goes on in months behind it', async () => {
  const url = await databaseFromBefore();
  const folder = await signerFolder();
  const owner = await ownerClient(url);
  const store = await storeOn(url);
  // The gateway of today on the tables of then: it writes the same rows, and that it can't make months stops nothing. It
  // only asks how much of the log has gone.
  await owner.query('CREATE TABLE audit_drops (slot integer, until_seq bigint)');
  await owner.query('GRANT SELECT ON audit_drops TO sallyport_app');
  const before = await signedAudit(store, folder);
  const body = Buffer.from('{"said":"often"}');
  const request = { digest: createHash('sha256').update(body).digest('hex'), bytes: body.length };
  await Promise.all(
    Array.from({ length: 400 }, async (_, n) => {
      await before.record({ ...intent(`cal_${n}`), request }, { body, original: Buffer.from(`exact ${n}`) });
      await before.record(outcome(`cal_${n}`));
    }),
  );
  await before.close();
  await owner.query('DROP TABLE audit_drops');
  const tables = [
    'audit_entries ORDER BY seq',
    'audit_originals ORDER BY seq',
    'audit_bodies',
    'audit_subtrees',
  ];
  const all = async () => {
    const found: unknown[][] = [];
    for (const each of tables) found.push((await owner.query(`SELECT * FROM ${each}`)).rows);
    return found;
  };
  const was = await all();
  expect(was[0]).toHaveLength(before.size());

  expect(await migrate(url, quietLogger)).toContain('0061_audit_partitions');
  expect(await all()).toEqual(was);
  const { rows: partitions } = await owner.query<{ name: string; from: string; rows: number }>(
    `SELECT name, from_at::text AS from FROM audit_partitions ORDER BY until_at`,
  );
  expect(partitions[0]).toMatchObject({
    from: '-infinity',
    name: expect.stringMatching(/^before_\d{4}_\d{2}$/),
  });
  expect(partitions.length).toBeGreaterThan(1);
  for (const { name } of partitions)
    await expect(owner.query(`DELETE FROM audit_entries_${name}`)).rejects.toThrow(/append-only/);
  // The indexes from before serve as they are.
  const { rows: invalid } = await owner.query('SELECT FROM pg_index WHERE NOT indisvalid');
  expect(invalid).toHaveLength(0);

  const after = await signedAudit(store, folder);
  const { seq } = await after.record(
    { ...intent('cal_new'), request },
    { body, original: Buffer.from('exact') },
  );
  await after.makeCheckpoint();
  expect(await after.search({ session: 'ses_1', limit: 500 })).toHaveLength(500);
  expect(await after.unmask(1, { kind: 'user', name: 'custodian' }, 'looked at')).toEqual(
    Buffer.from('exact 0'),
  );
  await after.close();
  expect((await soundLog(url)).length).toBeGreaterThan(seq);
});
