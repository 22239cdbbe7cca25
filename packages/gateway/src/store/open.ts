import { errorText } from '@sallyport/shared/errors';
import { Kysely, PostgresDialect } from 'kysely';
import { Pool } from 'pg';
import type { Logger } from 'winston';
import { connectClient, connectionConfig } from './connection.ts';
import { StoreError } from './errors.ts';
import { CONNECT_MAX_MS, POOL_MAX_CONNECTIONS } from './limits.ts';
import { servingRole } from './roles.ts';
import type { Database } from './schema.ts';
import type { Store } from './types.ts';
import { Watch } from './watch.ts';

/**
 * Opens the store on a migrated database. It works as the serving role where the URL's role may become it.
 *
 * @throws StoreError `unavailable` when Postgres does not answer now. Later losses are survived: queries fail while
 *   Postgres is away, `healthy()` says so, and connections are made again by themselves.
 */
export async function openStore(options: { databaseUrl: string; logger: Logger }): Promise<Store> {
  const { databaseUrl, logger } = options;
  const role = await findRole(databaseUrl, logger);
  const connect = (name: string) => connectClient(connectionConfig(databaseUrl, name, role));
  const watch = new Watch(() => connect('watch'), logger);
  const pool = new Pool({
    ...connectionConfig(databaseUrl, 'pool', role),
    max: POOL_MAX_CONNECTIONS,
    idleTimeoutMillis: 60_000,
    connectionTimeoutMillis: CONNECT_MAX_MS,
  });
  // A pooled connection that dies while idle says so here; without a listener that would end the process.
  pool.on('error', (error) => {
    logger.warn('a database connection was lost', { reason: errorText(error) });
    watch.suspect();
  });
  // Nor does the pool listen on a connection that somebody has checked out, in a transaction or between statements.
  pool.on('connect', (client) => {
    client.on('error', () => watch.suspect());
  });
  await watch.start().catch(async (error: unknown) => {
    await pool.end();
    throw unavailable(error);
  });
  const db = new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
  let closed: Promise<void> | undefined;
  return {
    db,
    pool,
    dedicated: (name) =>
      connect(name).catch((error: unknown) => {
        watch.suspect();
        throw unavailable(error);
      }),
    separatePool: ({ name, schema, max }) => {
      const config = connectionConfig(databaseUrl, name, role, schema);
      const separate = new Pool({ ...config, max, connectionTimeoutMillis: CONNECT_MAX_MS });
      separate.on('error', () => watch.suspect());
      separate.on('connect', (client) => {
        client.on('error', () => watch.suspect());
      });
      return separate;
    },
    listen: (channel, onNotice, onGap) => watch.listen(channel, onNotice, onGap),
    healthy: () => watch.healthy(),
    close: () => {
      // Kysely's destroy ends the pool.
      closed ??= Promise.all([watch.close(), db.destroy()]).then(() => undefined);
      return closed;
    },
  };
}

async function findRole(databaseUrl: string, logger: Logger): Promise<string | undefined> {
  const client = await connectClient(connectionConfig(databaseUrl, 'role')).catch((error: unknown) => {
    throw unavailable(error);
  });
  try {
    return await servingRole(client, logger);
  } finally {
    await client.end();
  }
}

function unavailable(cause: unknown): StoreError {
  return new StoreError('unavailable', 'The database cannot be reached.', {
    cause,
    detail: errorText(cause),
  });
}
