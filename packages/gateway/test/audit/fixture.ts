import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { systemClock } from '@sallyport/shared/clock';
import { Client } from 'pg';
import { afterEach, expect } from 'vitest';
import { type Audit, type AuditOptions, openAudit } from '../../src/audit/index.ts';
import { openSealer, openStore, type Store } from '../../src/store/index.ts';
import { quietLogger as logger, temporaryFolder, testDatabase } from '../store/postgres.ts';

export { intent, outcome } from './draft.ts';

/** Seals with a key of the test's own. */
export const testSealer = await openSealer(join(await temporaryFolder(), 'master.key'), {
  createIfMissing: true,
});

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** Runs after the test, last registered first. */
export function afterTest(close: () => Promise<unknown>): void {
  closing.push(close);
}

export async function freshDatabase(): Promise<string> {
  const { url, drop } = await testDatabase();
  afterTest(drop);
  return url;
}

export async function storeOn(databaseUrl: string): Promise<Store> {
  const store = await openStore({ databaseUrl, logger });
  afterTest(() => store.close());
  return store;
}

export async function auditOn(store: Store, more: Partial<AuditOptions> = {}): Promise<Audit> {
  const audit = await openAudit({
    store,
    slot: 0,
    deploymentName: 'test',
    clock: systemClock,
    logger,
    sealer: testSealer,
    ...more,
  });
  afterTest(() => audit.close());
  return audit;
}

/** A client as the owner of the tables, past the store and its serving role. */
export async function ownerClient(url: string): Promise<Client> {
  const client = new Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  afterTest(() => client.end().catch(() => undefined));
  return client;
}

export interface LogRow {
  readonly seq: number;
  readonly kind: string;
  readonly call: string | null;
  readonly leaf: Record<string, unknown>;
}

/**
 * Reads a slot straight from Postgres and requires what must hold of every log: seq dense from 0 and the same in the
 * leaf, hashes of the leaves' own bytes, time that never falls, and at most one ending for each call.
 */
export async function soundLog(url: string, slot = 0): Promise<LogRow[]> {
  const client = await ownerClient(url);
  const { rows } = await client.query<{
    seq: string;
    kind: string;
    call: string | null;
    leaf: string;
    leaf_hash: Buffer;
    ts: Date;
  }>('SELECT seq, kind, call, leaf, leaf_hash, ts FROM audit_entries WHERE slot = $1 ORDER BY seq', [slot]);
  const endings = new Map<string, number>();
  let lastMs = 0;
  const log = rows.map((row, index): LogRow => {
    const leaf = JSON.parse(row.leaf);
    expect(Number(row.seq)).toBe(index);
    expect(leaf).toMatchObject({ v: 1, seq: index, kind: row.kind, ts: row.ts.toISOString() });
    expect(row.leaf_hash.equals(createHash('sha256').update('\0').update(row.leaf).digest())).toBe(true);
    expect(row.ts.getTime()).toBeGreaterThanOrEqual(lastMs);
    lastMs = row.ts.getTime();
    if (row.call !== null && /outcome|indeterminate/.test(row.kind)) {
      endings.set(row.call, (endings.get(row.call) ?? 0) + 1);
    }
    return { seq: index, kind: row.kind, call: row.call, leaf };
  });
  for (const [call, count] of endings) expect({ call, count }).toEqual({ call, count: 1 });
  return log;
}

/** Waits for a condition that something else brings about. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10));
}
