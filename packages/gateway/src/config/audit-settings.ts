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
  /** Where checkpoints are anchored, each under a name (docs/AUDIT.md, Anchors). */
  readonly anchors?: readonly AnchorSetting[];
  /** Minutes between two checkpoints that are anchored; 60 by default. */
  readonly anchorEveryMinutes?: number;
  /** Minutes that the last may be old; 120 by default. */
  readonly anchorAgeMaxMinutes?: number;
  /** Whether calls are refused past that age. */
  readonly anchorRefusesCalls?: boolean;
  /** Folder that exports of months are written to before they are dropped; `retention` in the data folder by default. */
  readonly retentionFolder?: string;
  /** Syslog receivers (RFC 5425, TLS) that every entry is handed to. */
  readonly forwardTo?: readonly ForwardSetting[];
  /** `host:port` that witnesses and anchors may have in a private network. */
  readonly outboundPrivateHosts?: readonly string[];
  /** Authorities (PEM) to believe for them beside the well-known ones. */
  readonly outboundCaFile?: string;
}

/** One anchor: a folder, a bucket with object lock, or a time stamping authority. */
export type AnchorSetting =
  | { readonly name: string; readonly folder: string }
  | {
      readonly name: string;
      readonly s3: {
        readonly endpoint: string;
        readonly bucket: string;
        readonly region: string;
        readonly prefix: string;
        readonly accessKeyFile: string;
        readonly secretKeyFile: string;
        readonly retainDays: number;
      };
    }
  | { readonly name: string; readonly timestamp: { readonly url: string } };

/** One syslog receiver. Files are PEM. */
export interface ForwardSetting {
  readonly host: string;
  readonly port: number;
  readonly format: 'cef' | 'ocsf';
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}
