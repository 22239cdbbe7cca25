import { createRequire } from 'node:module';

// Cast: our own package.json, which has a version.
const { version } = createRequire(import.meta.url)('../package.json') as { version: string };

/** Version of the gateway's program. */
export const GATEWAY_VERSION = version;
