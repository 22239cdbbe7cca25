/** What a witness answered to add-checkpoint (C2SP tlog-witness), over the tunnel and over HTTPS alike. */
export interface WitnessAnswer {
  readonly status: number;
  /** 200: cosignature lines. 409: the size it holds. Else words. */
  readonly body: string;
  /** 409 and 422: the checkpoint it holds, where it says; empty otherwise. */
  readonly held: string;
}

/** Brings a request to a witness. Undefined when it can't be reached now or did not answer in time. */
export type AskWitness = (request: string) => Promise<WitnessAnswer | undefined>;

export type WitnessKind = 'agent' | 'witness';

/** A witness's key, as it became known. */
export interface WitnessKey {
  readonly key: string;
  readonly witness: string;
  readonly kind: WitnessKind;
  /** RFC 3339. */
  readonly seenAt: string;
}

/** One line of a witness behind a checkpoint. */
export interface Cosignature {
  /** Of the checkpoint. */
  readonly number: number;
  /** Verifier key. */
  readonly key: string;
  /** RFC 3339, UTC, to the second, as signed. */
  readonly ts: string;
  readonly line: string;
}

/** What a witness refused to countersign, with both checkpoints. */
export interface WitnessConflict {
  readonly at: string;
  readonly witness: string;
  readonly key: string;
  readonly status: number;
  readonly heldSize?: number;
  readonly shown: string;
  readonly held?: string;
  readonly answer: string;
}

/** How one witness stands. */
export interface WitnessState {
  readonly name: string;
  readonly kind: WitnessKind;
  readonly key: string;
  /** The last checkpoint it countersigned. */
  readonly last?: { readonly number: number; readonly size: number; readonly ts: string };
  /** Why it does not countersign now. */
  readonly problem?: string;
  readonly problemSeconds?: number;
  /** It says that the log is not the one it countersigned. */
  readonly conflict?: string;
}

/** How the quorum stands. */
export interface QuorumState {
  readonly met: boolean;
  /** The quorum in words. */
  readonly demands: string;
  /** What is said plainly where no independent witness is asked for or there is none. */
  readonly warning?: string;
  /** Seconds since the newest checkpoint that the quorum has countersigned. */
  readonly ageSeconds: number;
  readonly maxAgeSeconds: number;
  /** Whether calls are refused past that age. */
  readonly refuses: boolean;
  /** The newest checkpoint that the quorum has countersigned. */
  readonly checkpoint?: { readonly number: number; readonly size: number; readonly ts: string };
  readonly witnesses: readonly WitnessState[];
}
