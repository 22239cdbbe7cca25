import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { StartError } from './errors.ts';

/**
 * Builds the packages by turbo, which skips what has not changed.
 *
 * @returns a note for people. @throws StartError `build_failed` with the compiler's words.
 */
export async function build(
  workspace: string,
  environment: Readonly<Record<string, string>>,
  stop: AbortSignal,
): Promise<string> {
  const turbo = join(workspace, 'node_modules/.bin/turbo');
  const child = spawn(
    turbo,
    ['run', 'build', '--output-logs=errors-only', '--ui=stream', '--no-update-notifier'],
    {
      cwd: workspace,
      // A group of its own, so that stopping takes the compilers along.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, TURBO_TELEMETRY_DISABLED: '1', DO_NOT_TRACK: '1', NO_COLOR: '1' },
    },
  );
  let output = '';
  const collect = (chunk: Buffer): void => {
    output = (output + chunk.toString('utf8')).slice(-100_000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  const endGroup = (): void => {
    if (child.pid === undefined) return;
    try {
      process.kill(-child.pid, 'SIGTERM');
    } catch {
      // It has ended meanwhile.
    }
  };
  stop.addEventListener('abort', endGroup, { once: true });
  try {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    stop.throwIfAborted();
    if (code !== 0) throw new StartError('build_failed', `The build failed.\n${tidy(output)}`);
    const cached = /(\d+) cached, (\d+) total/.exec(output);
    return cached !== null && cached[1] === cached[2] ? 'nothing had changed' : '';
  } catch (cause) {
    if (cause instanceof StartError || stop.aborted) throw cause;
    throw new StartError(
      'build_failed',
      `${turbo} could not be run; install the workspace again (pnpm install).`,
      { cause },
    );
  } finally {
    stop.removeEventListener('abort', endGroup);
  }
}

function tidy(output: string): string {
  return output.trim().split('\n').slice(-40).join('\n');
}
