import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verify } from '../../packages/gateway/test/audit/exported.ts';
import { commandsOf } from '../framework/commands.ts';
import { type Corridor, ranAt, startCorridor } from './corridor.ts';

// AUDIT.md, When it fails: Postgres gone, full or read-only. Nothing is sent, nothing is released, and it recovers by itself.

const folder = mkdtempSync(join(tmpdir(), 'sallyport-takes-nothing-'));
const runs = join(folder, 'runs');
let corridor: Corridor;
let owner: Client;
beforeAll(async () => {
  corridor = await startCorridor(runs);
  owner = new Client({ connectionString: corridor.approving.sallyport.databaseUrl });
  await owner.connect();
}, 60_000);
afterAll(async () => {
  await owner?.end();
  await corridor?.stop();
  rmSync(folder, { recursive: true });
});

/** Postgres itself refuses each write with what it says when its disk is full (SQLSTATE 53100), or does so no more. */
async function full(on: boolean): Promise<void> {
  await owner.query(
    `CREATE OR REPLACE FUNCTION disk_full() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$`,
  );
  const { rows } = await owner.query<{ name: string }>(
    `SELECT relname AS name FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace = 'public'::regnamespace AND relname <> 'pgmigrations'`,
  );
  for (const { name } of rows)
    await owner.query(
      on
        ? `CREATE TRIGGER a_full BEFORE INSERT OR UPDATE ON ${name} FOR EACH STATEMENT EXECUTE FUNCTION disk_full()`
        : `DROP TRIGGER a_full ON ${name}`,
    );
}

/** As a standby is, or a database whose administrator has set it so. */
async function readOnly(on: boolean): Promise<void> {
  const database = (await owner.query<{ name: string }>('SELECT current_database() AS name')).rows[0]?.name;
  await owner.query('SET default_transaction_read_only = off');
  await owner.query(
    `ALTER DATABASE ${database} ${on ? 'SET default_transaction_read_only = on' : 'RESET default_transaction_read_only'}`,
  );
  await owner.query(
    'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid() AND application_name <> $2',
    [database, 'looks on'],
  );
}

test.each([
  ['full', full],
  ['read-only', readOnly],
])(
  'a database that is %s: nothing is sent or released, and it goes on by itself',
  async (_, fault) => {
    const client = await corridor.client();
    const refused = await corridor.client();
    const before = ranAt(runs).length;
    // This one is at the server when the database takes nothing any more.
    const underWay = corridor.call(client, { name: 'slow', args: { ms: 1_500 } });
    while (ranAt(runs).length === before) await sleep(20);
    await fault(true);
    expect(await underWay).toBe('503 log_unavailable withheld');
    for (let i = 0; i < 3; i += 1) expect(await corridor.call(refused)).toBe('503 log_unavailable not_sent');
    expect(ranAt(runs).length).toBe(before + 1);
    const ready = await fetch(`${corridor.approving.sallyport.url}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.text()).toMatch(/log/);
    const changed = await corridor.approving.sallyport.api('POST', '/apply', {
      documents: [{ kind: 'Group', name: 'nobody', spec: {} }],
    });
    expect(changed.status).toBe(503);
    await fault(false);
    await corridor.untilReady();
    expect(await corridor.call(await corridor.client())).toBe('200 answered');
    expect(await corridor.wrong()).toEqual([]);
    const resumed = await corridor.approving.sallyport.entries('log.resumed');
    expect(resumed.at(-1)).toMatchObject({ fields: { refused: expect.any(Number) } });
  },
  60_000,
);

test('and the log of all that verifies offline', async () => {
  const run = commandsOf(corridor.approving.sallyport, folder);
  const made = await run('audit', 'export', '--out', 'export');
  expect(made, made.stderr).toMatchObject({ code: 0 });
  expect(await verify(join(folder, 'export'))).toMatchObject({ code: 0, stderr: '' });
});
