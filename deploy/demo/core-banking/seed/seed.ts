import { readFile } from 'node:fs/promises';
import type { ClientBase } from 'pg';
import { generateBank } from './generate.ts';

/** Grows when the synthetic data changes; a bank of an older version is made anew. */
const SEED_VERSION = 1;
/** Any number will do as long as all processes use the same: "core" in ASCII. */
const SEED_LOCK = 0x636f7265;

/**
 * Creates the tables and fills them, once. Many processes may do this at the same time: the advisory lock lets one
 * through, the others find it done. All of it is one transaction: a crash leaves nothing half filled.
 *
 * @returns whether this process did the filling.
 */
export async function ensureSeeded(client: ClientBase): Promise<boolean> {
  if (await isSeeded(client)) return false;
  await client.query('begin');
  try {
    await client.query('select pg_advisory_xact_lock($1)', [SEED_LOCK]);
    if (await isSeeded(client)) {
      await client.query('commit');
      return false;
    }
    await client.query('drop schema if exists core_banking cascade');
    await client.query(await readFile(new URL('schema.sql', import.meta.url), 'utf8'));
    const bank = generateBank();
    for (const table of ['customers', 'accounts', 'cards', 'payments'] as const) {
      // One statement per table; the row type gives the columns, so that the generator's names are the only list.
      await client.query(
        `insert into core_banking.${table} select * from jsonb_populate_recordset(null::core_banking.${table}, $1::jsonb)`,
        [JSON.stringify(bank[table])],
      );
    }
    await client.query('insert into core_banking.seed (version) values ($1)', [SEED_VERSION]);
    await client.query('commit');
    return true;
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  }
}

async function isSeeded(client: ClientBase): Promise<boolean> {
  const present = await client.query(`select to_regclass('core_banking.seed') is not null as present`);
  if (present.rows[0]?.present !== true) return false;
  const seeded = await client.query('select 1 from core_banking.seed where version = $1', [SEED_VERSION]);
  return seeded.rowCount === 1;
}
