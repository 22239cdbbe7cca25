import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import {
  type Cut,
  type CuttingProxy,
  type Place,
  startProxy,
} from '../../packages/gateway/test/audit/proxy.ts';
import { type Approving, startApproving } from '../framework/approving.ts';
import type { RawAnswer, RawClient } from '../framework/index.ts';
import { look, Seen } from './invariants.ts';

/** What a person was told, in a word or two: the status and what is said of the call. */
export type Told = string;

/** Gateway and agent with a cutting proxy before their Postgres, and what was seen of them. */
export interface Corridor {
  readonly approving: Approving;
  readonly proxy: CuttingProxy;
  readonly seen: Seen;
  readonly database: Client;
  /** A session of a new engineer. */
  client(): Promise<RawClient>;
  /** Sends a call, and says what came back. */
  call(client: RawClient, request?: Parameters<Seen['next']>[0]): Promise<Told>;
  /** Does something while the next write at this place fails, waits until all works again, and says what was recorded. */
  during(cut: Cut, place: Place, act: () => Promise<Told>): Promise<{ told: Told; recorded: string[] }>;
  /** What must hold and does not, in words. */
  wrong(): Promise<string[]>;
  untilReady(): Promise<void>;
  stop(): Promise<void>;
}

const DENIES = {
  'no-big':
    'forbid (principal, action == Sallyport::Action::"call", resource == Sallyport::Tool::"echo/big");',
};
/** Kinds that calls and changes are told by; what the log says of itself and of agents comes at any time. */
const TOLD = /^(call\.(?!reconciled)|decision|session|approval|grant|config)/;

export async function startCorridor(runs: string): Promise<Corridor> {
  let proxy: CuttingProxy | undefined;
  const approving = await startApproving(
    {},
    { ECHO_RUNS: runs },
    {
      policies: DENIES,
      through: async (url) => {
        proxy = await startProxy(url);
        return proxy.url;
      },
    },
  );
  const { sallyport } = approving;
  if (proxy === undefined) throw new Error('the gateway goes past the proxy');
  const between = proxy;
  const database = new Client({ connectionString: sallyport.databaseUrl, application_name: 'looks on' });
  await database.connect();
  const seen = new Seen();
  const untilReady = async (): Promise<void> => {
    for (let waitedMs = 0; waitedMs < 15_000; waitedMs += 20) {
      if ((await fetch(`${sallyport.url}/readyz`)).status === 200) return;
      await sleep(20);
    }
    throw new Error(`not ready again: ${await (await fetch(`${sallyport.url}/readyz`)).text()}`);
  };
  const size = async (): Promise<number> =>
    Number((await database.query('SELECT count(*) AS size FROM audit_entries')).rows[0]?.size);
  const recordedBy = async (act: () => Promise<Told>): Promise<{ told: Told; recorded: string[] }> => {
    const before = await size();
    const told = await act();
    await untilReady();
    return { told, recorded: (await sallyport.entries()).slice(before).flatMap(wordsOf) };
  };
  return {
    approving,
    proxy: between,
    seen,
    database,
    client: () => approving.client(),
    async call(client, request = {}) {
      const { n, body } = seen.next(request);
      const answer = await client.post(body);
      seen.take(n, answer.messages);
      return toldBy(answer);
    },
    during: (cut, place, act) =>
      recordedBy(async () => {
        between.arm(cut, place);
        const told = await act();
        // What is written in the background comes soon.
        for (let waitedMs = 0; !between.fired(); waitedMs += 20) {
          if (waitedMs > 5_000) throw new Error(`nothing was written at ${JSON.stringify(place)}`);
          await sleep(20);
        }
        return told;
      }),
    wrong: () => look(database, seen, ranAt(runs)),
    untilReady,
    async stop() {
      await database.end();
      await sallyport.stop();
      await between.close();
    },
  };
}

export function ranAt(runs: string): number[] {
  return existsSync(runs) ? readFileSync(runs, 'utf8').split('\n').slice(0, -1).map(Number) : [];
}

/** The status, and where it is an error what is said of the call; every message before it counts. */
export function toldBy({ status, messages }: Pick<RawAnswer, 'status' | 'messages'>): Told {
  const last = messages.at(-1);
  if (last === undefined) return String(status);
  const { error, result } = JSON.parse(last);
  const before = messages.length > 1 ? `${messages.length - 1} before, ` : '';
  if (error === undefined) return `${before}${status} ${result?.isError === true ? 'refused' : 'answered'}`;
  return `${before}${status} ${error.data?.reason ?? error.code} ${error.data?.outcome ?? ''}`.trim();
}

/** An entry in a word or two. */
function wordsOf(entry: Record<string, unknown>): string[] {
  const { kind, outcome } = entry as { kind: string; outcome?: { transport?: string } }; // cast: entries of the log
  if (!TOLD.test(kind)) return [];
  return [outcome?.transport === undefined ? kind : `${kind} ${outcome.transport}`];
}
