import { REJECTED_MAX } from './limits.ts';

export const TOOL_STATES = ['pinned', 'awaiting-review', 'changed', 'rejected', 'gone'] as const;
/** Only a pinned tool is shown and called. `changed`: it was pinned, and the server shows another definition now. */
export type ToolState = (typeof TOOL_STATES)[number];

/** What is known of one tool: digests of definitions. All else follows from them. */
export interface Known {
  /** The first definition ever seen. */
  readonly first: string;
  /** What the server shows now; undefined where it shows none. */
  readonly seen: string | undefined;
  /** What was reviewed. */
  readonly pinned: string | undefined;
  readonly rejected: readonly string[];
  /** Whether the agent's own question found it last time. */
  readonly probed: boolean;
}

/** Who saw it: the agent by its own question for the whole list, or a list that passed on its way to a client. */
export type Source = 'probe' | 'list';

/** What there is to record of a step; undefined where nothing is that a reviewer would want to know. */
export type Happening = 'discovered' | 'changed' | 'restored' | 'gone' | 'pinned' | 'rejected';

export interface Drifted {
  readonly known: Known;
  readonly happening: Happening | undefined;
}

export function stateOf({ seen, pinned, rejected }: Known): ToolState {
  if (seen === undefined) return 'gone';
  if (seen === pinned) return 'pinned';
  if (rejected.includes(seen)) return 'rejected';
  return pinned === undefined ? 'awaiting-review' : 'changed';
}

/**
 * What is pinned without a reviewer: nothing, the first definition ever seen while nobody has decided on the tool, or any
 * as long as none of the tool was rejected.
 */
export type PinsItself = 'first' | 'any' | false;

/**
 * A definition was seen. Undefined where that changes nothing.
 *
 * @param itself what may be pinned by itself; everything else needs a review
 */
export function seen(
  known: Known | undefined,
  digest: string,
  source: Source,
  itself: PinsItself,
): Drifted | undefined {
  const probed = source === 'probe' || (known?.seen !== undefined && known.probed);
  const pinsItself = mayPin(known, digest, itself);
  const next: Known = {
    first: known?.first ?? digest,
    seen: digest,
    pinned: pinsItself ? digest : known?.pinned,
    rejected: known?.rejected ?? [],
    probed,
  };
  if (pinsItself) return { known: next, happening: 'pinned' };
  if (known?.seen === digest) {
    return known.probed === probed ? undefined : { known: next, happening: undefined };
  }
  const state = stateOf(next);
  const happening = state === 'pinned' ? 'restored' : state === 'changed' ? 'changed' : 'discovered';
  return { known: next, happening: state === 'rejected' ? undefined : happening };
}

function mayPin(known: Known | undefined, digest: string, itself: PinsItself): boolean {
  if (itself === false) return false;
  if (known === undefined) return true;
  if (known.rejected.length > 0) return false;
  return itself === 'any' ? known.pinned !== digest : known.pinned === undefined && known.first === digest;
}

/** The agent's question had an answer without it. Undefined where that changes nothing. */
export function missed(known: Known): Drifted | undefined {
  // A list may depend on who asks for it. What the agent never saw can't have gone for it.
  if (!known.probed || known.seen === undefined) return undefined;
  return { known: { ...known, seen: undefined, probed: false }, happening: 'gone' };
}

/** A reviewer pins what the server shows. Undefined where that is another definition by now, or none. */
export function pinned(known: Known, digest: string): Drifted | undefined {
  if (known.seen !== digest || known.pinned === digest) return undefined;
  const rejected = known.rejected.filter((each) => each !== digest);
  return { known: { ...known, pinned: digest, rejected }, happening: 'pinned' };
}

/** A reviewer rejects what the server shows; an earlier pin stays for the day the server goes back to it. */
export function rejected(known: Known, digest: string): Drifted | undefined {
  if (known.seen !== digest || known.rejected.includes(digest)) return undefined;
  return {
    known: {
      ...known,
      pinned: known.pinned === digest ? undefined : known.pinned,
      rejected: [...known.rejected, digest].slice(-REJECTED_MAX),
    },
    happening: 'rejected',
  };
}
