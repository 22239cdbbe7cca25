import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { processTree } from '../conformance/process-tree.ts';
import type { StartedProcess } from '../conformance/processes.ts';
import { echoServer } from '../framework/index.ts';
import { type Programs, startPrograms, untilGone } from '../framework/programs.ts';
import type { Order } from './crash-points.ts';
import { startHttpEcho } from './http-echo.ts';
import { look, Seen, verify } from './invariants.ts';
import { prepareScenario } from './scenario.ts';

type Victim = 'gateway' | 'agent';

/** A moment: the n-th time that a program passes a place around a commit or a send. */
export interface CrashPoint {
  readonly victim: Victim;
  /** Whether while it starts, behind a kill in mid-call, or while it serves. */
  readonly when: 'serving' | 'starting';
  readonly point: string;
  readonly nth: number;
}

export interface EveryAwaitOptions {
  readonly databaseUrl: string;
  /** These moments. Without it a first run finds all there are. */
  readonly moments?: readonly CrashPoint[];
  /** At most so many of each program and phase, evenly spread; all of them without it. */
  readonly most?: number;
  /** The log is verified offline each time after so many kills, and at the end. */
  readonly verifyEvery: number;
  readonly say?: (line: string) => void;
}

export interface EveryAwaitResult {
  /** Moments that one run through all of it passes, by program. */
  readonly moments: Readonly<Record<Victim, number>>;
  readonly killed: readonly CrashPoint[];
  /** Moments that this time were not passed, as when two things came in another order. */
  readonly missed: readonly CrashPoint[];
  readonly sent: number;
  readonly ran: number;
  readonly answered: number;
  readonly verified: number;
  readonly wrong: readonly string[];
}

/** What is done beside calls comes within this time: a checkpoint each second, an agent's cosignature every five. */
const BESIDE_MS = 6_500;
const ORDER_MS = 10_000;

/**
 * Kills the built gateway and the built agent with SIGKILL at every moment before and behind a commit or a send, one
 * after the other, starts what was killed again, and looks at everything each time.
 */
