import { createHmac } from 'node:crypto';
import type { Client } from 'pg';
import type { Logger } from 'winston';
import { APP_ROLE, connectClient, connectionConfig } from '../connection.ts';
import type { EmbeddedPostgres } from '../types.ts';
import { findBinaries } from './binaries.ts';
import { Cluster } from './cluster.ts';
import { initialise, readOrMakePassword, SUPERUSER } from './initialise.ts';
import { chooseRunner, type Place, preparePlace } from './place.ts';

/** Name of the gateway's database and of the role that owns it. */
const GATEWAY_DATABASE = 'sallyport';

export interface EmbeddedOptions {
  /** The gateway's data folder; Postgres gets the folder `postgres` in it. */
  readonly dataDir: string;
  readonly logger: Logger;
  /** Told the new postmaster's process id each time Postgres was started again by itself. */
  readonly onRestart?: (pid: number) => void;
}

/** The embedded Postgres with its superuser's URL, which only tests and this folder may use. */
export interface AdministeredPostgres extends EmbeddedPostgres {
  readonly adminUrl: string;
}

/**
 * Starts the Postgres that npm brought, on a unix socket alone, with a database for the gateway. The first start
 * makes the data folder. Postgres never outlives this process (see guardian.ts) and is started again when it dies.
 *
 * @throws StoreError `binaries_missing`, `folder_in_use`, `folder_unusable` or `start_failed`.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<AdministeredPostgres> {
  const { dataDir, logger } = options;
  const place = await preparePlace(dataDir, chooseRunner(), logger);
  const binaries = await findBinaries(place);
  const password = await readOrMakePassword(place);
  await initialise(place, binaries, logger);
  const cluster = new Cluster(place, binaries, logger, options.onRestart ?? (() => undefined));
  await cluster.start();
  const adminUrl = urlOf(place, SUPERUSER, password, 'postgres');
  const ensureDatabase = async (name: string): Promise<string> => {
    const own = createHmac('sha256', password).update(`role ${name}`).digest('hex');
    await asAdmin(adminUrl, (admin) => makeDatabase(admin, name, own));
    return urlOf(place, name, own, name);
  };
  try {
    const url = await ensureDatabase(GATEWAY_DATABASE);
    await asAdmin(adminUrl, makeServingRole);
    logger.info('embedded Postgres runs', { pid: cluster.pid(), folder: place.data });
    return { url, adminUrl, pid: () => cluster.pid(), ensureDatabase, stop: () => cluster.stop() };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

function urlOf(place: Place, user: string, password: string, database: string): string {
  return `postgres:///${database}?${new URLSearchParams({ host: place.socket, user, password })}`;
}

async function asAdmin(adminUrl: string, work: (admin: Client) => Promise<void>): Promise<void> {
  const admin = await connectClient(connectionConfig(adminUrl, 'embedded'));
  try {
    await work(admin);
  } finally {
    await admin.end();
  }
}

const DATABASE_NAME = /^[a-z][a-z0-9_-]{0,62}$/;

/** A database whose owner is a role of the same name; nobody else's role may connect to it. */
async function makeDatabase(admin: Client, name: string, password: string): Promise<void> {
  if (!DATABASE_NAME.test(name)) throw new RangeError(`"${name}" cannot name a database`);
  const { rows } = await admin.query<{ role: boolean; database: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1) AS role,
            EXISTS (SELECT FROM pg_database WHERE datname = $1) AS database`,
    [name],
  );
  const quoted = admin.escapeIdentifier(name);
  if (rows[0]?.role !== true) {
    await admin.query(`CREATE ROLE ${quoted} LOGIN PASSWORD ${admin.escapeLiteral(password)}`);
  }
  if (rows[0]?.database !== true) await admin.query(`CREATE DATABASE ${quoted} OWNER ${quoted}`);
  await admin.query(`REVOKE CONNECT, TEMPORARY ON DATABASE ${quoted} FROM PUBLIC`);
}

/** The role that serves. It cannot log in: the owner's connections start as it (connection.ts). */
async function makeServingRole(admin: Client): Promise<void> {
  const { rows } = await admin.query('SELECT FROM pg_roles WHERE rolname = $1', [APP_ROLE]);
  if (rows.length === 0) await admin.query(`CREATE ROLE ${APP_ROLE} NOLOGIN`);
  await admin.query(`GRANT ${APP_ROLE} TO ${GATEWAY_DATABASE} WITH SET TRUE, INHERIT FALSE`);
}
