import { systemClock } from '@sallyport/shared/clock';
import { Analysers } from './analysers/index.ts';
import { type AgentConfig, baseEnvironment, readEnvironment } from './config/index.ts';
import { openCredentials } from './credentials/index.ts';
import { urlAllowed } from './guard/index.ts';
import { Guardian, openServers, type Servers, StartBackoff } from './servers/index.ts';
import type { Logger } from './telemetry/index.ts';

/** Headers as agent.yaml has them. */
type Sources = Parameters<ReturnType<typeof openCredentials>['resolve']>[0];

/** The rooms that reach what agent.yaml names. */
export interface ServerRooms {
  readonly servers: Servers;
  readonly probing: Servers;
  readonly analysers: Analysers<Sources>;
  close(): Promise<void>;
}

/** Joins servers, credentials and guard: what both a running agent and the commands that only probe need. */
export function openServerRooms(config: () => AgentConfig, log: Logger): ServerRooms {
  const credentials = openCredentials(readEnvironment);
  const guardian = new Guardian(log.child({ room: 'guardian' }));
  const { resolve: resolveValues } = credentials;
  const stdio = { guardian, clock: systemClock, baseEnvironment, resolveValues };
  let http: ReturnType<Parameters<typeof openServers>[1]> | undefined;
  const loadHttp = (): NonNullable<typeof http> => {
    http ??= import('./servers/http/index.ts').then(({ openHttpServers }) =>
      openHttpServers({ resolveValues, mayReach: (url) => urlAllowed(url, config().allow) }),
    );
    return http;
  };
  const analysers = new Analysers<Sources>(resolveValues);
  analysers.use(config().analysers);
  return {
    analysers,
    servers: openServers({ ...stdio, backoff: new StartBackoff(systemClock) }, loadHttp),
    // A server may exit when it is asked the wrong era's question; that must not count as a failed start.
    probing: openServers({ ...stdio, backoff: new StartBackoff(systemClock, 0) }, loadHttp),
    close: async () => {
      await (await http)?.close();
      await analysers.close();
      guardian.stop();
    },
  };
}