export async function killAtEveryAwait(options: EveryAwaitOptions): Promise<EveryAwaitResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-awaits-'));
  const http = await startHttpEcho();
  const runs = join(folder, 'runs');
  const programs = await startPrograms(
    { echo: echoServer({ ECHO_RUNS: runs }), http: { transport: 'http', url: http.url } },
    {
      databaseUrl: options.databaseUrl,
      preload: {
        module: join(import.meta.dirname, 'crash-points.ts'),
        gateway: { CRASH_POINTS_PROGRAM: 'gateway', CRASH_POINTS_FOLDER: folder },
        agent: { CRASH_POINTS_PROGRAM: 'agent', CRASH_POINTS_FOLDER: folder },
      },
    },
  );
  const database = new Client({ connectionString: options.databaseUrl });
  await database.connect();
  try {
    const seen = new Seen();
    const scenario = await prepareScenario(programs, seen);
    const run = new Runs(programs, folder, () => scenario.play());
    const ran = () => [...echoRan(runs), ...http.ran];
    return await killAtEach(options, { run, folder, seen, ran, database });
  } finally {
    await database.end();
    await programs.stop();
    await http.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Parts {
  readonly run: Runs;
  readonly folder: string;
  readonly seen: Seen;
  readonly ran: () => number[];
  readonly database: Client;
}

async function killAtEach(options: EveryAwaitOptions, parts: Parts): Promise<EveryAwaitResult> {
  const { run, folder, seen, ran, database } = parts;
  const moments = options.moments ?? [...(await run.count('gateway')), ...(await run.count('agent'))];
  const wrong: string[] = [];
  const chosen = spread(moments, options.most);
  const killed: CrashPoint[] = [];
  const missed: CrashPoint[] = [];
  let verified = 0;
  for (const [index, moment] of chosen.entries()) {
    ((await run.killAt(moment)) ? killed : missed).push(moment);
    wrong.push(...(await look(database, seen, ran())));
    const last = index === chosen.length - 1 || wrong.length > 0;
    if (last || (index + 1) % options.verifyEvery === 0) {
      wrong.push(...(await verify(run.programs, join(folder, 'export'))));
      verified += 1;
    }
    options.say?.(`${index + 1} of ${chosen.length}: ${textOf(moment)}`);
    if (wrong.length > 0) {
      wrong.push(`after ${textOf(moment)}`);
      break;
    }
  }
  const of = (victim: Victim) => moments.filter((each) => each.victim === victim).length;
  return {
    moments: { gateway: of('gateway'), agent: of('agent') },
    killed,
    missed,
    sent: seen.digests.length,
    ran: ran().length,
    answered: seen.answered.size,
    verified,
    wrong,
  };
}

export function textOf({ victim, when, point, nth }: CrashPoint): string {
  return `${victim}, ${when}, ${point}, ${nth}.`;
}

/** Numbers of the calls that ran at the stdio server, as it wrote them down. */
function echoRan(file: string): number[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : [];
}

/** So many of each program and phase, evenly over the run. */
function spread(moments: readonly CrashPoint[], most: number | undefined): CrashPoint[] {
  if (most === undefined) return [...moments];
  const groups = Map.groupBy(moments, ({ victim, when }) => `${victim} ${when}`);
  return [...groups.values()].flatMap((group) => {
    const step = Math.max(1, group.length / most);
    return Array.from(
      { length: Math.min(most, group.length) },
      (_, i) => group[Math.floor((i + 0.5) * step)],
    ).filter((each) => each !== undefined);
  });
}

/** The programs and their orders: what they are told, and what becomes of them. */
class Runs {
  readonly programs: Programs;
  readonly #folder: string;
  readonly #play: () => Promise<void>;

  constructor(programs: Programs, folder: string, play: () => Promise<void>) {
    this.programs = programs;
    this.#folder = folder;
    this.#play = play;
  }

  /** The moments that this program passes, while it serves and while it starts behind a kill in mid-call. */
  async count(victim: Victim): Promise<CrashPoint[]> {
    await this.#order(victim, { order: 'count' });
    await this.#play();
    await sleep(BESIDE_MS);
    const serving = await this.#report(victim);
    await this.#killInCall(victim);
    await this.#start(victim, { order: 'count' });
    await this.programs.untilAttached();
    const starting = await this.#report(victim);
    return [...numbered(victim, 'serving', serving), ...numbered(victim, 'starting', starting)];
  }

  /** Kills at this moment and starts again. False where the moment did not come. */
  async killAt({ victim, when, point, nth }: CrashPoint): Promise<boolean> {
    const order: Order = { order: 'kill', point, nth };
    if (when === 'starting') {
      await this.#killInCall(victim);
      await this.#start(victim, order).catch(() => undefined); // it may die before it says that it is there
    } else await this.#order(victim, order);
    const program = this.programs[victim];
    const tree = processTree(program.pid);
    if (when === 'serving') await this.#play();
    const died = await ends(program);
    if (died) {
      await untilGone(tree);
      await this.#start(victim);
    } else await this.#order(victim, { order: 'report' });
    await this.programs.untilAttached();
    return died;
  }

  /** So that the next start has something to settle. */
  async #killInCall(victim: Victim): Promise<void> {
    const point = victim === 'gateway' ? 'commit of call.intent: sent' : 'message to a stdio server: after';
    const program = this.programs[victim];
    const tree = processTree(program.pid);
    await this.#order(victim, { order: 'kill', point, nth: 2 });
    await this.#play();
    if (!(await ends(program))) throw new Error(`the ${victim} did not die in a call: ${program.tail()}`);
    await untilGone(tree);
  }

  #start(victim: Victim, order?: Order): Promise<void> {
    const env = order === undefined ? {} : { CRASH_POINTS_ORDER: JSON.stringify(order) };
    return victim === 'gateway' ? this.programs.startGateway(env) : this.programs.startAgent(env);
  }

  async #report(victim: Victim): Promise<string[]> {
    await this.#order(victim, { order: 'report' });
    return JSON.parse(readFileSync(join(this.#folder, 'points.json'), 'utf8')) as string[]; // cast: our own file
  }

  async #order(victim: Victim, order: Order): Promise<void> {
    const program: StartedProcess = this.programs[victim];
    const taken = join(this.#folder, 'taken');
    rmSync(taken, { force: true });
    writeFileSync(join(this.#folder, 'order.json'), JSON.stringify(order));
    process.kill(program.pid, 'SIGUSR2');
    for (let waitedMs = 0; waitedMs < ORDER_MS; waitedMs += 5) {
      if (existsSync(taken)) return;
      await sleep(5);
    }
    throw new Error(`the ${victim} took no order: ${program.tail()}`);
  }
}

/** Whether it has died, or does by what is done beside calls. */
async function ends(program: StartedProcess): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < BESIDE_MS && !program.ended; waitedMs += 10) await sleep(10);
  return program.ended;
}

/** The n-th of each name is what a kill asks for: other work in between then does not move it. */
function numbered(victim: Victim, when: CrashPoint['when'], points: readonly string[]): CrashPoint[] {
  const met = new Map<string, number>();
  return points.map((point) => {
    const nth = (met.get(point) ?? 0) + 1;
    met.set(point, nth);
    return { victim, when, point, nth };
  });
}
