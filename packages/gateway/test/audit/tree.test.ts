import { createHash } from 'node:crypto';
import { consistencyProof, nodeHash, provesConsistency } from '@sallyport/shared/merkle';
import { expect, test } from 'vitest';
import { leafHash } from '../../src/audit/leaf.ts';
import { OwnedSlot } from '../../src/audit/slot.ts';
import type { Query } from '../../src/audit/tree/levels.ts';
import { nodeReader } from '../../src/audit/tree/nodes.ts';
import type { Store } from '../../src/store/index.ts';
import { afterTest, freshDatabase, ownerClient, storeOn } from './fixture.ts';

const unplaced = (index: number) => ({
  id: `ent_${index}`,
  ts: '2026-01-31T12:00:00.000Z',
  tsMs: 1_769_860_800_000 + index,
  kind: 'a.b',
  before: `{"n":${index},"origin":"test/log/0","seq":`,
  after: '}',
  principal: null,
  session: null,
  call: null,
  server: null,
  tool: null,
});

async function own(store: Store): Promise<OwnedSlot> {
  const owned = await OwnedSlot.take(store, 0, 'test/log/0');
  if (owned === undefined) throw new Error('the slot is taken');
  afterTest(() => owned.release());
  return owned;
}

const write = (owned: OwnedSlot, count: number) =>
  owned.flush(Array.from({ length: count }, (_, index) => unplaced(owned.size + index)));

/** RFC 6962 §2.1 over leaf hashes, word by word. */
function rootByDefinition(hashes: readonly Buffer[]): Buffer {
  const [first] = hashes;
  if (first === undefined) return createHash('sha256').digest();
  if (hashes.length === 1) return first;
  let split = 1;
  while (split * 2 < hashes.length) split *= 2;
  return nodeHash(rootByDefinition(hashes.slice(0, split)), rootByDefinition(hashes.slice(split)));
}

async function hashesIn(url: string): Promise<Buffer[]> {
  const client = await ownerClient(url);
  const { rows } = await client.query<{ leaf: string }>('SELECT leaf FROM audit_entries ORDER BY seq');
  return rows.map(({ leaf }) => leafHash(Buffer.from(`\0${leaf}`)));
}

test('the tree grows with each flush, and a later owner goes on with the same', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const roots = new Map<number, string>();
  for (const batch of [1, 254, 1, 1, 500, 3, 0, 499]) {
    const owned = await own(store);
    if (batch > 0) await write(owned, batch);
    roots.set(owned.size, owned.root().toString('hex'));
    await owned.release();
    const next = await own(store);
    expect(next.root().toString('hex')).toBe(roots.get(next.size));
    await next.release();
  }
  const hashes = await hashesIn(url);
  for (const [size, root] of roots)
    expect(root).toBe(rootByDefinition(hashes.slice(0, size)).toString('hex'));
});

test('a log that is older than its tree has its subtrees made up for, across two kept levels', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const first = await own(store);
  await write(first, 1);
  await first.release();
  const owner = await ownerClient(url);
  // 70,000 entries as an earlier version would have left them.
  await owner.query(`INSERT INTO audit_entries (slot, seq, ts, kind, leaf, leaf_hash)
    SELECT 0, n, '2026-01-31T13:00:00Z', 'a.b', '{"origin":"test/log/0"}', sha256(('leaf' || n)::bytea)
    FROM generate_series(1, 69999) AS n`);
  const filled = await own(store);
  expect(filled.size).toBe(70_000);
  const { rows } = await owner.query(
    'SELECT level, count(*)::int FROM audit_subtrees GROUP BY level ORDER BY level',
  );
  expect(rows).toEqual([
    { level: 8, count: 273 },
    { level: 16, count: 1 },
  ]);
  const stored = await owner.query<{ leaf_hash: Buffer }>('SELECT leaf_hash FROM audit_entries ORDER BY seq');
  const hashes = stored.rows.map((row) => row.leaf_hash);
  expect(filled.root().equals(rootByDefinition(hashes))).toBe(true);

  await write(filled, 300);
  const query: Query = (text, values) => store.pool.query(text, values);
  for (const earlier of [1, 255, 256, 257, 65_535, 65_536, 65_537, 69_999, 70_000, 70_300]) {
    const proof = await consistencyProof(earlier, filled.size, nodeReader(query, 0, filled.size));
    const all = earlier > 70_000 ? filled.root() : rootByDefinition(hashes.slice(0, earlier));
    const claim = { size1: earlier, root1: all, size2: filled.size, root2: filled.root(), proof };
    expect(provesConsistency(claim), `from ${earlier}`).toBe(true);
  }
});

test('a tree that lacks a hash is not gone on with', async () => {
  const url = await freshDatabase();
  const store = await storeOn(url);
  const owned = await own(store);
  await write(owned, 500);
  await write(owned, 500);
  await owned.release();
  const owner = await ownerClient(url);
  await owner.query('ALTER TABLE audit_subtrees DISABLE TRIGGER ALL');
  await owner.query('DELETE FROM audit_subtrees WHERE index = 1');
  await expect(OwnedSlot.take(store, 0, 'test/log/0')).rejects.toThrow(/lacks 1 hashes of level 8/);
});
