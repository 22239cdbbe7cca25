import { fork } from 'node:child_process';
import { join } from 'node:path';

export type LoadOrder =
  | { kind: 'open'; party: string; url: string; headers: Record<string, string>; sessions: number }
  | { kind: 'run'; party: string; concurrency: number; durationMs: number; text?: string };
export type LoadAnswer = { result: CellResult | null } | { error: string };

/** One party at one concurrency for some seconds. */
export interface CellResult {
  readonly calls: number;
  readonly callsPerSecond: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** The load generator's process, obeying one order at a time. */
export interface LoadDriver {
  /** Opens legacy sessions until the party has this many. */
  open(party: string, url: string, headers: Record<string, string>, sessions: number): Promise<void>;
  /** Calls in closed loops, the callers taking turns at the open sessions. @throws Error on the first wrong answer. */
  run(party: string, concurrency: number, durationMs: number, text?: string): Promise<CellResult>;
  readonly pid: number;
  stop(): void;
}

export function startLoadDriver(): LoadDriver {
  const child = fork(join(import.meta.dirname, 'load.ts'), {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const send = (order: LoadOrder): Promise<CellResult | null> =>
    new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load generator ended'));
      child.once('exit', onExit);
      child.once('message', (answer: LoadAnswer) => {
        child.off('exit', onExit);
        if ('error' in answer) reject(new Error(`${order.party}: ${answer.error}`));
        else resolve(answer.result);
      });
      child.send(order);
    });
  return {
    open: async (party, url, headers, sessions) => {
      await send({ kind: 'open', party, url, headers, sessions });
    },
    run: async (party, concurrency, durationMs, text) => {
      const order = { kind: 'run' as const, party, concurrency, durationMs };
      const result = await send(text === undefined ? order : { ...order, text });
      if (result === null) throw new Error('the load generator returned no figures');
      return result;
    },
    pid: child.pid ?? 0,
    stop: () => {
      process.off('exit', kill);
      kill();
    },
  };
}
