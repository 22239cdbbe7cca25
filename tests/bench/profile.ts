import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SESSIONS } from './limits.ts';
import { startLoadDriver } from './load-driver.ts';
import { startParty } from './parties.ts';
import type { RoundPlan } from './rounds.ts';

const TOP = 40;
const MICROS_PER_NANO = 1 / 1000;

/** The parts of a .cpuprofile that are read here. */
interface CpuProfile {
  readonly nodes: readonly {
    id: number;
    callFrame: { functionName: string; url: string; lineNumber: number };
  }[];
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Runs Sallyport under load with one process profiled, and renders where that process spent its time. */
export async function profileSallyport(
  process_: 'gateway' | 'agent',
  concurrency: number,
  plan: RoundPlan,
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-profile-'));
  const load = startLoadDriver();
  try {
    const party = await startParty('sallyport', process_, folder);
    let [from, until] = [0, 0];
    let rate = 0;
    try {
      await load.open(party.name, party.url, party.headers, SESSIONS[plan.sessions]);
      await load.run(party.name, concurrency, plan.warmUpSeconds * 1000);
      // V8 stamps samples with the same monotonic clock as hrtime.
      from = Number(process.hrtime.bigint()) * MICROS_PER_NANO;
      rate = (await load.run(party.name, concurrency, plan.cellSeconds * 1000)).callsPerSecond;
      until = Number(process.hrtime.bigint()) * MICROS_PER_NANO;
    } finally {
      await party.stop();
    }
    const file = readdirSync(folder).find((name) => name.endsWith('.cpuprofile'));
    if (file === undefined) throw new Error(`the ${process_} wrote no profile; did it end by a signal?`);
    const profile = JSON.parse(readFileSync(join(folder, file), 'utf8')) as CpuProfile;
    return `${process_} at ${concurrency} concurrent, ${rate.toFixed(0)} calls/s\n${renderProfile(profile, from, until)}`;
  } finally {
    load.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Self time between two moments, by function and by package. */
export function renderProfile(profile: CpuProfile, fromMicros: number, untilMicros: number): string {
  const frames = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
  const functions = new Map<string, number>();
  const places = new Map<string, number>();
  let [now, total] = [profile.startTime, 0];
  for (const [index, sample] of profile.samples.entries()) {
    const delta = profile.timeDeltas[index] ?? 0;
    now += delta;
    if (now < fromMicros || now > untilMicros) continue;
    const frame = frames.get(sample);
    if (frame === undefined) continue;
    const place = shortPlace(frame.url);
    const name = `${frame.functionName || '(anonymous)'} ${place}${frame.url ? `:${frame.lineNumber + 1}` : ''}`;
    functions.set(name, (functions.get(name) ?? 0) + delta);
    const part = frame.url === '' ? frame.functionName : packageOf(place);
    places.set(part, (places.get(part) ?? 0) + delta);
    total += delta;
  }
  const top = (counts: Map<string, number>, limit: number) =>
    [...counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, limit)
      .map(([name, micros]) => `${((micros / total) * 100).toFixed(1).padStart(6)} %  ${name}`)
      .join('\n');
  return `by part:\n${top(places, 20)}\n\nby function:\n${top(functions, TOP)}`;
}

/** Without what every path begins with: `pg/lib/client.js`, `gateway/dist/audit/append.js`, `node:net`. */
function shortPlace(url: string): string {
  return url.replace(/^.*\/node_modules\//, '').replace(/^file:.*\/packages\//, 'packages/');
}

function packageOf(place: string): string {
  const parts = place.split('/');
  if (place.startsWith('packages/')) return parts.slice(0, 4).join('/');
  return place.startsWith('@') ? parts.slice(0, 2).join('/') : (parts[0] ?? place);
}
