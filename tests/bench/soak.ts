/**
 * `node tests/bench/soak.ts [--minutes 10]`: constant load, with the resident memory of gateway and agent beside it.
 * Exits 1 when either has grown since the warm-up by more than its bound.
 */
import { parseArgs } from 'node:util';
import { residentBytes } from './footprint.ts';
import { SESSIONS, SOAK } from './limits.ts';
import { startLoadDriver } from './load-driver.ts';
import { startParty } from './parties.ts';

/** Longer runs are another tool's task. */
const MINUTES_MAX = 24 * 60;

const { values } = parseArgs({ options: { minutes: { type: 'string', default: '10' } } });
const minutes = Number(values.minutes);
if (!(minutes > 0 && minutes <= MINUTES_MAX))
  throw new Error(`--minutes takes a number up to ${MINUTES_MAX}`);

const load = startLoadDriver();
const party = await startParty('sallyport').catch((cause: unknown) => {
  load.stop();
  throw cause;
});
try {
  const samples = new Map(party.roots.map(({ role }) => [role, [] as number[]]));
  await load.open(party.name, party.url, party.headers, SESSIONS.one);
  const end = Date.now() + minutes * 60_000;
  let calls = 0;
  while (Date.now() < end) {
    const slice = Math.min(SOAK.sampleMs, Math.max(1, end - Date.now()));
    calls += (await load.run(party.name, SOAK.concurrency, slice)).calls;
    for (const { role, pid } of party.roots) samples.get(role)?.push(residentBytes(pid));
  }
  process.stdout.write(`${calls} calls in ${minutes} minutes at ${SOAK.concurrency} concurrent\n`);
  for (const [role, bytes] of samples) judgeGrowth(role, bytes);
} finally {
  load.stop();
  await party.stop();
}

/** Compares the median of the quarter after the warm-up with that of the last quarter. */
function judgeGrowth(role: string, bytes: readonly number[]): void {
  const quarter = Math.max(1, Math.floor(bytes.length * SOAK.warmUpShare));
  const early = medianOf(bytes.slice(quarter, 2 * quarter));
  const late = medianOf(bytes.slice(-quarter));
  const bound = early * (1 + SOAK.growthShare) + SOAK.growthBytes;
  const holds = late <= bound;
  if (!holds) process.exitCode = 1;
  const mega = (value: number) => (value / 1e6).toFixed(0);
  process.stdout.write(
    `${role}: ${mega(early)} MB after the warm-up, ${mega(late)} MB at the end, at most ${mega(bound)}: ` +
      `${holds ? 'holds' : 'GROWS'} (samples: ${bytes.map(mega).join(' ')})\n`,
  );
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
