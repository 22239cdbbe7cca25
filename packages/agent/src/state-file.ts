import { chmodSync, closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Writes a file of the state folder so that a crash at any point leaves the old one or the new one, whole: written
 * beside, flushed, renamed (the commit point), folder flushed. Only the agent's user may read it.
 *
 * @throws what the file system throws; nothing is left beside then
 */
export function writeStateFile(stateDir: string, name: string, bytes: Uint8Array): void {
  const temporary = join(stateDir, `${name}.${process.pid}.tmp`);
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o700 });
    chmodSync(stateDir, 0o700);
    const file = openSync(temporary, 'w', 0o600);
    try {
      let written = 0;
      while (written < bytes.length) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, join(stateDir, name));
    const folder = openSync(stateDir, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw cause;
  }
}
