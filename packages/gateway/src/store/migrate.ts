import { fileURLToPath } from 'node:url';
import { errorText } from '@sallyport/shared/errors';
import { runner } from 'node-pg-migrate';
import type { Logger } from 'winston';
import { connectClient, connectionConfig } from './connection.ts';
import { StoreError } from './errors.ts';
import { grantServingRole } from './roles.ts';

// The same number of folders up from src/store and from dist/store.
const MIGRATIONS = fileURLToPath(new URL('../../migrations', import.meta.url));

// Any constant that no other lock of the database has; a session lock, let go with the connection.
const MIGRATION_LOCK = 0x73_61_6c_6c_79;

/**
 * Brings the database's schema up to this version of the gateway and returns the names of what was applied.
 *
 * All pending migrations are one transaction. Starts at the same time wait for one another on an advisory lock, so
 * each migration is applied once. Migrations are immutable; their order is checked.
 *
 * @throws StoreError `unavailable` or `migration_failed`.
 */
export async function migrate(databaseUrl: string, logger: Logger): Promise<string[]> {
  const client = await connectClient({
    ...connectionConfig(databaseUrl, 'migrate'),
    // A migration may rewrite a large table.
    statement_timeout: 0,
  }).catch((error: unknown) => {
    throw new StoreError('unavailable', 'The database cannot be reached.', {
      cause: error,
      detail: errorText(error),
    });
  });
  try {
    // Around the grants too: two of them at once would trip over the same catalogue rows.
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    const applied = await runner({
      dbClient: client,
      dir: MIGRATIONS,
      migrationsTable: 'migrations',
      direction: 'up',
      checkOrder: true,
      singleTransaction: true,
      advisoryLockMode: 'wait',
      logger: {
        debug: (text: string) => logger.debug(text),
        info: (text: string) => logger.debug(text),
        warn: (text: string) => logger.warn(text),
        error: (text: string) => logger.error(text),
      },
    });
    // BullMQ's own tables, in a schema of their own. It keeps its own ledger, and a start without news costs 1 ms.
    const { runMigrations } = await import('bullmq');
    await runMigrations(client);
    await grantServingRole(client, logger);
    const names = applied.map((migration) => migration.name);
    if (names.length > 0) logger.info('database migrated', { migrations: names });
    return names;
  } catch (error) {
    throw new StoreError('migration_failed', `The database could not be migrated: ${errorText(error)}`, {
      cause: error,
    });
  } finally {
    await client.end().catch(() => undefined);
  }
}
