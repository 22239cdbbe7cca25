import type { Store } from '../../store/index.ts';
import { BLOCK_ENTRIES, SEARCH_BLOCKS_AT_ONCE, SEARCH_BLOCKS_MAX, SEARCH_MAX_ENTRIES } from '../limits.ts';
import type { EntryPage, EntryQuery, StoredEntry } from '../types.ts';
import { bodyWords } from './bodies.ts';
import { COLUMNS, type Extent, firstAt, type Row, stored } from './read.ts';
import { ALL_TEXT } from './summaries.ts';
import { matches, needsLeaf, termsFor, termsOf } from './terms.ts';

const FILTERS = ['kind', 'principal', 'server', 'tool', 'session', 'call'] as const;

/** Where a search looks: entries [from, until), in which direction. */
interface Range {
  readonly from: number;
  readonly until: number;
  readonly newestFirst: boolean;
}

/**
 * One page of a search. It reads what indexes and summaries leave as possible, at most so much, so that a page always
 * comes soon: one with fewer entries than asked for and a `next` goes on from there.
 */
export async function searchPage(
  store: Store,
  slot: number,
  extent: Extent,
  query: EntryQuery,
): Promise<EntryPage> {
  const limit = Math.max(1, Math.min(SEARCH_MAX_ENTRIES, Math.trunc(query.limit)));
  const range = await rangeOf(store, slot, extent, query);
  // Sessions and calls have an index of their own, and few entries.
  if (query.session !== undefined || query.call !== undefined)
    return pageOf(await take(store, slot, range, query, limit + 1), limit);
  const found: StoredEntry[] = [];
  const { parts, more } = await partsOf(store, slot, range, query);
  let blocks = 0;
  for (const [index, part] of parts.entries()) {
    found.push(...(await take(store, slot, part, query, limit + 1 - found.length)));
    if (found.length > limit) return pageOf(found, limit);
    blocks += (part.until - part.from) / BLOCK_ENTRIES;
    const isLast = index === parts.length - 1;
    if (isLast ? more : blocks >= SEARCH_BLOCKS_MAX)
      return { items: found, next: range.newestFirst ? part.from : part.until - 1 };
  }
  return { items: found };
}

/** All entries of a search up to its limit, page by page. */
export async function searchLog(
  store: Store,
  slot: number,
  extent: Extent,
  query: EntryQuery,
): Promise<StoredEntry[]> {
  const found: StoredEntry[] = [];
  let after = query.after;
  for (;;) {
    const limit = query.limit - found.length;
    const page = await searchPage(store, slot, extent, {
      ...query,
      limit,
      ...(after === undefined ? {} : { after }),
    });
    found.push(...page.items);
    if (page.next === undefined || found.length >= query.limit) return found;
    after = page.next;
  }
}

async function rangeOf(store: Store, slot: number, extent: Extent, query: EntryQuery): Promise<Range> {
  const newestFirst = query.order !== 'oldest';
  let from = query.from === undefined ? extent.first : await firstAt(store, slot, extent, query.from);
  let until =
    query.until === undefined ? Number.MAX_SAFE_INTEGER : await firstAt(store, slot, extent, query.until);
  if (query.after !== undefined && newestFirst) until = Math.min(until, query.after);
  if (query.after !== undefined && !newestFirst) from = Math.max(from, query.after + 1);
  return { from, until: Math.min(until, extent.size), newestFirst };
}

/** Parts of a range that may hold what is looked for, in order, neighbours together; `more` where there are others behind. */
async function partsOf(
  store: Store,
  slot: number,
  range: Range,
  query: EntryQuery,
): Promise<{ parts: Range[]; more: boolean }> {
  const { from, until, newestFirst } = range;
  if (from >= until) return { parts: [], more: false };
  const terms = termsFor(query);
  if (terms.length === 0) return { parts: cut(range), more: false };
  const { summarised, blocks } = await candidates(store, slot, range, terms);
  const more = blocks.length > SEARCH_BLOCKS_MAX;
  const tail: Range = { ...range, from: Math.max(from, summarised * BLOCK_ENTRIES) };
  const within = joined(blocks.slice(0, SEARCH_BLOCKS_MAX), newestFirst).map(([first, last]) => ({
    newestFirst,
    from: Math.max(from, first * BLOCK_ENTRIES),
    until: Math.min(until, (last + 1) * BLOCK_ENTRIES),
  }));
  // Entries behind the summaries are the newest.
  if (newestFirst) return { parts: [...cut(tail), ...within], more };
  return { parts: more ? within : [...within, ...cut(tail)], more };
}

