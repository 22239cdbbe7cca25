/**
 * `pnpm bench:log [--entries 1000000] [--months 1]`: a log of a million entries. How fast it is written by callers who wait, what it
 * takes in Postgres, and how long a page of a search takes. With `--months` as if it had been written over so many.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type Clock, systemClock } from '@sallyport/shared/clock';
import { type EntryDraft, type EntryQuery, openAudit } from '../../src/audit/index.ts';
import { openSealer, openStore } from '../../src/store/index.ts';
import { quietLogger as logger, stopTestPostgres, temporaryFolder, testDatabase } from '../store/postgres.ts';

const { values } = parseArgs({
  options: { entries: { type: 'string', default: '1000000' }, months: { type: 'string', default: '1' } },
});
const wanted = Number(values.entries);
const MONTH_MS = 30.44 * 24 * 3_600_000;
/** How long ago the log began, as its clock tells it. */
const spanMs = (Number(values.months) - 1) * MONTH_MS;
let next = 0;
const clock: Clock = {
  now: () => Math.round(Date.now() - spanMs * Math.max(0, 1 - next / wanted)),
  monotonicMs: () => systemClock.monotonicMs(),
};
/** Callers who each wait for their entry: a flush then writes a batch of about so many. */
const CALLERS = 200;

const { url } = await testDatabase();
const store = await openStore({ databaseUrl: url, logger });
const folder = await temporaryFolder();
const sealer = await openSealer(join(folder, 'master.key'), { createIfMissing: true });
const audit = await openAudit({
  store,
  slot: 0,
  deploymentName: 'bench',
  clock,
  logger,
  signer: { sealer, folder },
});
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const TOOLS = ['find_customer', 'list_accounts', 'get_balance', 'transfer', 'query'];
function draft(n: number): EntryDraft {
  const call = `cal_${String(n >> 1).padStart(20, '0')}`;
  const facts = {
    actor: { kind: 'service-account' as const, name: `robot-${n % 200}`, token: `tok_${n % 200}` },
    session: `ses_${String(n % 5_000).padStart(20, '0')}`,
    call,
    server: `server-${n % 20}`,
    agent: `agent-${n % 5}`,
    tool: n % 100_000 === 7 ? 'wire_abroad' : (TOOLS[n % TOOLS.length] ?? ''),
    method: 'tools/call',
    source: { ip: '10.1.2.3', client: 'cursor/1.2.3' },
  };
  const digest = String(n % 10).repeat(64);
  if (n % 2 === 0)
    return {
      ...facts,
      kind: 'call.intent',
      request: { digest, bytes: 240 },
      decision: {
        effect: 'allow',
        reasons: ['permitted'],
        policies: [`team-${n % 30}`],
        policyVersion: 'b'.repeat(64),
      },
    };
  return {
    ...facts,
    kind: 'call.outcome',
    response: { digest, bytes: 900, ...(n % 40 === 1 ? { findings: { PCI: 2 } } : {}) },
    outcome: { transport: n % 50_001 === 5 ? 'unknown' : 'answered', rpc: 'result', tool: 'ok' },
    duration: 12,
  };
}

const began = performance.now();
await Promise.all(
  Array.from({ length: CALLERS }, async () => {
    while (next < wanted) {
      const n = next;
      next += 2;
      await audit.record(draft(n));
      await audit.record(draft(n + 1));
    }
  }),
);
const writtenMs = performance.now() - began;
say(
  `${audit.size()} entries written in ${(writtenMs / 1000).toFixed(1)} s: ${Math.round((audit.size() / writtenMs) * 1000)} entries/s`,
);

for (;;) {
  const { rows } = await store.pool.query<{ n: number }>('SELECT count(*)::int AS n FROM audit_terms');
  if ((rows[0]?.n ?? 0) >= Math.floor(audit.size() / 256)) break;
  await new Promise((resolve) => setTimeout(resolve, 200));
}
say(`prepared for searching ${((performance.now() - began - writtenMs) / 1000).toFixed(1)} s later`);
await store.pool.query('ANALYZE audit_entries, audit_terms').catch(() => undefined);
const { rows: partitions } = await store.pool.query<{ n: number }>(
  'SELECT count(DISTINCT tableoid)::int AS n FROM audit_entries',
);
say(`in ${partitions[0]?.n} partitions`);
const { rows: sizes } = await store.pool.query<{ name: string; bytes: string }>(
  `SELECT name, (SELECT sum(pg_total_relation_size(coalesce(relid, name::regclass)))
        FROM (SELECT) AS one LEFT JOIN pg_partition_tree(name::regclass) ON true) AS bytes
    FROM unnest(ARRAY['audit_entries', 'audit_subtrees', 'audit_checkpoints', 'audit_terms']) AS name ORDER BY 2 DESC`,
);
const total = sizes.reduce((sum, { bytes }) => sum + Number(bytes), 0);
say(
  `in Postgres: ${(total / 1e9).toFixed(3)} GB (${sizes.map(({ name, bytes }) => `${name} ${(Number(bytes) / 1e6).toFixed(0)} MB`).join(', ')})`,
);

const searches: Record<string, EntryQuery> = {
  newest: { limit: 50 },
  'a kind': { kind: 'call.outcome', limit: 50 },
  'a principal': { principal: 'robot-17', limit: 50 },
  'a principal and a tool': { principal: 'robot-17', tool: 'query', limit: 50 },
  'a rare tool': { tool: 'wire_abroad', limit: 50 },
  'a tool that never was': { tool: 'nothing', limit: 50 },
  'a finding': { finding: 'PCI', limit: 50 },
  'a finding at a server': { finding: 'PCI', server: 'server-1', limit: 50 },
  'a policy': { policy: 'team-8', limit: 50 },
  'a rare ending': { ending: 'unknown', limit: 50 },
  'two that never meet': { principal: 'robot-1', server: 'server-2', limit: 50 },
  'a session': { session: `ses_${String(17).padStart(20, '0')}`, limit: 50 },
  'deep: a policy, far back': { policy: 'team-8', after: Math.floor(wanted / 3), limit: 50 },
  'oldest: a kind': { kind: 'call.intent', order: 'oldest', limit: 50 },
};
for (const [name, query] of Object.entries(searches)) {
  const took: number[] = [];
  let items = 0;
  for (let i = 0; i < 9; i += 1) {
    const at = performance.now();
    items = (await audit.searchPage(query)).items.length;
    took.push(performance.now() - at);
  }
  took.sort((a, b) => a - b);
  say(
    `search ${name.padEnd(26)} ${items} entries, median ${took[4]?.toFixed(1)} ms, worst ${took[8]?.toFixed(1)} ms`,
  );
}

// Pages that end early must still lead through everything, in both directions.
const { rows: counted } = await store.pool.query<{ n: number }>(
  `SELECT count(*)::int AS n FROM audit_entries WHERE leaf LIKE '%"findings":{"PCI":2}%'`,
);
for (const order of ['newest', 'oldest'] as const) {
  const seqs = new Set<number>();
  for (let after: number | undefined; ; ) {
    const query: EntryQuery = { finding: 'PCI', order, limit: 500 };
    const page = await audit.searchPage(after === undefined ? query : { ...query, after });
    for (const { seq } of page.items) seqs.add(seq);
    if (page.next === undefined) break;
    after = page.next;
  }
  if (seqs.size !== counted[0]?.n)
    throw new Error(`${order}: ${seqs.size} of ${counted[0]?.n} entries were found`);
}
say(`all ${counted[0]?.n} entries with a finding were found page by page, from either end`);

await audit.close();
await store.close();
rmSync(folder, { recursive: true });
await stopTestPostgres();
