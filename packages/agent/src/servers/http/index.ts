import { errorText } from '@sallyport/shared/errors';
import { ServerError } from '../errors.ts';
import type { OpenRequest, ResolveValues, ServerConnection, ValueSource } from '../types.ts';
import { LegacySseConnection } from './legacy-sse.ts';
import { HttpRequests } from './requests.ts';
import { StreamableConnection } from './streamable.ts';

export interface HttpDefinition {
  readonly name: string;
  readonly transport: 'http' | 'sse';
  readonly url: string;
  readonly headers: Readonly<Record<string, ValueSource>>;
}

export interface HttpServersOptions {
  readonly resolveValues: ResolveValues;
  readonly mayReach: (url: string) => boolean;
}

export interface HttpServers {
  /** @throws ServerError `server_unavailable` with plain words. */
  open(request: OpenRequest<HttpDefinition>): Promise<ServerConnection>;
  close(): Promise<void>;
}

/** Connections to HTTP servers. Loaded only where agent.yaml has one, for undici's memory. */
export function openHttpServers(options: HttpServersOptions): HttpServers {
  const requests = new HttpRequests();
  return {
    open: async ({ definition, era, timeoutMs, events, log }) => {
      const credentialHeaders = (): Record<string, string> =>
        lowerCased(options.resolveValues(definition.headers));
      try {
        credentialHeaders();
      } catch (cause) {
        throw new ServerError('server_unavailable', `${definition.name}: ${errorText(cause)}`, { cause });
      }
      const parts = { url: definition.url, events, log, requests, credentialHeaders };
      if (definition.transport === 'http') return new StreamableConnection({ ...parts, era });
      return await LegacySseConnection.open({ ...parts, mayReach: options.mayReach }, timeoutMs);
    },
    close: () => requests.close(),
  };
}

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