/** Blocks whose summary holds all terms; those without a summary in between count as holding them. */
async function candidates(
  store: Store,
  slot: number,
  { from, until, newestFirst }: Range,
  terms: readonly string[],
): Promise<{ summarised: number; blocks: number[] }> {
  const first = Math.floor(from / BLOCK_ENTRIES);
  const last = Math.floor((until - 1) / BLOCK_ENTRIES);
  const plain = terms.filter((term) => !term.startsWith('text:'));
  const text = terms.filter((term) => term.startsWith('text:'));
  const { rows } = await store.pool.query<{ summarised: string | null; blocks: string[] }>(
    // Blocks are filled in order: only where one was forgotten in between is each looked for.
    `WITH done AS (
       SELECT count(*) AS n, max(block) AS last FROM audit_terms WHERE slot = $1 AND block BETWEEN $2 AND $3),
     missing AS (
       SELECT CASE WHEN n = 0 THEN $2::bigint WHEN n = last - $2 + 1 THEN last + 1 ELSE (
         SELECT min(b) FROM generate_series($2::bigint, $3::bigint) AS b
          WHERE NOT EXISTS (SELECT FROM audit_terms t WHERE t.slot = $1 AND t.block = b)) END AS b FROM done)
     SELECT (SELECT b FROM missing) AS summarised,
            ARRAY(SELECT block FROM audit_terms
                   WHERE slot = $1 AND block >= $2 AND block < coalesce((SELECT b FROM missing), $3 + 1)
                     AND terms @> $4 AND ($5::text[] = '{}' OR terms @> $5 OR terms @> ARRAY[$6])
                   ORDER BY block ${newestFirst ? 'DESC' : 'ASC'} LIMIT ${SEARCH_BLOCKS_MAX + 1}) AS blocks`,
    [slot, first, last, plain, text, ALL_TEXT],
  );
  const [row] = rows;
  return {
    summarised: row?.summarised === null || row === undefined ? last + 1 : Number(row.summarised),
    blocks: (row?.blocks ?? []).map(Number),
  };
}

/** Runs of neighbouring blocks, so few that each is read in one go, in the order of the search. */
function joined(blocks: readonly number[], newestFirst: boolean): [first: number, last: number][] {
  const runs: [number, number][] = [];
  for (const block of blocks.toSorted((a, b) => (newestFirst ? b - a : a - b))) {
    const run = runs.at(-1);
    const [first, last] = run ?? [0, 0];
    if (run !== undefined && last - first + 1 < SEARCH_BLOCKS_AT_ONCE) {
      if (newestFirst && block === first - 1) {
        run[0] = block;
        continue;
      }
      if (!newestFirst && block === last + 1) {
        run[1] = block;
        continue;
      }
    }
    runs.push([block, block]);
  }
  return runs;
}

/** A range cut into parts that are read in one go. */
function cut({ from, until, newestFirst }: Range): Range[] {
  const step = SEARCH_BLOCKS_AT_ONCE * BLOCK_ENTRIES;
  const parts: Range[] = [];
  for (let at = from; at < until; at += step)
    parts.push({ newestFirst, from: at, until: Math.min(until, at + step) });
  return newestFirst ? parts.reverse() : parts;
}

/** Entries of one part that match, at most `limit`. */
async function take(
  store: Store,
  slot: number,
  part: Range,
  query: EntryQuery,
  limit: number,
): Promise<StoredEntry[]> {
  if (part.from >= part.until) return [];
  const { text, values } = selectOf(slot, part, query);
  if (!needsLeaf(query)) {
    const { rows } = await store.pool.query<Row>(`${text} LIMIT ${limit}`, values);
    return rows.map(stored);
  }
  const { rows } = await store.pool.query<Row>(text, values);
  return (await matching(store, rows, query)).slice(0, limit).map(stored);
}

/** The statement that reads a part by the filters that are columns. */
function selectOf(slot: number, part: Range, query: EntryQuery): { text: string; values: unknown[] } {
  // Where a session or a call is asked for, its index must be taken, and not the primary key.
  const [slotKey, seqKey] =
    query.session !== undefined || query.call !== undefined ? ['slot + 0', 'seq + 0'] : ['slot', 'seq'];
  const values: unknown[] = [slot, part.from, part.until];
  const filters = FILTERS.flatMap((name) => {
    const value = query[name];
    if (value === undefined) return [];
    values.push(value);
    return [`AND ${name} = $${values.length}`];
  });
  const text = `SELECT ${COLUMNS.join(', ')} FROM audit_entries
    WHERE ${slotKey} = $1 AND ${seqKey} >= $2 AND ${seqKey} < $3 ${filters.join(' ')}
    ORDER BY ${seqKey} ${part.newestFirst ? 'DESC' : 'ASC'}`;
  return { text, values };
}

async function matching(store: Store, rows: readonly Row[], query: EntryQuery): Promise<Row[]> {
  const { text: _, ...rest } = query;
  const none = (): ReadonlySet<string> => new Set();
  const possible = rows.filter(({ leaf }) => matches(rest, termsOf(leaf), none));
  if (query.text === undefined) return possible;
  const words = await bodyWords(
    store.pool,
    possible.map(({ leaf }) => leaf),
  );
  return possible.filter(({ leaf }) => matches(query, termsOf(leaf), () => words.get(leaf) ?? new Set()));
}

function pageOf(itemsAndOne: readonly StoredEntry[], limit: number): EntryPage {
  const items = itemsAndOne.slice(0, limit);
  const last = items.at(-1);
  return itemsAndOne.length > limit && last !== undefined ? { items, next: last.seq } : { items };
}
