import type { StoredEntry } from '../types.ts';

/** Filters of a search; all that are given must match. */
export interface EntryQuery {
  kind?: string;
  principal?: string;
  server?: string;
  tool?: string;
  session?: string;
  call?: string;
  agent?: string;
  method?: string;
  /** Effect: allow, deny or hold. */
  decision?: string;
  /** One of the policies that determined the decision. */
  policy?: string;
  approval?: string;
  grant?: string;
  /** Name of a masking rule, or of an entity, that was found. */
  finding?: string;
  /** How a call's message ended: answered, unknown, withheld… */
  ending?: string;
  /** Words that must all be in the entry's masked bodies. */
  text?: string;
  /** RFC 3339 instants, from inclusive, until exclusive. */
  from?: string;
  until?: string;
  /** Newest first by default. */
  order?: 'newest' | 'oldest';
  /** Keyset: continue after the entry with this seq in the given order. */
  after?: number;
  /** 1 to 500. */
  limit: number;
}

/** A page of a search. `next`: there may be more behind the entry with this seq; a page may be empty and have one. */
export interface EntryPage {
  readonly items: StoredEntry[];
  readonly next?: number;
}
