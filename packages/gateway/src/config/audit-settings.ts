/** Settings of the audit log's witnesses and of what it reaches out to. They are the operator's, not the console's. */
export interface AuditSettings {
  /** Who must countersign checkpoints (docs/AUDIT.md). */
  readonly witnessPolicyFile?: string;
  /** Minutes that the newest checkpoint with a quorum may be old; 15 by default. */
  readonly witnessAgeMaxMinutes?: number;
  /** Whether calls are refused past that age. */
  readonly witnessRefusesCalls?: boolean;
  /** Socket of a signer that runs by itself (`sallyport-gateway signer`). */
  readonly signerSocket?: string;
  /** Minutes that calls go on without a checkpoint; 5 by default. */
  readonly signerGraceMinutes?: number;
  /** `host:port` that witnesses and anchors may have in a private network. */
  readonly outboundPrivateHosts?: readonly string[];
  /** Authorities (PEM) to believe for them beside the well-known ones. */
  readonly outboundCaFile?: string;
}
