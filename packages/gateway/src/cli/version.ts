import { readFileSync } from 'node:fs';

/** The version of this package; its package.json lies two folders above, in the sources as in the build. */
export function cliVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  throw new Error("the gateway's package.json has no version");
}
