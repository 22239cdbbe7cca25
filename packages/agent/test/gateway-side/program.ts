import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `sallyport-agent` from its sources to its end. */
export async function runAgentProgram(
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Finished> {
  const child = startAgentProgram(args, env);
  let out = '';
  let err = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, out, err };
}

/** Starts `sallyport-agent` from its sources as a process of its own. */
export function startAgentProgram(
  args: readonly string[],
  env: Record<string, string> = {},
  stdio: 'pipe' | 'ipc' = 'pipe',
): ChildProcess {
  const program = ['--conditions=sallyport-source', '--disable-warning=ExperimentalWarning', MAIN];
  return spawn(process.execPath, [...program, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: stdio === 'ipc' ? ['ignore', 'ignore', 'ignore', 'ipc'] : ['ignore', 'pipe', 'pipe'],
  });
}

/** Whether a process lives; one that has ended and waits to be collected does not. */
export function isAlive(pid: number): boolean {
  try {
    const state = execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return state !== '' && !state.startsWith('Z');
  } catch {
    return false;
  }
}
