/**
 * `pnpm bench:log-cost [--quick]`: what the audit log costs a call: Sallyport, and the same with the log switched off, in
 * turns within one run. Exits 1 over the bounds of issue 3.
 */
import { parseArgs } from 'node:util';
import { CONCURRENCIES, FULL, LOG_COST, QUICK } from './limits.ts';
import { startLoadDriver } from './load-driver.ts';
import { type Party, startParty } from './parties.ts';
import { type Cell, runRounds } from './rounds.ts';
import { findCell } from './verdicts.ts';

const say = (line: string): boolean => process.stdout.write(`${line}\n`);

async function main(quick: boolean): Promise<void> {
  const load = startLoadDriver();
  const parties: Party[] = [];
  try {
    for (const name of ['sallyport', 'without-log'] as const) parties.push(await startParty(name));
    const plan = { ...(quick ? QUICK : { ...FULL, rounds: LOG_COST.rounds }), sessions: 'one' } as const;
    const result = await runRounds(parties, load, plan, say);
    say('');
    for (const concurrency of CONCURRENCIES) {
      const own = findCell(result, 'sallyport', concurrency);
      const bare = findCell(result, 'without-log', concurrency);
      if (own === undefined || bare === undefined) throw new Error('a cell was not measured');
      judge(concurrency, own, bare);
    }
  } finally {
    load.stop();
    await Promise.all(parties.map((party) => party.stop()));
  }
}

function judge(concurrency: number, own: Cell, bare: Cell): void {
  const addedMs = own.figures.p50Ms - bare.figures.p50Ms;
  const share = cpuOf(own) / cpuOf(bare) - 1;
  const words = `${concurrency} at once: p50 ${own.figures.p50Ms.toFixed(2)} ms with the log, ${bare.figures.p50Ms.toFixed(2)} without (+${addedMs.toFixed(2)} ms); CPU per call ${cpuOf(own).toFixed(2)} and ${cpuOf(bare).toFixed(2)} ms (+${(100 * share).toFixed(0)} %)`;
  if (concurrency !== 1) {
    say(words);
    return;
  }
  const reached = addedMs < LOG_COST.p50Ms && share < LOG_COST.cpuShare;
  if (!reached) process.exitCode = 1;
  say(`${words}: ${reached ? 'reached' : 'MISSED'} (< ${LOG_COST.p50Ms} ms, < ${100 * LOG_COST.cpuShare} %)`);
  say(`  by process: ${rolesOf(own)} with the log; ${rolesOf(bare)} without`);
}

function cpuOf(cell: Cell): number {
  return Object.values(cell.cpuMsPerCall).reduce((sum, each) => sum + each, 0);
}

function rolesOf(cell: Cell): string {
  return Object.entries(cell.cpuMsPerCall)
    .map(([role, ms]) => `${role} ${ms.toFixed(2)}`)
    .join(', ');
}

await main(parseArgs({ options: { quick: { type: 'boolean', default: false } } }).values.quick).catch(
  (cause: unknown) => {
    process.stderr.write(`bench:log-cost: ${cause instanceof Error ? cause.message : String(cause)}\n`);
    process.exitCode = 1;
  },
);
