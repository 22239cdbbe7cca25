import { readFileSync } from 'node:fs';

/** Reads certificate and key. @throws with the file's name where one can't be read */
export function readTls(files: { certFile: string; keyFile: string }): { cert: string; key: string } {
  return { cert: readFileSync(files.certFile, 'utf8'), key: readFileSync(files.keyFile, 'utf8') };
}
