import type { SqlTally } from './facts.ts';

/** How many rows come out: none of a table's, a number with a bound, or any number. */
export type Extent = 'none' | 'bounded' | 'unbounded';

/** Names that `WITH` gives to queries, and how many rows they have. */
export type Scope = ReadonlyMap<string, Extent>;

/** Where a statement stands: by itself, in a `WITH`, or as a part of another statement. */
export type Place = 'top' | 'with' | 'inside';

/** One text being read: the tally, and the readers, which call one another as SQL nests. */
export interface Reading {
  readonly tally: SqlTally;
  /** Reads a wrapped statement. */
  statement(wrapped: unknown, scope: Scope, place: Place): Extent;
  /** Reads the queries of a WITH; returns the scope of what follows. */
  with(clause: unknown, outer: Scope): Scope;
  /** Reads what is behind FROM or USING: its extent, and the names that its tables go by. */
  from(clause: unknown, scope: Scope): { readonly extent: Extent; readonly names: Set<string> };
  /** Reads expressions, at any depth. */
  expressions(value: unknown, scope: Scope): void;
  /** Columns that are assigned or listed by name. */
  columns(targets: unknown): void;
  /** The same readers with another tally. */
  into(tally: SqlTally): Reading;
}

/** The extent of several sources together. */
export function joined(extents: readonly Extent[]): Extent {
  if (extents.includes('unbounded')) return 'unbounded';
  return extents.includes('bounded') ? 'bounded' : 'none';
}

/** The extent under a bound. */
export function capped(extent: Extent): Extent {
  return extent === 'none' ? 'none' : 'bounded';
}
