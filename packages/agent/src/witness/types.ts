/** An answer to add-checkpoint (C2SP tlog-witness), over the tunnel and over HTTP alike. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422 | 500;
  /** 200: the cosignature's line. 409: the size that is held. Else what is wrong, in words. */
  readonly body: string;
  /** 409 and 422: the checkpoint that is held, as evidence. */
  readonly held?: string;
}

/** What a witness holds of one log. */
export interface HeldLog {
  readonly origin: string;
  /** Verifier keys of the log that are believed: pinned on first sight, or configured. */
  readonly keys: readonly string[];
  /** Entries of the last checkpoint that was countersigned. */
  readonly size: number;
  /** Its root, hexadecimal. */
  readonly root: string;
  /** The log's signed checkpoint. */
  readonly note: string;
  /** When it was countersigned, seconds since 1970. */
  readonly timeSeconds: number;
}
