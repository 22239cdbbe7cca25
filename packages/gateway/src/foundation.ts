import { rename, writeFile } from 'node:fs/promises';
import { ConfigError, type Settings } from './config/index.ts';
import {
  type EmbeddedPostgres,
  migrate,
  openRedis,
  openSealer,
  openStore,
  type RedisConnection,
  type Sealer,
  type Store,
  startEmbeddedPostgres,
} from './store/index.ts';
import type { Logger } from './telemetry/index.ts';

/** What every room stands on. */
export interface Foundation {
  readonly store: Store;
  readonly sealer: Sealer;
  readonly embedded: EmbeddedPostgres | undefined;
  /** Absent where none is configured. It may be away: who needs it looks. */
  readonly redis: RedisConnection | undefined;
}

/** Opens the keys and the database: the given one, or the embedded Postgres where none is given. */
export async function openFoundation(
  settings: Settings,
  logger: Logger,
  undo: (() => unknown)[],
): Promise<Foundation> {
  const sealer = await openSealer(settings.masterKeyFile, { createIfMissing: settings.quickstart });
  const embedded =
    settings.databaseUrl === undefined
      ? await startEmbeddedPostgres({ dataDir: settings.dataDir, logger })
      : undefined;
  if (embedded !== undefined) undo.push(() => embedded.stop());
  const databaseUrl = settings.databaseUrl ?? embedded?.url;
  if (databaseUrl === undefined)
    throw new ConfigError('databaseUrl is not set and no embedded Postgres runs.');
  await migrate(databaseUrl, logger);
  const store = await openStore({ databaseUrl, logger });
  undo.push(() => store.close());
  if (settings.demoDatabaseFile !== undefined && embedded !== undefined) {
    await writeDemoDatabase(embedded, settings.demoDatabaseFile);
  }
  const redis =
    settings.redisUrl === undefined
      ? undefined
      : await openRedis({ url: settings.redisUrl, prefix: `sallyport:${settings.deploymentName}:`, logger });
  if (redis !== undefined) undo.push(() => redis.close());
  return { store, sealer, embedded, redis };
}

/** The quick start's demo servers get a database of their own, with a role that can't reach the gateway's. */
async function writeDemoDatabase(embedded: EmbeddedPostgres, file: string): Promise<void> {
  const url = await embedded.ensureDatabase('core_banking');
  await writeFile(`${file}.new`, `${url}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
}
