import type { AuditSettings } from './audit-settings.ts';

/** Everything an operator can set. Read once at start, from the YAML file and `SALLYPORT_*`, by config alone. */
export interface Settings extends AuditSettings {
  /** Where MCP clients, the console and the API connect. */
  readonly host: string;
  readonly port: number;
  readonly tunnelHost: string;
  readonly tunnelPort: number;
  /** Names and addresses that agents may dial, for the gateway's own tunnel certificate. */
  readonly tunnelNames: readonly string[];
  /** The URL clients use, without a trailing slash. */
  readonly publicUrl: string;
  /** Absent: the embedded Postgres serves, in `dataDir`. */
  readonly databaseUrl?: string;
  /** Absent: Postgres counts rates and wakes by itself. */
  readonly redisUrl?: string;
  /** `redis://` is right although the host is neither loopback nor a private address. */
  readonly redisPlaintext?: boolean;
  readonly dataDir: string;
  readonly masterKeyFile: string;
  /** Folder of files that each hold one secret of a Notification, under the name that its document gives. */
  readonly secretsDir?: string;
  /** First part of the log's origin. */
  readonly deploymentName: string;
  /** The quick start: demo principals and plain HTTP on loopback are allowed. */
  readonly quickstart: boolean;
  /** Where to write the token of the first administrator while there is none yet. */
  readonly bootstrapTokenFile?: string;
  /** Quick start only: where to write the URL of a database for the demo servers. */
  readonly demoDatabaseFile?: string;
  readonly allowedOrigins: readonly string[];
  readonly logLevel: 'error' | 'warn' | 'info' | 'debug';
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
  /** Host names clients may use in `Host`, beside the public URL's and, on loopback, localhost. */
  readonly allowedHosts: readonly string[];
}
