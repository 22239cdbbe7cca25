import type { Clock } from '@sallyport/shared/clock';
import { ServerError } from '../errors.ts';
import type { OpenRequest, ResolveValues, ServerConnection } from '../types.ts';
import type { StartBackoff } from './backoff.ts';
import { StdioConnection } from './connection.ts';
import { signalGroup } from './ending.ts';
import type { Guardian } from './guardian.ts';
import { type StdioDefinition, spawnServer } from './spawn.ts';

export { StartBackoff } from './backoff.ts';
export { Guardian } from './guardian.ts';

export interface StdioServers {
  readonly guardian: Guardian;
  readonly backoff: StartBackoff;
  readonly clock: Clock;
  readonly baseEnvironment: () => Record<string, string>;
  readonly resolveValues: ResolveValues;
}

/**
 * Starts a server process for one session.
 *
 * @throws ServerError `server_unavailable` with plain words; also while the server is in backoff.
 */
export async function openStdio(
  servers: StdioServers,
  request: OpenRequest<StdioDefinition>,
): Promise<ServerConnection> {
  const { definition, events, log } = request;
  const objection = servers.backoff.objection(definition.name);
  if (objection !== undefined) throw new ServerError('server_unavailable', objection);
  const child = await spawnServer(definition, servers.baseEnvironment(), servers.resolveValues);
  const pgid = child.pid;
  if (pgid === undefined) throw new ServerError('server_unavailable', `${definition.name}: it did not start`);
  try {
    servers.guardian.add(pgid);
  } catch (cause) {
    // Never a server without its guardian: it could outlive the agent.
    signalGroup(pgid, 'SIGKILL');
    throw new ServerError('server_unavailable', `${definition.name}: the guardian could not be started`, {
      cause,
    });
  }
  return new StdioConnection({
    name: definition.name,
    child,
    pgid,
    events,
    log,
    clock: servers.clock,
    guardian: servers.guardian,
    backoff: servers.backoff,
  });
}
