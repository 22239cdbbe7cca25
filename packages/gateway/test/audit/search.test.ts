import { createHash } from 'node:crypto';
import { systemClock } from '@sallyport/shared/clock';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Audit, type EntryDraft, type EntryQuery, openAudit } from '../../src/audit/index.ts';
import { openStore, type Store } from '../../src/store/index.ts';
import { quietLogger, testDatabase } from '../store/postgres.ts';
import { eventually, testSealer } from './fixture.ts';

const KINDS = ['call.intent', 'call.outcome', 'decision.deny'] as const;
const SERVERS = ['ledger', 'crm', 'files'];
const RULES = ['PCI', 'secrets', 'own'];
const WORDS = ['Zürich', 'invoice', 'overdue', 'quarterly', 'ΑΘΗΝΑ', '4711'];

/** Entries as gateways make them, with bodies whose words are known. */
function drafts(count: number): { draft: EntryDraft; body: string | undefined }[] {
  return Array.from({ length: count }, (_, i) => {
    const kind = KINDS[i % 3] ?? 'call.intent';
    const words = WORDS.filter((__, w) => (i >> w) % 5 === 0).join(' ');
    const body = kind === 'call.outcome' && i % 2 === 1 ? `{"result":"${words} ${i}"}` : undefined;
    const rare = i === 700;
    const draft: EntryDraft = {
      kind,
      actor: { kind: 'service-account', name: `robot-${i % 4}` },
      server: SERVERS[i % SERVERS.length] ?? '',
      agent: 'vault',
      tool: rare ? 'wire_transfer' : `tool-${i % 5}`,
      method: 'tools/call',
      ...(kind === 'call.outcome'
        ? {}
        : {
            decision: {
              effect: kind === 'decision.deny' ? 'deny' : 'allow',
              reasons: [],
              policies: [`p${i % 7}`],
              policyVersion: 'v',
            },
          }),
      ...(i % 11 === 0 ? { grant: `grt_${i % 3}` } : {}),
      ...(rare ? { approval: 'apr_RARE' } : {}),
      ...(kind === 'call.outcome' ? { outcome: { transport: i % 10 === 1 ? 'unknown' : 'answered' } } : {}),
      ...(body === undefined
        ? {}
        : {
            response: {
              digest: createHash('sha256').update(body).digest('hex'),
              bytes: body.length,
              ...(i % 3 === 0 ? {} : { findings: { [RULES[i % RULES.length] ?? 'PCI']: 1 } }),
            },
          }),
    };
    return { draft, body };
  });
}

let audit: Audit;
let closing: (() => Promise<void>) | undefined;
afterAll(() => closing?.());
let store: Store;
let all: { seq: number; leaf: Record<string, never>; words: string }[] = [];
beforeAll(async () => {
  const database = await testDatabase();
  store = await openStore({ databaseUrl: database.url, logger: quietLogger });
  audit = await openAudit({
    store,
    slot: 0,
    deploymentName: 'test',
    clock: systemClock,
    logger: quietLogger,
    sealer: testSealer,
  });
  closing = async () => {
    await audit.close();
    await store.close();
    await database.drop();
  };
  const made = drafts(1_500);
  // Each call by itself, so that the order is the one above.
  for (let at = 0; at < made.length; at += 100) {
    await Promise.all(
      made
        .slice(at, at + 100)
        .map(({ draft, body }) => audit.record(draft, body === undefined ? {} : { body: Buffer.from(body) })),
    );
  }
  const bodies = new Map(
    made.flatMap(({ body }) =>
      body === undefined ? [] : [[createHash('sha256').update(body).digest('hex'), body]],
    ),
  );
  const { rows } = await store.pool.query<{ seq: string; leaf: string }>(
    'SELECT seq, leaf FROM audit_entries ORDER BY seq',
  );
  all = rows.map(({ seq, leaf }) => {
    const parsed = JSON.parse(leaf);
    return {
      seq: Number(seq),
      leaf: parsed,
      words: (bodies.get(parsed.response?.digest) ?? '').toLowerCase(),
    };
  });
  await eventually(async () => {
    const { rows: summarised } = await store.pool.query('SELECT count(*)::int AS n FROM audit_terms');
    return summarised[0].n === Math.floor(audit.size() / 256);
  });
  // Something behind the summaries too.
  expect(audit.size() % 256).toBeGreaterThan(50);
}, 60_000);

