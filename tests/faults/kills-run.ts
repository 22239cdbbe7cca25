/**
 * `pnpm kills [--count 500] [--seed N] [--every 25]`: kills the gateway or the agent at random moments under load, and
 * ends with exit code 1 at the first thing that must never be. `pnpm kills --every-await [--most N]` kills each of them
 * once at every moment around a commit or a send (or at N of them). Figures are in docs/BENCHMARKS.md.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { chmod } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { startEmbeddedPostgres } from '../../packages/gateway/src/store/embedded/start.ts';
import { openLogger } from '../../packages/gateway/src/telemetry/index.ts';
import { killAtEveryAwait, textOf } from './every-await.ts';
import { killAgainAndAgain } from './kills.ts';

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '500' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    every: { type: 'string', default: '25' },
    'every-await': { type: 'boolean', default: false },
    most: { type: 'string' },
  },
});
const logger = openLogger('error', 'kills');
const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-kills-db-'));
await chmod(dataDir, 0o711);
const postgres = await startEmbeddedPostgres({ dataDir, logger });
const began = performance.now();
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const seconds = (): number => Math.round((performance.now() - began) / 1000);

async function atRandom(): Promise<readonly string[]> {
  const result = await killAgainAndAgain({
    count: Number(values.count),
    seed: Number(values.seed),
    verifyEvery: Number(values.every),
    databaseUrl: postgres.url,
    say,
  });
  const { kills, sent, ran, answered, entries, indeterminate, verified } = result;
  say(
    `seed ${values.seed}: ${kills.gateway} kills of the gateway, ${kills.agent} of the agent and ${kills.both} of both in ${seconds()} s; ` +
      `${sent} calls sent, ${ran} ran, ${answered} answered, ${indeterminate} indeterminate; ${entries} entries, verified offline ${verified} times`,
  );
  return result.wrong;
}

async function atEveryAwait(): Promise<readonly string[]> {
  const result = await killAtEveryAwait({
    verifyEvery: Number(values.every),
    databaseUrl: postgres.url,
    say,
    ...(values.most === undefined ? {} : { most: Number(values.most) }),
  });
  const { moments, killed, missed, sent, ran, answered, verified } = result;
  for (const each of missed) say(`not passed: ${textOf(each)}`);
  const places = new Set(killed.map(({ victim, when, point }) => `${victim} ${when} ${point}`)).size;
  say(
    `${moments.gateway} moments of the gateway and ${moments.agent} of the agent; killed at ${killed.length} of them, which are ${places} places, ${missed.length} not passed, in ${seconds()} s; ` +
      `${sent} calls sent, ${ran} ran, ${answered} answered; verified offline ${verified} times`,
  );
  return result.wrong;
}

try {
  const wrong = values['every-await'] ? await atEveryAwait() : await atRandom();
  for (const each of wrong) say(`WRONG: ${each}`);
  process.exitCode = wrong.length === 0 ? 0 : 1;
} finally {
  await postgres.stop();
  rmSync(dataDir, { recursive: true, force: true });
}
