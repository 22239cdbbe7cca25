import { byteaArray, encodedTextArray, int8Array, textArray, timestamptzArray } from './binary-arrays.ts';
import type { DatedBody, Unplaced } from './leaf.ts';

/** A node of the tree that is kept. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
  readonly root: Buffer;
}

/** All that one flush writes: it is one statement, so one commit, so all of it or nothing. */
export interface Flush {
  readonly slot: number;
  /** Seq of the batch's first entry. */
  readonly first: number;
  readonly batch: readonly Unplaced[];
  /** 0x00 and the leaf, one for each entry. */
  readonly leaves: readonly Buffer[];
  readonly hashes: readonly Buffer[];
  /** Subtrees that the batch completes: once in 256 entries. */
  readonly subtrees: readonly Subtree[];
  /** Bodies that their month may not have yet. */
  readonly bodies: readonly DatedBody[];
}

const ENTRIES = `
  INSERT INTO audit_entries (slot, seq, ts, kind, leaf, leaf_hash, principal, session, call, server, tool)
  SELECT $1::int4, * FROM unnest($2::int8[], $3::timestamptz[], $4::text[], $5::text[], $6::bytea[],
    $7::text[], $8::text[], $9::text[], $10::text[], $11::text[])`;

/** The statement of a flush, named by its parts so that Postgres plans each form once. */
export function flushStatement(flush: Flush): { name: string; text: string; values: unknown[] } {
  const { slot, first, batch, leaves, hashes, subtrees, bodies } = flush;
  const values: unknown[] = [
    slot,
    int8Array(batch.map((_, index) => first + index)),
    timestamptzArray(batch.map((entry) => entry.tsMs)),
    textArray(batch.map((entry) => entry.kind)),
    encodedTextArray(leaves.map((leaf) => leaf.subarray(1))),
    byteaArray(hashes),
    textArray(batch.map((entry) => entry.principal)),
    textArray(batch.map((entry) => entry.session)),
    textArray(batch.map((entry) => entry.call)),
    textArray(batch.map((entry) => entry.server)),
    textArray(batch.map((entry) => entry.tool)),
  ];
  const beside: string[] = [];
  const place = (value: Buffer, type: string): string => {
    values.push(value);
    return `$${values.length}::${type}[]`;
  };
  let name = 'audit-flush';
  if (subtrees.length > 0) {
    name += '-subtrees';
    const level = place(int8Array(subtrees.map((each) => each.level)), 'int8');
    const index = place(int8Array(subtrees.map((each) => each.index)), 'int8');
    const root = place(byteaArray(subtrees.map((each) => each.root)), 'bytea');
    beside.push(`subtrees AS (INSERT INTO audit_subtrees (slot, level, index, hash)
      SELECT $1::int4, * FROM unnest(${level}, ${index}, ${root}))`);
  }
  if (bodies.length > 0) {
    name += '-bodies';
    const digest = place(byteaArray(bodies.map((body) => body.digest)), 'bytea');
    const at = place(timestamptzArray(bodies.map((body) => body.tsMs)), 'timestamptz');
    const bytes = place(byteaArray(bodies.map((body) => body.bytes)), 'bytea');
    beside.push(`bodies AS (INSERT INTO audit_bodies (digest, first_at, body)
      SELECT * FROM unnest(${digest}, ${at}, ${bytes}) ON CONFLICT DO NOTHING)`);
  }
  const sealed = batch.flatMap(({ original }, index) =>
    original === undefined ? [] : [{ ...original, seq: first + index }],
  );
  if (sealed.length > 0) {
    name += '-originals';
    const seq = place(int8Array(sealed.map((each) => each.seq)), 'int8');
    const period = place(textArray(sealed.map((each) => each.period)), 'text');
    const key = place(byteaArray(sealed.map((each) => each.wrappedKey)), 'bytea');
    const bytes = place(byteaArray(sealed.map((each) => each.sealed)), 'bytea');
    beside.push(`originals AS (INSERT INTO audit_originals (slot, seq, period, wrapped_key, sealed)
      SELECT $1::int4, * FROM unnest(${seq}, ${period}, ${key}, ${bytes}))`);
  }
  return { name, text: `${beside.length === 0 ? '' : `WITH ${beside.join(',\n')}`}${ENTRIES}`, values };
}