/** The same by looking at every entry. */
function byHand(query: EntryQuery): number[] {
  const found = all.filter(({ seq, leaf, words }) => {
    // biome-ignore lint/suspicious/noExplicitAny: entries of every shape are looked into.
    const entry = leaf as any;
    const rules = Object.keys(entry.response?.findings ?? {});
    return (
      (query.kind === undefined || entry.kind === query.kind) &&
      (query.principal === undefined || entry.actor?.name === query.principal) &&
      (query.server === undefined || entry.server === query.server) &&
      (query.tool === undefined || entry.tool === query.tool) &&
      (query.decision === undefined || entry.decision?.effect === query.decision) &&
      (query.policy === undefined || entry.decision?.policies.includes(query.policy)) &&
      (query.approval === undefined || entry.approval === query.approval) &&
      (query.grant === undefined || entry.grant === query.grant) &&
      (query.finding === undefined || rules.includes(query.finding)) &&
      (query.ending === undefined || entry.outcome?.transport === query.ending) &&
      (query.text === undefined ||
        query.text
          .toLowerCase()
          .split(' ')
          .every((word) => words.split(/[^\p{L}\p{N}]+/u).includes(word))) &&
      (query.after === undefined || (query.order === 'oldest' ? seq > query.after : seq < query.after))
    );
  });
  const seqs = found.map(({ seq }) => seq);
  return (query.order === 'oldest' ? seqs : seqs.reverse()).slice(0, query.limit);
}

const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });

describe('a search', () => {
  test('finds what looking at every entry finds, whatever it asks for', async () => {
    const queries = fc.record({
      kind: maybe(fc.constantFrom(...KINDS)),
      principal: maybe(fc.constantFrom('robot-0', 'robot-3', 'nobody')),
      server: maybe(fc.constantFrom(...SERVERS, 'none')),
      tool: maybe(fc.constantFrom('tool-1', 'wire_transfer')),
      decision: maybe(fc.constantFrom('allow', 'deny', 'hold')),
      policy: maybe(fc.constantFrom('p1', 'p6', 'p9')),
      approval: maybe(fc.constantFrom('apr_RARE', 'apr_NONE')),
      grant: maybe(fc.constantFrom('grt_0', 'grt_2')),
      finding: maybe(fc.constantFrom(...RULES, 'none')),
      ending: maybe(fc.constantFrom('answered', 'unknown', 'withheld')),
      text: maybe(fc.constantFrom('Zürich', 'zürich invoice', 'ΑΘΗΝΑ', '4711 overdue', '701', 'absent')),
      order: maybe(fc.constantFrom('newest' as const, 'oldest' as const)),
      after: maybe(fc.nat(1_600)),
      limit: fc.constantFrom(1, 7, 100, 500),
    });
    await fc.assert(
      fc.asyncProperty(queries, async (given) => {
        const query = JSON.parse(JSON.stringify(given)) as EntryQuery;
        expect((await audit.search(query)).map(({ seq }) => seq)).toEqual(byHand(query));
      }),
      { numRuns: 250 },
    );
  });

  test('comes in pages that go on where the last ended, and end', async () => {
    const query: EntryQuery = { kind: 'call.outcome', ending: 'unknown', limit: 9 };
    const seqs: number[] = [];
    let after: number | undefined;
    do {
      const page = await audit.searchPage({ ...query, ...(after === undefined ? {} : { after }) });
      expect(page.items.length).toBeLessThanOrEqual(9);
      seqs.push(...page.items.map(({ seq }) => seq));
      after = page.next;
    } while (after !== undefined);
    expect(seqs).toEqual(byHand({ ...query, limit: 10_000 }));
  });

  test('is the same without any summary: they are a help, not the truth', async () => {
    const query: EntryQuery = { finding: 'secrets', text: 'invoice', limit: 50 };
    const before = (await audit.search(query)).map(({ seq }) => seq);
    expect(before.length).toBeGreaterThan(3);
    await store.pool.query('DELETE FROM audit_terms WHERE block % 2 = 0');
    expect((await audit.search(query)).map(({ seq }) => seq)).toEqual(before);
  });

  test('finds no word of what was shredded', async () => {
    const [entry] = await audit.search({ text: '701', limit: 1 });
    const seq = entry?.seq ?? 0;
    await audit.shred({ from: seq, until: seq + 1 }, 'prp_test');
    expect(await audit.search({ text: '701', limit: 1 })).toEqual([]);
    const { rows } = await store.pool.query(`SELECT block FROM audit_terms WHERE terms @> ARRAY['text:701']`);
    expect(rows).toEqual([]);
  });
});
