import type { Kysely } from 'kysely';
import type { Client, Pool } from 'pg';
import type { Database } from './schema.ts';

/** The store's door: the only room that knows Postgres. */
export interface Store {
  readonly db: Kysely<Database>;
  readonly pool: Pool;
  /** A connection of its own for one owner (the log, a listener), outside the pool; the owner ends it. */
  dedicated(name: string): Promise<Client>;
  /** A pool of its own for one owner, whose statements find this schema first; the owner ends it. */
  separatePool(options: { name: string; schema: string; max: number }): Pool;
  /** Listens for NOTIFY with a connection that reconnects; `onGap` is called when notices may have been missed. */
  listen(channel: string, onNotice: (payload: string) => void, onGap: () => void): Promise<void>;
  /** Whether Postgres answered lately. */
  healthy(): boolean;
  close(): Promise<void>;
}

/** The embedded Postgres, owned by the process that started it. */
export interface EmbeddedPostgres {
  /** `postgres:///sallyport?host=<socket folder>&user=…` for the gateway's database. */
  readonly url: string;
  /** The postmaster's process id, now. */
  pid(): number | undefined;
  /** Creates a database of another name with an owner role of the same name, if absent; returns its URL. */
  ensureDatabase(name: string): Promise<string>;
  stop(): Promise<void>;
}
