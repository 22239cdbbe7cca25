import { existsSync } from 'node:fs';
import { errorText } from '@sallyport/shared/errors';
import { isSupervised, logLevelOfEnvironment } from '../config/index.ts';
import { openLogger } from '../telemetry/index.ts';
import { startAgent } from '../wire.ts';
import { readTokenFile } from './token-file.ts';

export interface RunOptions {
  readonly config: string;
  readonly state: string;
  readonly tokenFile?: string;
  readonly logLevel?: string;
}

/** Serves until SIGTERM, SIGINT or the end of a supervising parent. @throws Error with one clear line. */
export async function runCommand(options: RunOptions): Promise<void> {
  const log = openLogger(options.logLevel ?? logLevelOfEnvironment() ?? 'info', 'agent');
  const stopped = Promise.withResolvers<string>();
  const abort = new AbortController();
  stopped.promise.then(() => abort.abort(new Error('stopped before it was enrolled')));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stopped.resolve(signal));
  if (isSupervised() && process.connected) {
    process.once('disconnect', () => stopped.resolve('end of the supervisor'));
    // The parent may have gone before the listener was there.
    if (!process.connected) stopped.resolve('end of the supervisor');
  }
  process.once('uncaughtException', (error) => {
    // Nothing is known about the state any more. The guardian ends the servers.
    log.error('the agent ends because of a fault in its own program', {
      problem: error.stack ?? error.message,
    });
    process.exit(1);
  });
  const token = readToken(options.tokenFile);
  const agent = await startAgent({
    configFile: options.config,
    stateDir: options.state,
    logger: log,
    signal: abort.signal,
    ...(token === undefined ? {} : { token }),
  });
  const why = await stopped.promise;
  log.info('stopping', { why });
  await agent.stop();
}

/** The file may be gone once the agent is enrolled; then it isn't needed. */
function readToken(file: string | undefined): string | undefined {
  if (file === undefined || !existsSync(file)) return undefined;
  try {
    return readTokenFile(file);
  } catch (cause) {
    throw new Error(errorText(cause), { cause });
  }
}
