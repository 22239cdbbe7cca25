import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  /** The whole environment but PATH: what the tests' own process has must not leak in. */
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly stdin?: string;
}

/** Runs the command line as a process of its own, from its sources, to its end. */
export async function runProgram(args: readonly string[], options: ProgramOptions = {}): Promise<Ended> {
  return await toItsEnd(startProgram(args, options), options);
}

/** Runs another program of the workspace from its sources. */
export async function runNode(
  program: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<Ended> {
  return await toItsEnd(spawnNode(program, args, options), options);
}

async function toItsEnd(child: ChildProcess, options: ProgramOptions): Promise<Ended> {
  child.stdin?.end(options.stdin ?? '');
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (part: Buffer) => {
    stdout += part.toString();
  });
  child.stderr?.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  return { code, stdout, stderr };
}

/** Starts it; the caller ends it. */
export function startProgram(args: readonly string[], options: ProgramOptions = {}): ChildProcess {
  return spawnNode(PROGRAM, args, options);
}

function spawnNode(program: string, args: readonly string[], options: ProgramOptions): ChildProcess {
  return spawn(process.execPath, ['--conditions=sallyport-source', program, ...args], {
    env: { PATH: process.env.PATH ?? '', ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
}
