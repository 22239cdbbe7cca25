import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machine.ts';
import { PARTIES, type PartyName, POLICIES } from './parties.ts';
import type { BenchResult, Cell, RoundPlan } from './rounds.ts';
import { findCell, judge } from './verdicts.ts';

/** Where the tables go, and the figures for scripts, by how sessions were shared. */
const PLACES = {
  one: { marker: 'bench', file: 'latest.json' },
  each: { marker: 'bench-each', file: 'latest-each.json' },
} as const;
const DOCUMENT = join(import.meta.dirname, '../../docs/BENCHMARKS.md');
const RESULTS = join(import.meta.dirname, 'results');
const MEGA = 1e6;

/** The result as Markdown tables. */
export function renderMarkdown(result: BenchResult, machine: Machine, plan: RoundPlan): string {
  const { date, cores, memoryGb, node, postgres, fsyncMs } = machine;
  const lines = [
    `Measured on ${date}, ${cores} cores shared by all parties and the load generator, ${memoryGb} GB of memory, ` +
      `Node ${node}, Postgres ${postgres}, ${fsyncMs.toFixed(2)} ms to fsync a page; ` +
      `${plan.rounds} rounds of ${plan.cellSeconds} s per cell, medians of the rounds; ` +
      (plan.sessions === 'one' ? 'one session for all callers.' : 'a session for each caller.'),
    '',
    '| reached by | concurrent | calls/s | p50 ms | p95 ms | p99 ms | × direct | × mcp-proxy | CPU ms/call |',
    '|---|--:|--:|--:|--:|--:|--:|--:|---|',
    ...result.cells.map((cell) => cellRow(result, cell)),
    '',
    '| reached by | process | number | peak MB, largest | peak MB, sum |',
    '|---|---|--:|--:|--:|',
    ...footprintRows(result),
    '',
    '| demanded | bound | measured | |',
    '|---|--:|--:|---|',
    ...judge(result).map(
      ({ demand, bound, measured, reached }) =>
        `| ${demand} | ${bound} | ${measured.toFixed(2)} | ${reached ? 'reached' : '**missed**'} |`,
    ),
    '',
    `In force at Sallyport: both durable commits of each call, and ${Object.keys(POLICIES).length} policies; none reads the arguments of this tool, so decisions are remembered (packages/gateway/test/policy/bench.ts has what reading them costs).`,
  ];
  return lines.join('\n');
}

/** Writes the figures for scripts and puts the tables into docs/BENCHMARKS.md between its markers. */
export function writeReport(result: BenchResult, machine: Machine, plan: RoundPlan): void {
  const { marker, file } = PLACES[plan.sessions];
  mkdirSync(RESULTS, { recursive: true });
  const figures = { machine, plan, ...result, verdicts: judge(result) };
  writeFileSync(join(RESULTS, file), `${JSON.stringify(figures, null, 2)}\n`);
  const text = readFileSync(DOCUMENT, 'utf8');
  const [start, end] = [`<!-- ${marker}:start -->`, `<!-- ${marker}:end -->`];
  const [from, until] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || until < from) throw new Error(`docs/BENCHMARKS.md lacks the markers ${start} and ${end}`);
  const tables = renderMarkdown(result, machine, plan);
  writeFileSync(DOCUMENT, `${text.slice(0, from + start.length)}\n${tables}\n${text.slice(until)}`);
}

function cellRow(result: BenchResult, cell: Cell): string {
  const { party, concurrency, figures, cpuMsPerCall } = cell;
  const ratio = (peer: PartyName): string => {
    const other = findCell(result, peer, concurrency);
    return other ? (figures.callsPerSecond / other.figures.callsPerSecond).toFixed(2) : '';
  };
  const roles = Object.entries(cpuMsPerCall);
  const total = roles.reduce((sum, [, ms]) => sum + ms, 0);
  const cpu = `${total.toFixed(2)} (${roles.map(([role, ms]) => `${role} ${ms.toFixed(2)}`).join(', ')})`;
  const ms = [figures.p50Ms, figures.p95Ms, figures.p99Ms].map((each) => each.toFixed(2)).join(' | ');
  return `| ${party} | ${concurrency} | ${figures.callsPerSecond.toFixed(0)} | ${ms} | ${ratio('direct')} | ${ratio('mcp-proxy')} | ${cpu} |`;
}

function footprintRows(result: BenchResult): string[] {
  return PARTIES.flatMap((party) =>
    (result.footprints[party] ?? []).map(
      ({ role, processes, peakBytes, peakBytesSum }) =>
        `| ${party} | ${role} | ${processes} | ${(peakBytes / MEGA).toFixed(0)} | ${(peakBytesSum / MEGA).toFixed(0)} |`,
    ),
  );
}
