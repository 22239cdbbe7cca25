import type { Spot } from './carriers.ts';
import type { PathState } from './rules/paths.ts';
import { PLACES } from './run.ts';

/** What is known about a value from above: the meaning of its key, a rule that takes it whole, the paths. */
export interface Inherited {
  readonly bits: number;
  /** Reporter of a rule that takes the whole value; -1. */
  readonly rule: number;
  readonly path: PathState | null;
}

export const NOTHING_KNOWN: Inherited = { bits: 0, rule: -1, path: null };

/** Spots without members, by place: where the table of carriers ends. */
const PLAIN: readonly Spot[] = PLACES.map((_, place) => ({
  place,
  kind: 'plain',
  fixed: false,
  flows: false,
  root: false,
  members: null,
}));

/** The spot without members of the same place. */
export function plainSpot(spot: Spot): Spot {
  return PLAIN[spot.place] ?? spot;
}

/** The spot without members of a place. */
export function spotOfPlace(place: number, otherwise: Spot): Spot {
  return PLAIN[place] ?? otherwise;
}
