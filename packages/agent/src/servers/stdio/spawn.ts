import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';
import { ServerError } from '../errors.ts';
import type { ResolveValues, ValueSource } from '../types.ts';

export type ServerProcess = ChildProcessByStdio<Writable, Readable, Readable>;

/** What is started: from agent.yaml alone, never from anything the gateway said. */
export interface StdioDefinition {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly env: Readonly<Record<string, ValueSource>>;
  readonly cwd: string;
}

/**
 * Starts the program in a process group of its own, with a minimal environment and no shell.
 * Resolves once the program runs.
 *
 * @throws ServerError in plain words: working folder missing, command not found, credential missing.
 */
export async function spawnServer(
  definition: StdioDefinition,
  baseEnvironment: Record<string, string>,
  resolveValues: ResolveValues,
): Promise<ServerProcess> {
  await requireFolder(definition);
  const env = { ...baseEnvironment, ...resolveEnvironment(definition, resolveValues) };
  const [program, ...args] = definition.command;
  return await new Promise<ServerProcess>((resolve, reject) => {
    const refuse = (cause: unknown): void => reject(startFailure(definition, program, cause));
    let child: ServerProcess;
    try {
      child = spawn(program, args, {
        cwd: definition.cwd,
        env,
        detached: true,
        stdio: ['pipe', 'pipe', 'pipe'],
      });
    } catch (cause) {
      refuse(cause);
      return;
    }
    child.once('error', refuse);
    child.once('spawn', () => {
      child.off('error', refuse);
      resolve(child);
    });
  });
}

async function requireFolder(definition: StdioDefinition): Promise<void> {
  const found = await stat(definition.cwd).catch(() => undefined);
  if (found?.isDirectory() === true) return;
  const problem = found === undefined ? 'does not exist' : 'is not a folder';
  throw new ServerError(
    'server_unavailable',
    `${definition.name}: the working folder ${definition.cwd} ${problem}`,
  );
}

function resolveEnvironment(
  definition: StdioDefinition,
  resolveValues: ResolveValues,
): Record<string, string> {
  try {
    return resolveValues(definition.env);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new ServerError('server_unavailable', `${definition.name}: ${why}`, { cause });
  }
}

function startFailure(definition: StdioDefinition, program: string, cause: unknown): ServerError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const why =
    code === 'ENOENT'
      ? `the command "${program}" was not found; give its full path or put its folder on the agent's PATH`
      : code === 'EACCES'
        ? `the command "${program}" may not be executed by the agent's user`
        : `the command "${program}" could not be started (${code === '' ? String(cause) : code})`;
  return new ServerError('server_unavailable', `${definition.name}: ${why}`, { cause });
}
