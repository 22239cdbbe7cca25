import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { Dice } from '../../packages/shared/test/masking/generator.ts';
import { processTree } from '../conformance/process-tree.ts';
import { echoServer, RawClient } from '../framework/index.ts';
import { type Programs, startPrograms, untilGone } from '../framework/programs.ts';
import { look, Seen, verify } from './invariants.ts';

/** Callers at a time; each waits for its answer before it calls again. */
const CALLERS = 6;
/** Sessions that they share; each is a process of the server. */
const SESSIONS = 2;
/** How long the programs are under load before one is killed, at least and at most. */
const LOAD_MIN_MS = 20;
const LOAD_MAX_MS = 400;

/** `both`: as when the machine that holds both loses its power. */
type Target = 'gateway' | 'agent' | 'both';
/** How often each is killed. */
const TARGETS: readonly Target[] = ['gateway', 'agent', 'agent', 'both', 'both', 'both'];

export interface KillsOptions {
  readonly count: number;
  readonly seed: number;
  /** The whole log is exported and verified offline each time after so many kills, and at the end. */
  readonly verifyEvery: number;
  readonly databaseUrl: string;
  readonly say?: (line: string) => void;
}

export interface KillsResult {
  readonly kills: Readonly<Record<Target, number>>;
  readonly sent: number;
  readonly ran: number;
  readonly answered: number;
  readonly entries: number;
  readonly indeterminate: number;
  readonly verified: number;
  /** What must never be, in words; empty when all held. */
  readonly wrong: readonly string[];
}

/**
 * Kills the real gateway or the real agent with SIGKILL at random moments under load, starts it again, and holds the
 * log against what the server counted and what callers received: no call ran without an intent or twice, no answer
 * came without an outcome, every intent has one ending, and the log verifies offline.
 */
export async function killAgainAndAgain(options: KillsOptions): Promise<KillsResult> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-kills-'));
  const runs = join(folder, 'runs');
  const programs = await startPrograms(
    { echo: echoServer({ ECHO_RUNS: runs }) },
    { databaseUrl: options.databaseUrl },
  );
  const database = new Client({ connectionString: options.databaseUrl });
  await database.connect();
  const dice = new Dice(options.seed);
  const seen = new Seen();
  const kills: Record<Target, number> = { gateway: 0, agent: 0, both: 0 };
  const wrong: string[] = [];
  let verified = 0;
  try {
    for (let kill = 1; kill <= options.count && wrong.length === 0; kill += 1) {
      const target = dice.pick(TARGETS);
      await underLoad(programs, seen, LOAD_MIN_MS + dice.below(LOAD_MAX_MS - LOAD_MIN_MS), target);
      kills[target] += 1;
      await again(programs, target);
      wrong.push(...(await look(database, seen, ran(runs))));
      if (kill % options.verifyEvery !== 0 && kill !== options.count) continue;
      wrong.push(...(await verify(programs, join(folder, `export-${kill}`))));
      verified += 1;
      options.say?.(
        `${kill} of ${options.count} kills: ${seen.digests.length} calls, ${seen.answered.size} answered`,
      );
    }
    const { rows } = await database.query<{ entries: string; indeterminate: string }>(
      `SELECT count(*) AS entries, count(*) FILTER (WHERE kind = 'call.indeterminate') AS indeterminate FROM audit_entries`,
    );
    return {
      kills,
      sent: seen.digests.length,
      ran: ran(runs).length,
      answered: seen.answered.size,
      entries: Number(rows[0]?.entries),
      indeterminate: Number(rows[0]?.indeterminate),
      verified,
      wrong,
    };
  } finally {
    await database.end();
    await programs.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Numbers of the calls that ran, in order, as the server itself wrote them down. */
function ran(file: string): number[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1).map(Number) : [];
}

/** Calls for a while, then kills with calls under way. */
async function underLoad(programs: Programs, seen: Seen, ms: number, target: Target): Promise<void> {
  let over = false;
  const sessions = await Promise.all(
    Array.from({ length: SESSIONS }, async () => {
      const client = new RawClient(programs.mcp('echo'), programs.token);
      await client.initialize();
      return client;
    }),
  );
  const callers = Array.from({ length: CALLERS }, async (_, caller) => {
    const client = sessions[caller % SESSIONS];
    while (!over && client !== undefined) {
      const { n, body } = seen.next();
      const answer = await client.post(body).catch(() => undefined);
      if (answer !== undefined) seen.take(n, answer.messages);
      if (answer === undefined || answer.status === 404) return;
    }
  });
  await sleep(ms);
  const killed = target === 'both' ? [programs.gateway, programs.agent] : [programs[target]];
  const trees = killed.flatMap(({ pid }) => processTree(pid));
  for (const { pid } of killed) process.kill(pid, 'SIGKILL');
  await untilGone(trees);
  over = true;
  await Promise.all(callers);
}

async function again(programs: Programs, target: Target): Promise<void> {
  if (target !== 'agent') await programs.startGateway();
  if (target !== 'gateway') await programs.startAgent();
  await programs.untilAttached();
}
