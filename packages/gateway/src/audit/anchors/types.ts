import type { StoredCheckpoint } from '../types.ts';

export type AnchorKind = 'folder' | 's3' | 'timestamp';

/** Where an anchored checkpoint now lies, and what proves it where that is not the thing itself. */
export interface Anchored {
  readonly location: string;
  /** Of a time stamp: TimeStampResp in DER (RFC 3161). */
  readonly proof?: Buffer;
}

/** A place that takes checkpoints and gives none back changed. */
export interface Anchor {
  readonly name: string;
  readonly kind: AnchorKind;
  /** Durable there when it resolves. Putting the same again is no error; something else in its place is one. */
  put(checkpoint: StoredCheckpoint, name: string): Promise<Anchored>;
}

/** One checkpoint at one anchor. */
export interface AnchorRecord extends Anchored {
  readonly number: number;
  readonly anchor: string;
  readonly kind: AnchorKind;
  /** RFC 3339. */
  readonly at: string;
  readonly size: number;
}

/** How one anchor stands. */
export interface AnchorState {
  readonly name: string;
  readonly kind: AnchorKind;
  readonly last?: {
    readonly number: number;
    readonly size: number;
    readonly at: string;
    readonly location: string;
  };
  /** Since the last checkpoint was anchored, or since the log began. */
  readonly ageSeconds: number;
  readonly problem?: string;
}

/** How the anchors stand. */
export interface AnchorsState {
  readonly everySeconds: number;
  readonly maxAgeSeconds: number;
  /** Whether calls are refused past that age. */
  readonly refuses: boolean;
  /** Whether every anchor is younger than the age. */
  readonly met: boolean;
  readonly anchors: readonly AnchorState[];
}
