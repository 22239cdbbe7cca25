import { cpuBetween, type RoleFootprint, readFootprint } from './footprint.ts';
import { type Arrangement, CONCURRENCIES, SESSIONS } from './limits.ts';
import type { CellResult, LoadDriver } from './load-driver.ts';
import type { Party, PartyName } from './parties.ts';

export interface RoundPlan {
  readonly sessions: Arrangement;
  readonly rounds: number;
  readonly cellSeconds: number;
  readonly warmUpSeconds: number;
}

/** One party at one concurrency, over all rounds. */
export interface Cell {
  readonly party: PartyName;
  readonly concurrency: number;
  /** Medians over the rounds. */
  readonly figures: CellResult;
  /** CPU milliseconds per call by role, over all rounds. */
  readonly cpuMsPerCall: Record<string, number>;
}

export interface BenchResult {
  readonly cells: readonly Cell[];
  /** At the end of the run, by party. */
  readonly footprints: Partial<Record<PartyName, RoleFootprint[]>>;
}

interface Sample {
  readonly figures: CellResult;
  readonly cpuSeconds: Record<string, number>;
}

/**
 * Opens every party's sessions, warms each up, then measures in rounds. Within a round the parties take turns at each
 * concurrency, and who begins moves on from round to round, so that no party always has the quiet or the noisy moment.
 */
export async function runRounds(
  parties: readonly Party[],
  load: LoadDriver,
  plan: RoundPlan,
  say: (line: string) => void,
): Promise<BenchResult> {
  for (const party of parties) {
    say(`${party.name}: warming up`);
    await load.open(party.name, party.url, party.headers, SESSIONS[plan.sessions]);
    for (const concurrency of CONCURRENCIES.toReversed()) {
      await load.run(party.name, concurrency, (plan.warmUpSeconds * 1000) / CONCURRENCIES.length);
    }
  }
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < plan.rounds; round++) {
    for (const concurrency of CONCURRENCIES) {
      for (let turn = 0; turn < parties.length; turn++) {
        const party = parties[(round + turn) % parties.length];
        if (party === undefined) continue;
        const sample = await measure(party, concurrency, load, plan.cellSeconds * 1000);
        const key = `${party.name} ${concurrency}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
        const { callsPerSecond, p50Ms, p99Ms } = sample.figures;
        say(
          `round ${round + 1} ${key}: ${callsPerSecond.toFixed(0)}/s p50 ${p50Ms.toFixed(2)} p99 ${p99Ms.toFixed(2)} ms`,
        );
      }
    }
  }
  const cells = parties.flatMap(({ name }) =>
    CONCURRENCIES.map((concurrency) =>
      summarise(name, concurrency, samples.get(`${name} ${concurrency}`) ?? []),
    ),
  );
  return {
    cells,
    footprints: Object.fromEntries(parties.map((party) => [party.name, readFootprint(party)])),
  };
}

async function measure(
  party: Party,
  concurrency: number,
  load: LoadDriver,
  durationMs: number,
): Promise<Sample> {
  const before = readFootprint(party);
  const figures = await load.run(party.name, concurrency, durationMs);
  return { figures, cpuSeconds: cpuBetween(before, readFootprint(party)) };
}

function summarise(party: PartyName, concurrency: number, samples: readonly Sample[]): Cell {
  const medianOf = (read: (figures: CellResult) => number) =>
    median(samples.map(({ figures }) => read(figures)));
  const calls = samples.reduce((sum, { figures }) => sum + figures.calls, 0);
  const cpuMsPerCall: Record<string, number> = {};
  for (const { cpuSeconds } of samples) {
    for (const [role, seconds] of Object.entries(cpuSeconds)) {
      cpuMsPerCall[role] = (cpuMsPerCall[role] ?? 0) + (seconds * 1000) / calls;
    }
  }
  return {
    party,
    concurrency,
    figures: {
      calls,
      callsPerSecond: medianOf((each) => each.callsPerSecond),
      p50Ms: medianOf((each) => each.p50Ms),
      p95Ms: medianOf((each) => each.p95Ms),
      p99Ms: medianOf((each) => each.p99Ms),
    },
    cpuMsPerCall,
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}
