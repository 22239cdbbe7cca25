import { readFileSync } from 'node:fs';

/** Version of the agent's program, from its package.json, which sits above src/ and dist/ alike. */
export function agentVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  if (typeof manifest === 'object' && manifest !== null && 'version' in manifest)
    return String(manifest.version);
  return 'unknown';
}
