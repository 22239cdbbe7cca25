import type { HttpDefinition, HttpServers } from './http/index.ts';
import { openStdio, type StdioServers } from './stdio/index.ts';
import type { StdioDefinition } from './stdio/spawn.ts';
import type { OpenRequest, ServerConnection } from './types.ts';

type AnyDefinition = HttpDefinition | (StdioDefinition & { readonly transport: 'stdio' });

export interface Servers {
  /** Starts or reaches a server for one session. @throws ServerError with plain words. */
  open(request: OpenRequest<AnyDefinition>): Promise<ServerConnection>;
  /** The definition of a server changed: its failures of before say nothing any more. */
  changed(name: string): void;
}

/**
 * Joins the transports. `loadHttp` is asked at each HTTP server and not before, so that an agent without one
 * never loads an HTTP client.
 */
export function openServers(stdio: StdioServers, loadHttp: () => Promise<HttpServers>): Servers {
  return {
    open: async (request) => {
      const { definition } = request;
      if (definition.transport === 'stdio') return await openStdio(stdio, { ...request, definition });
      return await (await loadHttp()).open({ ...request, definition });
    },
    changed: (name) => stdio.backoff.forget(name),
  };
}
