/**
 * What a durable entry costs: `node --conditions=sallyport-source packages/gateway/test/audit/bench.ts [seconds] [unsigned]`.
 * Prints one JSON line for each number of callers: entries a second, and record()'s p50 and p99 in milliseconds.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { systemClock } from '@sallyport/shared/clock';
import { openAudit } from '../../src/audit/index.ts';
import { openSealer, openStore } from '../../src/store/index.ts';
import { quietLogger as logger, stopTestPostgres, temporaryFolder, testDatabase } from '../store/postgres.ts';
import { intent } from './draft.ts';

const runMs = 1_000 * Number(process.argv[2] ?? 3);
const { url } = await testDatabase();
const store = await openStore({ databaseUrl: url, logger });
const folder = await temporaryFolder();
const sealer = await openSealer(join(folder, 'master.key'), { createIfMissing: true });
const audit = await openAudit({
  store,
  slot: 0,
  deploymentName: 'bench',
  clock: systemClock,
  logger,
  ...(process.argv[3] === 'unsigned' ? {} : { signer: { sealer, folder } }),
});
let calls = 0;

for (const callers of [1, 1, 10, 100, 400]) {
  const took: number[] = [];
  const cpu = process.cpuUsage();
  const began = performance.now();
  await Promise.all(
    Array.from({ length: callers }, async () => {
      while (performance.now() - began < runMs) {
        const at = performance.now();
        calls += 1;
        await audit.record(intent(`cal_${calls}`));
        took.push(performance.now() - at);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  took.sort((a, b) => a - b);
  const at = (part: number) => Number(took[Math.floor(took.length * part)]?.toFixed(3));
  const cpuUs = Math.round((user + system) / took.length);
  process.stdout.write(
    `${JSON.stringify({ callers, perSecond: Math.round(took.length / seconds), p50: at(0.5), p99: at(0.99), cpuUs })}\n`,
  );
}
await audit.close();
await store.close();
await rm(folder, { recursive: true });
await stopTestPostgres();
