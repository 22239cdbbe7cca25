import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createLogger, transports } from 'winston';
import { type AdministeredPostgres, startEmbeddedPostgres } from '../../src/store/embedded/start.ts';
import { migrate } from '../../src/store/index.ts';

/** A logger that says nothing; tests look at what happens. */
export const quietLogger = createLogger({
  silent: true,
  transports: [new transports.Console({ silent: true })],
});

const FOLDER = 'sallyport-test-';
const TEMPLATE = 'sallyport';
let running: Promise<AdministeredPostgres> | undefined;

/**
 * A fresh, migrated database of its own on this test process's Postgres. The Postgres is started by the first call,
 * stopped after the file's last test, and in any case ends with the process.
 */
export async function testDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  running ??= start();
  const postgres = await running;
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asAdmin(postgres, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE} OWNER ${TEMPLATE} STRATEGY WAL_LOG`);
  return {
    url: postgres.url.replace(`/${TEMPLATE}?`, `/${name}?`),
    drop: () => asAdmin(postgres, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`),
  };
}

/** The Postgres behind `testDatabase`, for faults: its process id and its superuser. */
export async function testPostgres(): Promise<AdministeredPostgres> {
  running ??= start();
  return running;
}

/** A new folder whose path Postgres's user may pass through; the caller removes it. */
export function temporaryFolder(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${FOLDER}${process.pid}-`));
}

async function start(): Promise<AdministeredPostgres> {
  await sweep();
  const dataDir = await temporaryFolder();
  const postgres = await startEmbeddedPostgres({ dataDir, logger: quietLogger });
  await migrate(postgres.url, quietLogger);
  afterTests.push(async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  });
  return postgres;
}

async function asAdmin(postgres: AdministeredPostgres, sql: string): Promise<void> {
  const admin = new Client({ connectionString: postgres.adminUrl });
  await admin.connect();
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}

/** Removes folders that killed test processes left. */
async function sweep(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${FOLDER}(\\d+)-`).exec(name)?.[1]);
    if (Number.isInteger(pid) && !isAlive(pid))
      await rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const afterTests: (() => Promise<void>)[] = [];

/** Stops what `testDatabase` started. Under vitest it runs by itself; a program calls it before it ends. */
export async function stopTestPostgres(): Promise<void> {
  running = undefined;
  for (const stop of afterTests.splice(0)) await stop();
}

// Registered while the test file is loaded, so it runs after the file's own hooks (they end first, in reverse).
if (process.env.VITEST !== undefined) {
  const { afterAll } = await import('vitest');
  afterAll(stopTestPostgres);
}
