import { createHash, randomBytes } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { Logger } from 'winston';
import { StoreError } from '../errors.ts';
import { SOCKET_FOLDER_MAX_BYTES } from '../limits.ts';

/** Who Postgres runs as. It refuses root, so under root it is nobody (65534), with folders that nobody owns. */
export interface Runner {
  readonly uid: number;
  readonly gid: number;
  /** Whether it differs from us and has to be switched to. */
  readonly switched: boolean;
}

/** Where one embedded Postgres keeps its things. */
export interface Place {
  readonly root: string;
  /** Postgres's own data folder. */
  readonly data: string;
  readonly log: string;
  /** Folder of the unix socket: short, and open to the runner alone. */
  readonly socket: string;
  readonly passwordFile: string;
  readonly runner: Runner;
}

const NOBODY = 65_534;
/** Where the data goes when root's data folder is inside a folder that nobody may not pass through. */
const ROOT_FALLBACK = '/var/lib/sallyport';

export function chooseRunner(): Runner {
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  return uid === 0 ? { uid: NOBODY, gid: NOBODY, switched: true } : { uid, gid, switched: false };
}

/** Makes the folders of `dataDir`'s Postgres, or finds those of an earlier start. */
export async function preparePlace(dataDir: string, runner: Runner, logger: Logger): Promise<Place> {
  const root = await chooseRoot(resolve(dataDir), runner, logger);
  await ownFolder(root, runner);
  const log = join(root, 'log');
  await ownFolder(log, runner);
  const near = join(root, 'socket');
  const short = Buffer.byteLength(near) <= SOCKET_FOLDER_MAX_BYTES;
  // The same data folder always has the same socket folder, so that tools find it and nothing piles up.
  const socket = short ? near : join(tmpdir(), `sallyport-${digestOf(root)}`);
  await ownFolder(socket, runner);
  return { root, data: join(root, 'data'), log, socket, passwordFile: join(root, 'password'), runner };
}

async function chooseRoot(dataDir: string, runner: Runner, logger: Logger): Promise<string> {
  await mkdir(dataDir, { recursive: true, mode: 0o755 });
  if (!runner.switched) return join(dataDir, 'postgres');
  if (await closedFolder(dirname(dataDir), runner)) return rootElsewhere(dataDir, logger);
  if (await closedFolder(dataDir, runner)) {
    // Passing through is enough for Postgres; what else is inside keeps its own permissions.
    const { mode } = await stat(dataDir);
    await chmod(dataDir, (mode & 0o777) | 0o011);
  }
  return join(dataDir, 'postgres');
}

/** The choice is kept in the data folder: with the folder goes the database, as where both are in one place. */
async function rootElsewhere(dataDir: string, logger: Logger): Promise<string> {
  const note = join(dataDir, 'postgres-folder');
  const known = await readFile(note, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  const root = join(ROOT_FALLBACK, randomBytes(6).toString('hex'));
  await mkdir(ROOT_FALLBACK, { recursive: true, mode: 0o755 });
  await writeFile(note, `${root}\n`, { mode: 0o644 });
  logger.warn('Postgres does not run as root and cannot pass through a folder above the data folder', {
    dataDir,
    databaseFolder: root,
  });
  return root;
}

/** The first folder on the way to `path`, or itself, that the runner may not pass through. */
export async function closedFolder(path: string, runner: Runner): Promise<string | undefined> {
  const parent = dirname(path);
  const above = parent === path ? undefined : await closedFolder(parent, runner);
  if (above !== undefined) return above;
  const { mode, uid, gid } = await stat(path);
  const bit = uid === runner.uid ? 0o100 : gid === runner.gid ? 0o010 : 0o001;
  return (mode & bit) === 0 ? path : undefined;
}

/** A folder of the runner's alone. One of another owner in its place (the temporary folder is shared) is refused. */
async function ownFolder(path: string, runner: Runner): Promise<void> {
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined && runner.switched) await chown(path, runner.uid, runner.gid);
  const found = await lstat(path);
  if (!found.isDirectory() || found.uid !== runner.uid) {
    throw new StoreError(
      'folder_unusable',
      `${path} must be a folder of user ${runner.uid}, whom Postgres runs as; it is another's. Remove it or choose another data folder.`,
    );
  }
  await chmod(path, 0o700);
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
