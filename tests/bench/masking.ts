/**
 * `pnpm bench:masking [--rounds 6] [--seconds 5]`: what masking costs a call with an answer of 2 KB. The same gateway,
 * agent and echo server, reached as two servers: one with every detector in force, one with no profile. What the record
 * is masked by can't be switched off, and is in both.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startSubject } from '../conformance/subject.ts';
import { startLoadDriver } from './load-driver.ts';

const CONCURRENCIES = [1, 16, 64] as const;
const WARM_UP_MS = 4_000;
/** What issue 5 demands: masking takes less than a tenth of the throughput. */
const COST_MAX = 0.1;
const echo = {
  transport: 'stdio' as const,
  command: [process.execPath, join(import.meta.dirname, 'echo/stdio.ts')],
};

const SENTENCE =
  'The quarterly review of the settlement service found that 14 of 212 batches were late, on average by 37 minutes; ' +
  'the cause was a queue that had been sized for half the volume (see ticket OPS-1182). ';
const TEXT = SENTENCE.repeat(12).slice(0, 2_000);

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { rounds: { type: 'string', default: '6' }, seconds: { type: 'string', default: '5' } },
  });
  const [rounds, durationMs] = [Number(values.rounds), Number(values.seconds) * 1000];
  const subject = await startSubject({
    servers: { masked: echo, unmasked: echo },
    documents: { masked: { masking: { profiles: ['everything'] } }, unmasked: { masking: { profiles: [] } } },
  });
  const load = startLoadDriver();
  try {
    const names = ['masked', 'unmasked'] as const;
    for (const name of names) {
      await load.open(name, subject.mcpUrl(name), { authorization: `Bearer ${subject.token}` }, 1);
      await load.run(name, 16, WARM_UP_MS, TEXT);
    }
    let worst = 0;
    for (const concurrency of CONCURRENCIES) {
      const rates = { masked: [] as number[], unmasked: [] as number[] };
      for (let round = 0; round < rounds; round += 1) {
        for (const name of round % 2 === 0 ? names : names.toReversed())
          rates[name].push((await load.run(name, concurrency, durationMs, TEXT)).callsPerSecond);
      }
      const cost = 1 - median(rates.masked) / median(rates.unmasked);
      worst = Math.max(worst, cost);
      process.stdout.write(
        `at ${String(concurrency).padStart(2)}: ${median(rates.masked).toFixed(0)} calls/s masked, ` +
          `${median(rates.unmasked).toFixed(0)} not masked: masking takes ${(cost * 100).toFixed(1)} %\n`,
      );
    }
    const reached = worst < COST_MAX;
    process.stdout.write(
      `${reached ? 'reached' : 'MISSED'}: less than ${COST_MAX * 100} % of the throughput\n`,
    );
    if (!reached) process.exitCode = 1;
  } finally {
    load.stop();
    await subject.stop();
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle) - 1] ?? 0)) / 2;
}

await main().catch((cause: unknown) => {
  process.stderr.write(`bench:masking: ${cause instanceof Error ? cause.message : String(cause)}\n`);
  process.exitCode = 1;
});
