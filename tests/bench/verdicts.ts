import { MUST } from './limits.ts';
import type { PartyName } from './parties.ts';
import type { BenchResult, Cell } from './rounds.ts';

/** One demand of issue 2 and whether this run reached it. */
export interface Verdict {
  readonly demand: string;
  readonly measured: number;
  readonly bound: number;
  readonly reached: boolean;
}

export function findCell(result: BenchResult, party: PartyName, concurrency: number): Cell | undefined {
  return result.cells.find((cell) => cell.party === party && cell.concurrency === concurrency);
}

/** Empty unless both Sallyport and mcp-proxy were measured. */
export function judge(result: BenchResult): Verdict[] {
  const verdicts: Verdict[] = [];
  const ratio = (concurrency: number, read: (cell: Cell) => number): number | undefined => {
    const own = findCell(result, 'sallyport', concurrency);
    const peer = findCell(result, 'mcp-proxy', concurrency);
    return own && peer ? read(own) / read(peer) : undefined;
  };
  for (const [concurrency, bound] of [
    [16, MUST.throughputAt16],
    [64, MUST.throughputAt64],
  ] as const) {
    const measured = ratio(concurrency, (cell) => cell.figures.callsPerSecond);
    if (measured === undefined) continue;
    const demand = `calls/s at ${concurrency} against mcp-proxy's, at least`;
    verdicts.push({ demand, measured, bound, reached: measured >= bound });
  }
  const p50 = ratio(1, (cell) => cell.figures.p50Ms);
  if (p50 !== undefined) {
    const demand = "p50 at 1 against mcp-proxy's, at most";
    verdicts.push({ demand, measured: p50, bound: MUST.p50At1, reached: p50 <= MUST.p50At1 });
  }
  return verdicts;
}
