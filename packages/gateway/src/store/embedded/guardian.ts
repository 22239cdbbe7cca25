import { type ChildProcess, spawn } from 'node:child_process';
import { OUTPUT_TAIL_MAX_BYTES } from '../limits.ts';
import type { Runner } from './place.ts';

/** In the guardian's command line, so that a later start can tell a guarded Postgres from an abandoned one. */
export const GUARDIAN_MARK = 'sallyport-postgres-guardian';

/**
 * The guardian, a few lines of shell between us and Postgres.
 *
 * Its standard input is a pipe of which only we have the other end. When that closes, by our will or because we were
 * killed in whatever way, `read` ends and Postgres is asked for a fast shutdown. It has a session of its own, so
 * Ctrl-C in a terminal reaches us and never Postgres before us. It ends when Postgres has, with its status.
 * Postgres itself gets neither the pipe (3) nor our terminal.
 */
const GUARDIAN = `
exec 3<&0 </dev/null
"$@" 3<&- &
postgres=$!
( read -r _ <&3; kill -INT $postgres ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait $postgres
status=$?
kill $watcher 2>/dev/null
exit $status
`;

/** What Postgres and initdb need of an environment; ours may hold credentials. */
const CHILD_ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' } as const;

export interface Guarded {
  readonly process: ChildProcess;
  /** Resolves when the guardian has ended. */
  readonly ended: Promise<void>;
  /** Resolves when all it said has been read too; later than `ended`, or never while Postgres outlives it. */
  readonly closed: Promise<void>;
  /** Asks for a fast shutdown. */
  release(): void;
  /** The last lines Postgres said before its log file took over. */
  output(): string;
}

export function startGuarded(command: readonly string[], runner: Runner, folder: string): Guarded {
  const child = spawn('/bin/sh', ['-c', GUARDIAN, GUARDIAN_MARK, ...command], {
    stdio: ['pipe', 'ignore', 'pipe'],
    detached: true,
    cwd: folder,
    env: CHILD_ENVIRONMENT,
    ...(runner.switched ? { uid: runner.uid, gid: runner.gid } : {}),
  });
  // The pipe to a guardian that has ended breaks; `ended` tells.
  child.stdin?.on('error', () => undefined);
  const tail = keepTail(child);
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const closed = new Promise<void>((resolve) => {
    child.once('close', () => resolve());
    child.once('error', () => resolve());
  });
  return { process: child, ended, closed, release: () => child.stdin?.end(), output: tail };
}

/** Keeps the end of a child's standard error. */
function keepTail(child: ChildProcess): () => string {
  let tail = '';
  child.stderr?.setEncoding('utf8');
  child.stderr?.on('data', (text: string) => {
    tail = (tail + text).slice(-OUTPUT_TAIL_MAX_BYTES);
  });
  return () => tail.trim();
}
