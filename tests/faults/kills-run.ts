/**
 * `pnpm kills [--count 500] [--seed N] [--every 25]`: kills the gateway or the agent at random moments under load, and
 * ends with exit code 1 at the first thing that must never be. Figures are in docs/BENCHMARKS.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startEmbeddedPostgres } from '../../packages/gateway/src/store/embedded/start.ts';
import { openLogger } from '../../packages/gateway/src/telemetry/index.ts';
import { killAgainAndAgain } from './kills.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    every: { type: 'string', default: '25' },
  },
});
const logger = openLogger('error', 'kills');
const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-kills-db-'));
await chmod(dataDir, 0o711);
const postgres = await startEmbeddedPostgres({ dataDir, logger });
const began = performance.now();
try {
  const result = await killAgainAndAgain({
    count: Number(values.count),
    seed: Number(values.seed),
    verifyEvery: Number(values.every),
    databaseUrl: postgres.url,
    say: (line) => process.stdout.write(`${line}\n`),
  });
  const { kills, sent, ran, answered, entries, indeterminate, verified, wrong } = result;
  process.stdout.write(
    `seed ${values.seed}: ${kills.gateway} kills of the gateway, ${kills.agent} of the agent and ${kills.both} of both in ${Math.round((performance.now() - began) / 1000)} s; ` +
      `${sent} calls sent, ${ran} ran, ${answered} answered, ${indeterminate} indeterminate; ${entries} entries, verified offline ${verified} times\n`,
  );
  for (const each of wrong) process.stdout.write(`WRONG: ${each}\n`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
