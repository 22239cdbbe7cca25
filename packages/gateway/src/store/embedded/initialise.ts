import { randomBytes } from 'node:crypto';
import { chmod, chown, link, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'winston';
import { StoreError } from '../errors.ts';
import type { Binaries } from './binaries.ts';
import { startGuarded } from './guardian.ts';
import type { Place } from './place.ts';

/** The cluster's superuser; nothing but the embedded code works as it. */
export const SUPERUSER = 'postgres';

/** The superuser's password, made at the first start. The roles' passwords are derived from it. */
export async function readOrMakePassword(place: Place): Promise<string> {
  const known = await readFile(place.passwordFile, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  const draft = `${place.passwordFile}.${process.pid}`;
  await writeFile(draft, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  if (place.runner.switched) await chown(draft, place.runner.uid, place.runner.gid);
  // A link is made whole or not at all, and of two starts at once the first one's stays.
  await link(draft, place.passwordFile).catch(() => undefined);
  await rm(draft);
  return (await readFile(place.passwordFile, 'utf8')).trim();
}

/**
 * Makes the data folder with initdb, unless it is there. It appears under its name only when it is whole, so an
 * interrupted first start leaves nothing that looks like a database.
 *
 * @throws StoreError `start_failed`, also when the folder is of another major version.
 */
export async function initialise(place: Place, binaries: Binaries, logger: Logger): Promise<void> {
  const major = await readFile(join(place.data, 'PG_VERSION'), 'utf8').catch(() => undefined);
  if (major !== undefined) {
    const wanted = binaries.version.split('.')[0];
    if (major.trim() === wanted) return;
    throw new StoreError(
      'start_failed',
      `${place.data} is of Postgres ${major.trim()}, and this gateway brings Postgres ${wanted}.`,
    );
  }
  logger.info('initialising the embedded Postgres', { folder: place.data });
  await removeUnfinished(place);
  const unfinished = join(place.root, `data.unfinished-${process.pid}`);
  await rm(unfinished, { recursive: true, force: true });
  await run(binaries.initdb, place, [
    `--pgdata=${unfinished}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${place.passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ]);
  await chmod(unfinished, 0o700);
  await rename(unfinished, place.data).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true, force: true });
    // Another start at the same moment was first: its folder has the same password.
    if (await isThere(join(place.data, 'PG_VERSION'))) return;
    throw error;
  });
}

async function isThere(path: string): Promise<boolean> {
  return (await readFile(path).catch(() => undefined)) !== undefined;
}

/** Runs a program to its end, under a guardian: it ends with us, and Ctrl-C does not reach it before us. */
async function run(program: string, place: Place, args: readonly string[]): Promise<void> {
  const guarded = startGuarded([program, ...args], place.runner, place.root);
  await guarded.closed;
  const status = guarded.process.exitCode;
  if (status === 0) return;
  const said = guarded.output();
  throw new StoreError(
    'start_failed',
    `The embedded Postgres could not be initialised in ${place.root}: ${said.split('\n').at(-1) || `initdb ended with ${status}`}`,
    { detail: said },
  );
}

/** Removes what first starts left that were killed. */
async function removeUnfinished(place: Place): Promise<void> {
  for (const name of await readdir(place.root)) {
    const owner = /^data\.unfinished-(\d+)$/.exec(name)?.[1];
    if (owner === undefined || (await isThere(`/proc/${owner}/stat`))) continue;
    await rm(join(place.root, name), { recursive: true, force: true });
  }
}
